"""Which reminders of an installment are due, and when: before its date, after it, on a failure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final

from meqenet.calendar import ADDIS, addis_date, at_addis
from meqenet.payments.messages import MessageKind
from meqenet.payments.quiet_hours import QuietHours

_DAYS_MAX: Final = 90


class ReminderKind(StrEnum):
    """What a reminder tells."""

    BEFORE_DUE = "before_due"
    """An installment falls due soon."""
    ATTEMPT_FAILED = "attempt_failed"
    """An installment could not be collected, and the customer can mend it."""
    PAST_DUE = "past_due"
    """An installment is late."""


class Language(StrEnum):
    """In which language a customer is written to."""

    ENGLISH = "en"
    """English."""
    AMHARIC = "am"
    """Amharic."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReminderPolicy:
    """One version of when customers are reminded.

    Attributes:
        version: counts from 1; a version that was in force never changes.
        effective_from: the first Addis Ababa date on which it decides.
        language: the language of every reminder: none is kept of a customer.
        days_before: so many days before the due date, the longest first.
        days_past_due: so many days after it, the shortest first.
        on_failure: whether a failed attempt that the customer can mend is told at once.
        time_of_day: when the reminders of a day are sent, by clocks in Addis Ababa.
        quiet: hours in which nothing is decided, and no text message leaves.
        per_day_max: how many reminders of a plan are sent on one Addis Ababa day.
        by_email: what is told by e-mail too, where an address is on file; by SMS all is told.

    Raises:
        ValueError: a rule of the above does not hold; the text names it.
    """

    version: int
    effective_from: date
    language: Language
    days_before: tuple[int, ...]
    days_past_due: tuple[int, ...]
    on_failure: bool
    time_of_day: time
    quiet: QuietHours
    per_day_max: int
    by_email: tuple[ReminderKind, ...] = ()

    def __post_init__(self) -> None:
        days = (*self.days_before, *self.days_past_due)
        rules = {
            "version: from 1": self.version >= 1,
            f"days: from 1 to {_DAYS_MAX}": all(1 <= each <= _DAYS_MAX for each in days),
            "days_before: the longest first": all(a > b for a, b in pairwise(self.days_before)),
            "days_past_due: the shortest first": all(
                a < b for a, b in pairwise(self.days_past_due)
            ),
            "time_of_day: outside the quiet hours": not self.quiet.contain(self.time_of_day),
            "per_day_max: from 1": self.per_day_max >= 1,
            "by_email: each kind once": len(set(self.by_email)) == len(self.by_email),
        }
        for rule, holds in rules.items():
            if not holds:
                raise ValueError(f"reminders: {rule}")


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenInstallment:
    """An installment that is not paid.

    Attributes:
        failed_at: of the newest failed attempt that was not told yet and that the customer can
            mend; None without one.
    """

    number: int
    due_on: date
    failed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reminder:
    """A reminder and its instant.

    Attributes:
        number: the installment's.
        days: from now to the due date, or since then; 0 on the day itself.
    """

    at: datetime
    number: int
    kind: ReminderKind
    days: int


def reminders_of(*, policy: ReminderPolicy, installment: OpenInstallment) -> tuple[Reminder, ...]:
    """All reminders of an installment, by time, if it stays unpaid and nothing else happens."""
    return tuple(sorted(_reminders(policy, installment), key=_by_time))


def next_reminder_at(
    *, policy: ReminderPolicy, installments: Iterable[OpenInstallment], after: datetime
) -> datetime | None:
    """When to look for reminders next: the first instant of one that lies after ``after``.

    A failure that waits to be told counts however long ago it was.
    """
    return min(
        (
            reminder.at
            for each in installments
            for reminder in _reminders(policy, each)
            if reminder.at > after or reminder.kind is ReminderKind.ATTEMPT_FAILED
        ),
        default=None,
    )


def reminders_due(
    *,
    policy: ReminderPolicy,
    installments: Sequence[OpenInstallment],
    after: datetime,
    now: datetime,
    told_today: int,
) -> tuple[Reminder, ...]:
    """What is to be sent now, of what has come due since ``after``.

    What was missed stays unsaid: a reminder is sent on its own day and outside of the quiet hours,
    or not at all. Of one installment only one is sent, the newest; a failure comes first, because
    it tells most.

    Args:
        policy: the policy.
        installments: those that are not paid.
        after: until when this has been asked before.
        now: the present instant.
        told_today: how many of this plan were sent on this Addis Ababa day.
    """
    if policy.quiet.contain_instant(now):
        return ()
    today = addis_date(at=now)
    found: dict[int, Reminder] = {}
    for each in installments:
        for reminder in reminders_of(policy=policy, installment=each):
            is_failure = reminder.kind is ReminderKind.ATTEMPT_FAILED
            is_new = reminder.at <= now and (is_failure or reminder.at > after)
            if is_new and addis_date(at=reminder.at) == today:
                before = found.get(each.number)
                if before is None or before.kind is not ReminderKind.ATTEMPT_FAILED:
                    found[each.number] = reminder
    ranked = sorted(found.values(), key=_by_weight)
    return tuple(ranked[: max(0, policy.per_day_max - told_today)])


def failure_told_at(*, policy: ReminderPolicy, failed_at: datetime) -> datetime:
    """When a failure is told: at once, or at the end of the quiet hours in which it happened."""
    quiet = policy.quiet
    if not quiet.contain_instant(failed_at):
        return failed_at
    end = at_addis(on=addis_date(at=failed_at), hour=quiet.end.hour, minute=quiet.end.minute)
    return end if end > failed_at else end + timedelta(days=1)


def channels_of(
    *, policy: ReminderPolicy, kind: ReminderKind, has_email: bool
) -> tuple[MessageKind, ...]:
    """By which channels a reminder goes: by SMS always, by e-mail if the policy says so too.

    Args:
        policy: the policy.
        kind: the reminder's.
        has_email: whether an e-mail address of the customer is on file.
    """
    if has_email and kind in policy.by_email:
        return MessageKind.SMS, MessageKind.EMAIL
    return (MessageKind.SMS,)


def send_until(*, policy: ReminderPolicy, at: datetime, channel: MessageKind) -> datetime:
    """Until when a reminder of this instant may still leave.

    A text message leaves before the next quiet hours. An e-mail wakes nobody, and leaves on the
    same Addis Ababa day, on which what it says of days is true.
    """
    day = at.astimezone(ADDIS).date()
    if channel is MessageKind.EMAIL:
        return at_addis(on=day + timedelta(days=1), hour=0)
    start = at_addis(on=day, hour=policy.quiet.start.hour, minute=policy.quiet.start.minute)
    return start if start > at else start + timedelta(days=1)


def _reminders(policy: ReminderPolicy, installment: OpenInstallment) -> Iterator[Reminder]:
    number, due_on = installment.number, installment.due_on
    for days in policy.days_before:
        at = _at(policy, due_on - timedelta(days=days))
        yield Reminder(at=at, number=number, kind=ReminderKind.BEFORE_DUE, days=days)
    for days in policy.days_past_due:
        at = _at(policy, due_on + timedelta(days=days))
        yield Reminder(at=at, number=number, kind=ReminderKind.PAST_DUE, days=days)
    if policy.on_failure and installment.failed_at is not None:
        at = failure_told_at(policy=policy, failed_at=installment.failed_at)
        late = max(0, (addis_date(at=at) - due_on).days)
        yield Reminder(at=at, number=number, kind=ReminderKind.ATTEMPT_FAILED, days=late)


def _at(policy: ReminderPolicy, on: date) -> datetime:
    return at_addis(on=on, hour=policy.time_of_day.hour, minute=policy.time_of_day.minute)


def _by_time(reminder: Reminder) -> tuple[datetime, int, str]:
    return reminder.at, reminder.number, reminder.kind


def _by_weight(reminder: Reminder) -> tuple[int, int, int]:
    """Failures first, then the latest, then what falls due first."""
    weight = {
        ReminderKind.ATTEMPT_FAILED: 0,
        ReminderKind.PAST_DUE: 1,
        ReminderKind.BEFORE_DUE: 2,
    }[reminder.kind]
    return weight, -reminder.days, reminder.number
