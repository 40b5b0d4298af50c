"""A merchant's lines: what adds to its money or takes from it, and what a close makes of them.

A line is written once. A close takes the lines that are available, and their sum is a payout; or
it leaves all of them for the next close.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from meqenet.money import Money, total


class LineKind(StrEnum):
    """What a line is about."""

    ORDER = "order"
    """An order that was sold: its price, less our fee and the tax on it."""
    FEE = "fee"
    """A fee beside those of orders."""
    REFUND = "refund"
    """Goods came back: what the customer no longer owes, or gets back."""
    REFUND_FEE = "refund_fee"
    """Our fee on what came back, which is given back as well."""
    DISPUTE = "dispute"
    """A customer disputes the order, or a part of it: its money waits."""
    DISPUTE_RELEASED = "dispute_released"
    """A dispute is over: what has waited comes back. Where it went against the merchant, a refund
    takes it."""
    RESERVE_HELD = "reserve_held"
    """A part of the payout that is kept for a while, as the terms say."""
    RESERVE_RELEASED = "reserve_released"
    """What was kept of an earlier payout is paid."""


class LineMoney(StrEnum):
    """Where the money of a line stands in the books until it is paid out."""

    PAYABLE = "payable"
    """Owed to the merchant, or taken off what is owed before it was paid out."""
    RECEIVABLE = "receivable"
    """Owed back by the merchant: it had been paid out, or is on its way."""
    RESERVE = "reserve"
    """Kept of a payout by the merchant's terms."""


class CloseOutcome(StrEnum):
    """What a close came to."""

    TAKEN = "taken"
    """The lines are in a payout."""
    NOTHING = "nothing"
    """No line is available."""
    CARRIED_OVER = "carried_over"
    """The sum is below the minimum of the terms: the lines wait for the next close."""
    OWING = "owing"
    """The merchant owes more than it is owed: the lines wait, and the debt is told."""
    HELD = "held"
    """The payout before was rejected: nothing is sent before a member of staff says so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line as the arithmetic needs it. ``net`` is signed: what it adds to a payout."""

    line_id: str
    kind: LineKind
    money: LineMoney
    net: Money
    plan_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReserveTerms:
    """What is kept of orders' money and for how many days; zero basis points keep nothing."""

    basis_points: int = 0
    days: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Close:
    """What a close of some lines comes to.

    Attributes:
        outcome: TAKEN makes a payout; everything else leaves the lines where they are.
        available: the sum of the lines.
        reserve: what is kept of it; zero unless TAKEN.
        amount: what is paid; zero unless TAKEN. ``available = amount + reserve`` then.
    """

    outcome: CloseOutcome
    available: Money
    reserve: Money
    amount: Money


SMALLEST: Final = Money(1)
"""No payout is of less than a santim."""


def close_of(*, lines: Sequence[Line], minimum: Money, reserve: ReserveTerms) -> Close:
    """What the lines come to: paid, less the reserve; or left as they are.

    The reserve is a part of what orders bring, rounded half-even, and no more than what there is
    to pay. The minimum is compared with what would be paid.

    Raises:
        ValueError: the minimum is negative.
    """
    if minimum < Money.zero():
        raise ValueError("minimum: not negative")
    available = total(line.net for line in lines)
    orders = total(line.net for line in lines if line.kind is LineKind.ORDER)
    kept = min(orders.portion(basis_points=reserve.basis_points), max(available, Money.zero()))
    amount = available - kept
    nothing = Money.zero()
    if not lines:
        return _left(CloseOutcome.NOTHING, nothing)
    if available < nothing:
        return _left(CloseOutcome.OWING, available)
    if amount < max(minimum, SMALLEST):
        return _left(CloseOutcome.CARRIED_OVER, available)
    return Close(outcome=CloseOutcome.TAKEN, available=available, reserve=kept, amount=amount)


def _left(outcome: CloseOutcome, available: Money) -> Close:
    return Close(outcome=outcome, available=available, reserve=Money.zero(), amount=Money.zero())
