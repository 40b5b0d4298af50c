"""The failed attempts of one installment, and what they count."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from meqenet.calendar import addis_date
from meqenet.payments.causes import FailureCause, FailureCounter, remedy_for
from meqenet.payments.channels import Channel


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedAttempt:
    """One attempt whose money certainly did not move.

    Attributes:
        wallet_id: which of the customer's wallets was asked; an opaque id.
        channel: how it was asked.
        cause: why it failed.
        opened_at: when the attempt was made: the day on which it counts.
        failed_at: when its failure was known: distances start here.
        is_since_asked: it was made because, or after, somebody had asked for it; told beside the
            times, because a test clock may stand still.
    """

    wallet_id: str
    channel: Channel
    cause: FailureCause
    opened_at: datetime
    failed_at: datetime
    is_since_asked: bool = False

    @property
    def counter(self) -> FailureCounter:
        """What it counts on."""
        return remedy_for(cause=self.cause).counter

    @property
    def opened_on(self) -> date:
        """The Addis Ababa date on which it counts."""
        return addis_date(at=self.opened_at)


def not_mended(
    failures: Iterable[FailedAttempt], *, mended_at: datetime | None
) -> list[FailedAttempt]:
    """Those that still stand in the way: all, or all since somebody last mended what did."""
    return [
        each
        for each in failures
        if mended_at is None or each.is_since_asked or each.failed_at > mended_at
    ]


def last_of(failures: Iterable[FailedAttempt]) -> FailedAttempt:
    """The one whose failure was known last; of several at one instant the last that is given.

    Raises:
        ValueError: nothing has failed.
    """
    return max(reversed(list(failures)), key=lambda each: (each.failed_at, each.opened_at))


def count_on(failures: Iterable[FailedAttempt], *, counter: FailureCounter) -> int:
    """How many failures stand on this counter."""
    return sum(each.counter is counter for each in failures)


def count_of(
    failures: Iterable[FailedAttempt], *, day: date, counter: FailureCounter | None = None
) -> int:
    """How many attempts of this Addis Ababa date have failed, on this counter or on any."""
    return sum(each.opened_on == day and counter in (None, each.counter) for each in failures)
