"""What goes into the close of a merchant's day and comes out of it, and what plans are told."""

from dataclasses import dataclass
from datetime import datetime

from meqenet.money import Money
from meqenet.settlement.lines import CloseOutcome
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.transfer import TransferAnswer


@dataclass(frozen=True, kw_only=True)
class RetryPayout:
    """A member of staff lets a merchant be paid again; ``payout_id`` is the one refused."""

    payout_id: str
    who: str
    why: str


@dataclass(frozen=True, kw_only=True)
class CloseMerchantDay:
    """Whose day to close.

    Attributes:
        test_clock_id: by whose time; None in real time.
        at: the test clock's time; None in real time.
        due_at: in real time, when whoever asks knows something to be available.
        retry: a member of staff's word.
    """

    merchant_id: str
    test_clock_id: str | None = None
    at: datetime | None = None
    due_at: datetime | None = None
    retry: RetryPayout | None = None


@dataclass(frozen=True, kw_only=True)
class MerchantDayClosed:
    """What the close came to at its end, and the payouts that it has seen through."""

    outcome: CloseOutcome
    payout_ids: tuple[str, ...] = ()
    is_rejected: bool = False


@dataclass(frozen=True, kw_only=True)
class PayoutTold:
    """Signal ``payout_told`` to a plan: what became of its share of a merchant's payout.

    ``state`` is final, or None: nobody has paid it by now. ``amount`` is what the merchant got.
    """

    payout_id: str
    amount: Money
    state: PayoutState | None = None
    reason_code: str | None = None


PayoutNews = TransferAnswer | PayoutTold
"""What a plan hears of its merchant's money: from a payout of its own, or from the day's close."""


def settlement_workflow_id(*, merchant_id: str, test_clock_id: str | None) -> str:
    """One close at a time for a merchant in real time, and one for each of its test clocks."""
    by = "" if test_clock_id is None else f"-{test_clock_id}"
    return f"settle-{merchant_id}{by}"
