"""What a plan is asked of a payment that was not what it had seemed, and what it answers."""

from dataclasses import dataclass
from datetime import date

from meqenet.bnpl.replay_events import PaymentsReplayed, ReplayCause
from meqenet.ledger.replays import AccountChange


@dataclass(frozen=True, kw_only=True)
class ReplayRequest:
    """Update ``replay_preview``: what would become of the plan.

    Attributes:
        cause: what the payment had not been.
        attempt_id: the attempt that has brought it.
        value_date: of one that is back-dated: the Addis Ababa date on which its money had moved.
        repeats: of a repetition: the payment that had brought the same before.
    """

    cause: ReplayCause
    attempt_id: str
    value_date: date | None = None
    repeats: str | None = None


@dataclass(frozen=True, kw_only=True)
class ReplayPayment:
    """Update ``replay_payment``: have it so; the plan keeps who says so, and why."""

    request: ReplayRequest
    who: str
    why: str


@dataclass(frozen=True, kw_only=True)
class ReplayOutlook:
    """What a replay would do now; or, with ``code``, why it is refused.

    Attributes:
        on: the Addis Ababa date by the plan's clock.
        told: what the log would tell.
        books: the accounts that would change, and by how much: debits up, credits down.
        days_past_due_before: how late the plan is.
        days_past_due_after: how late it would be.
    """

    on: date
    told: PaymentsReplayed | None = None
    books: tuple[AccountChange, ...] = ()
    days_past_due_before: int = 0
    days_past_due_after: int = 0
    code: str | None = None
    text: str | None = None
    field: str | None = None
