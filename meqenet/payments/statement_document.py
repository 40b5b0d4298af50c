"""A provider's statement as a document: CSV with a heading, or a JSON list of objects."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from meqenet.errors import Mender, Refusal
from meqenet.identity import wire_id
from meqenet.money import Money
from meqenet.payments.orders import is_plan_number, is_refund_on_the_wire


class StatementForm(StrEnum):
    """How the document is written."""

    CSV = "csv"
    """Comma-separated, with a heading."""
    JSON = "json"
    """A list of objects."""


class LineKind(StrEnum):
    """What a line of a statement is about."""

    PAYMENT = "payment"
    """From a customer to us."""
    REFUND = "refund"
    """From us back to a customer."""
    PAYOUT = "payout"
    """From us to a merchant; the document's ``payout`` to a customer is a refund."""
    CHARGE = "charge"
    """What the provider keeps for its service."""


_KINDS: Final[Mapping[str, LineKind]] = MappingProxyType(
    {
        "payment": LineKind.PAYMENT,
        "pay_bill": LineKind.PAYMENT,
        "refund": LineKind.REFUND,
        "reversal": LineKind.REFUND,
        "payout": LineKind.PAYOUT,
        "transfer-settled": LineKind.PAYOUT,
        "charge": LineKind.CHARGE,
        "fee": LineKind.CHARGE,
    }
)
PASSED_OVER: Final = frozenset({"adjustment", "float", "transfer-accepted", "transfer-returned"})
"""Movements between the provider's own accounts, and steps of a transfer that has not settled."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StatementLine:
    """A line as the provider has it.

    Attributes:
        line_id: the provider's own name of the line; a repetition in one document counts on:
            ``17``, ``17-2``.
        reference: our order's id, in the provider's spelling.
        key: the same in letters and digits only, which is one for all spellings; of money that a
            customer paid unasked, under a plan's number, its receipt.
        receipt: the provider's receipt, if it gives one.
        charge: what the provider keeps of the amount.
    """

    line_id: str
    kind: LineKind
    reference: str
    key: str
    receipt: str | None
    amount: Money
    charge: Money
    at: datetime


def cells_of(*, lines: Iterable[str], form: StatementForm) -> Iterator[Mapping[str, Any]]:
    """The rows of a document as its columns name them.

    Args:
        lines: the text, line by line; CSV is not held in memory.
        form: how it is written.

    Raises:
        Refusal: ``statement_malformed``: not a list of objects.
        csv.Error: not CSV.
    """
    if form is StatementForm.CSV:
        yield from csv.DictReader(lines)
        return
    try:
        rows = json.loads("".join(lines))
    except ValueError:
        raise malformed("is not JSON") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise malformed("is not a list of objects")
    yield from rows


def read_document(*, content: bytes, form: StatementForm) -> tuple[StatementLine, ...]:
    """Read a day's document, without what concerns no order of ours.

    Raises:
        Refusal: ``statement_malformed``: names the row and the column.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise malformed("is not UTF-8") from None
    seen: dict[str, int] = {}
    lines = []
    try:
        rows = enumerate(cells_of(lines=io.StringIO(text, newline=""), form=form), start=1)
        for number, cells in rows:
            line = _line(cells, number=number, seen=seen)
            if line is not None:
                lines.append(line)
    except csv.Error as error:
        raise malformed(f"is not CSV: {error}") from None
    return tuple(lines)


def malformed(text: str, /) -> Refusal:
    """A statement that cannot be read."""
    return Refusal("statement_malformed", text, mender=Mender.MEQENET, field="--statement")


def key_of(*, kind: LineKind, reference: str, receipt: str | None) -> str:
    """The order that a line is about, in letters and digits only; see :class:`StatementLine`.

    Args:
        kind: what the line is about.
        reference: our order's id, or a plan's number.
        receipt: the provider's, if it gives one.
    """
    if kind is LineKind.PAYMENT and receipt is not None and is_plan_number(reference=reference):
        return receipt
    return wire_id(meqenet_id=reference)


def _line(cells: Mapping[str, Any], *, number: int, seen: dict[str, int]) -> StatementLine | None:
    spelled = _text(cells, "kind", number=number)
    kind = _KINDS.get(spelled)
    if kind is None:
        if spelled in PASSED_OVER:
            return None
        known = ", ".join(sorted({*_KINDS, *PASSED_OVER}))
        raise malformed(f"row {number}: kind must be one of {known}")
    reference, receipt = _text(cells, "reference", number=number), cells.get("receipt") or None
    if kind is LineKind.PAYOUT and is_refund_on_the_wire(reference=reference):
        # A part of a payment that M-PESA cannot reverse is paid out to the customer.
        kind = LineKind.REFUND
    name = _text(cells, "id", number=number)
    seen[name] = seen.get(name, 0) + 1
    return StatementLine(
        line_id=name if seen[name] == 1 else f"{name}-{seen[name]}",
        kind=kind,
        reference=reference,
        key=key_of(kind=kind, reference=reference, receipt=receipt),
        receipt=receipt,
        amount=_money(cells, "amount", number=number),
        charge=_money(cells, "charge", number=number) if cells.get("charge") else Money.zero(),
        at=_instant(cells, number=number),
    )


def _text(cells: Mapping[str, Any], column: str, *, number: int) -> str:
    value = cells.get(column)
    if not isinstance(value, str) or not value:
        raise malformed(f"row {number}: {column} is missing")
    return value


def _money(cells: Mapping[str, Any], column: str, *, number: int) -> Money:
    try:
        amount = Money.from_birr(_text(cells, column, number=number))
    except ValueError:
        raise malformed(f"row {number}: {column} must be birr like 1250.50") from None
    if amount < Money.zero():
        raise malformed(f"row {number}: {column} must not be below zero")
    return amount


def _instant(cells: Mapping[str, Any], *, number: int) -> datetime:
    try:
        at = datetime.fromisoformat(_text(cells, "at", number=number))
    except ValueError:
        raise malformed(f"row {number}: at must be an instant like 2026-11-23T09:30:00Z") from None
    if at.tzinfo is None:
        raise malformed(f"row {number}: at needs a time zone")
    return at.astimezone(UTC)
