"""What a plan remembers of its reminders, also across continue-as-new."""

from dataclasses import dataclass, field
from datetime import date, datetime

from meqenet.payments.causes import FailureCause
from meqenet.payments.reminders import ReminderPolicy


@dataclass(frozen=True, kw_only=True)
class FailureToTell:
    """A failed attempt that the customer can mend, and was not told of yet."""

    at: datetime
    cause: FailureCause


@dataclass
class RemindersLife:
    """Where the plan stands with its reminders.

    Attributes:
        policy: by which they are sent; None sends none.
        looked_until: up to when it has been seen what is due.
        told_on: the Addis Ababa date of the newest one.
        told: how many were sent on that date.
        failures: what is to be told, by the number of the installment.
        has_email: the customer can be written to by e-mail too.
    """

    policy: ReminderPolicy | None
    looked_until: datetime
    told_on: date | None = None
    told: int = 0
    failures: dict[int, FailureToTell] = field(default_factory=dict)
    has_email: bool = False
