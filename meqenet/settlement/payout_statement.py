"""The statement of a merchant's payout: each line of it, and what the lines add up to.

It is made of what the events tell, so that whoever has them makes the very same.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from meqenet.errors import Defect
from meqenet.money import Money, total
from meqenet.settlement.events import LineAdded, MerchantPayoutOpened
from meqenet.settlement.lines import LineKind
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.transfer import PayoutRail

_NOTHING: Final = Money(0)
_PLACES: Final = {kind: place for place, kind in enumerate(LineKind)}
_REFUNDS: Final = (LineKind.REFUND, LineKind.REFUND_FEE)
_DISPUTES: Final = (LineKind.DISPUTE, LineKind.DISPUTE_RELEASED)
_RESERVES: Final = (LineKind.RESERVE_HELD, LineKind.RESERVE_RELEASED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sums:
    """``net = gross - fee - tax + refund + dispute + reserve``; all but fee and tax are signed.

    A fee or tax of less than nothing is given back.
    """

    gross: Money
    fee: Money
    tax: Money
    refund: Money
    dispute: Money
    reserve: Money
    net: Money


@dataclass(frozen=True, kw_only=True, slots=True)
class StatementRow:
    """A line of the statement. ``plan_id`` and ``reference`` None: it concerns no plan alone."""

    line_id: str
    kind: LineKind
    plan_id: str | None
    reference: str | None
    tax_code: str | None
    sums: Sums


@dataclass(frozen=True, kw_only=True, slots=True)
class PayoutStatement:
    """A payout with its lines, orders first. ``amount`` is the sum of their nets."""

    payout_id: str
    merchant_id: str
    day: date
    rail: PayoutRail
    state: PayoutState
    bank_reference: str | None
    reason_code: str | None
    amount: Money
    rows: tuple[StatementRow, ...]
    sums: Sums


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """What was last heard of a payout."""

    state: PayoutState = PayoutState.CREATED
    bank_reference: str | None = None
    reason_code: str | None = None


def statement_of(
    *, opened: MerchantPayoutOpened, lines: Iterable[LineAdded], word: Word
) -> PayoutStatement:
    """Put a statement together.

    Args:
        opened: the payout.
        lines: of any payouts; those of this one are taken, and all must be there.
        word: what was last heard of it.

    Raises:
        Defect: ``statement_differs``: the lines are not all there, or are not the payout's sum.
    """
    wanted = set(opened.line_ids)
    mine = {line.line_id: line for line in lines if line.line_id in wanted}
    if mine.keys() != wanted:
        raise Defect("statement_differs", f"{opened.payout_id}: not all of its lines are there")
    ordered = sorted(mine.values(), key=lambda line: (_PLACES[line.kind_of_line], line.line_id))
    rows = tuple(_row(line) for line in ordered)
    sums = _added(row.sums for row in rows)
    if sums.net != opened.amount:
        raise Defect("statement_differs", f"{opened.payout_id}: its lines are not its amount")
    return PayoutStatement(
        payout_id=opened.payout_id,
        merchant_id=opened.merchant_id,
        day=opened.day,
        rail=opened.rail,
        state=word.state,
        bank_reference=word.bank_reference,
        reason_code=word.reason_code,
        amount=opened.amount,
        rows=rows,
        sums=sums,
    )


def _row(line: LineAdded) -> StatementRow:
    kind = line.kind_of_line

    def of(*kinds: LineKind) -> Money:
        return line.gross if kind in kinds else _NOTHING

    return StatementRow(
        line_id=line.line_id,
        kind=kind,
        plan_id=line.plan_id,
        reference=line.reference,
        tax_code=line.tax_code,
        sums=Sums(
            gross=of(LineKind.ORDER, LineKind.FEE),
            fee=line.fee,
            tax=line.tax,
            refund=of(*_REFUNDS),
            dispute=of(*_DISPUTES),
            reserve=of(*_RESERVES),
            net=line.net,
        ),
    )


def _added(each: Iterable[Sums]) -> Sums:
    every = tuple(each)
    return Sums(
        gross=total(sums.gross for sums in every),
        fee=total(sums.fee for sums in every),
        tax=total(sums.tax for sums in every),
        refund=total(sums.refund for sums in every),
        dispute=total(sums.dispute for sums in every),
        reserve=total(sums.reserve for sums in every),
        net=total(sums.net for sums in every),
    )
