"""What the kinds of movements on a statement mean to us."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from integrations.ports.statements import Direction, StatementRow
from meqenet.errors import Mender, Refusal
from meqenet.money import Money
from meqenet.payments.orders import is_refund_on_the_wire
from meqenet.payments.statement_document import PASSED_OVER, LineKind, key_of

_OURS: Final[Mapping[str, Direction]] = MappingProxyType(
    {
        "payment": Direction.COLLECTED,
        "refund": Direction.RETURNED,
        "reversal": Direction.RETURNED,
        "transfer-settled": Direction.PAID_OUT,
    }
)
_BY_RECEIPT: Final = "pay_bill"
"""A customer paid unasked: the row names a plan's number, and its receipt the money."""
_TO_CUSTOMER_OR_MERCHANT: Final = "payout"
"""To a customer where the row names a refund of ours."""
_OTHERS: Final = frozenset(PASSED_OVER | {_TO_CUSTOMER_OR_MERCHANT, _BY_RECEIPT, "fee", "charge"})
"""Movements that no order of ours makes, or that a later one completes."""


def statement_row(*, number: int, cells: Mapping[str, object]) -> StatementRow | None:
    """Read a row; None when its kind is no matter of ours.

    Args:
        number: which row of the statement it is, from 1.
        cells: ``kind``, ``reference``, ``amount`` (birr as a decimal string), ``at`` (RFC 3339),
            and ``receipt`` where the provider gives one.

    Raises:
        Refusal: ``statement_malformed``: names the row and the column.
    """
    kind = _text(cells, "kind", number=number)
    direction, reference = _matter_of_ours(kind, cells)
    if direction is None:
        if kind not in _OTHERS:
            known = ", ".join(sorted({*_OURS, *_OTHERS}))
            raise malformed(f"row {number}: kind must be one of {known}")
        return None
    try:
        amount = Money.from_birr(_text(cells, "amount", number=number))
    except ValueError:
        raise malformed(f"row {number}: amount must be birr like 1250.50") from None
    try:
        at = datetime.fromisoformat(_text(cells, "at", number=number))
    except ValueError:
        raise malformed(f"row {number}: at must be an instant like 2026-11-23T09:30:00Z") from None
    if at.tzinfo is None:
        raise malformed(f"row {number}: at needs a time zone")
    return StatementRow(
        number=number,
        direction=direction,
        reference=reference or _text(cells, "reference", number=number),
        amount=amount,
        at=at,
    )


def _matter_of_ours(kind: str, cells: Mapping[str, object]) -> tuple[Direction | None, str]:
    """Which way it goes, and the order that it is about; None: it is no matter of ours."""
    reference, receipt = str(cells.get("reference") or ""), str(cells.get("receipt") or "")
    if kind == _BY_RECEIPT:
        return (Direction.COLLECTED, receipt) if receipt else (None, reference)
    if kind == _TO_CUSTOMER_OR_MERCHANT and is_refund_on_the_wire(reference=reference):
        return Direction.RETURNED, reference
    direction = _OURS.get(kind)
    if direction is Direction.COLLECTED:
        found = key_of(kind=LineKind.PAYMENT, reference=reference, receipt=receipt or None)
        return direction, receipt if receipt and found == receipt else reference
    return direction, reference


def malformed(text: str) -> Refusal:
    """A statement that cannot be read."""
    return Refusal("statement_malformed", text, mender=Mender.MEQENET, field="--statements")


def _text(cells: Mapping[str, object], column: str, *, number: int) -> str:
    value = cells.get(column)
    if not isinstance(value, str) or not value:
        raise malformed(f"row {number}: {column} is missing")
    return value
