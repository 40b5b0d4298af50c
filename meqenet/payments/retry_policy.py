"""The retry policy: dated, versioned data that says when a failed collection is tried again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from meqenet.money import Money
from meqenet.payments.causes import FailureCause, FailureCounter, remedy_for
from meqenet.payments.channels import Channel
from meqenet.payments.quiet_hours import QuietHours
from meqenet.payments.salary_days import SalaryDays

_ANY_DAY: Final = date(2000, 1, 1)


class OverLimit(StrEnum):
    """What becomes of an amount above a wallet's limit."""

    SPLIT = "split"
    """It is asked for in parts, one after the other."""
    FAIL = "fail"
    """It is not asked for: the attempt fails as ``limit_reached``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """How long to wait after a failure.

    Attributes:
        after: minutes and hours pass; whole days are days of the calendar, from their beginning.
        on_salary_day: and then until the next day on which salaries are paid.
    """

    after: timedelta
    on_salary_day: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """When on a day an attempt may be made.

    Attributes:
        times_of_day: clocks in Addis Ababa, in order; none means at any time.
        on_holidays: whether public holidays are days like others.
        spread: attempts are spread over so long from each time, by their plan's id.
    """

    times_of_day: tuple[time, ...]
    on_holidays: bool
    spread: timedelta

    def is_usable(self, *, quiet: QuietHours | None) -> bool:
        """Whether some time of the day is outside the quiet hours for its whole spread."""
        starts = self.times_of_day or (time(0) if quiet is None else quiet.end,)
        return any(self._is_free(start, quiet) for start in starts)

    def _is_free(self, start: time, quiet: QuietHours | None) -> bool:
        begins = datetime.combine(_ANY_DAY, start)
        ends = begins + self.spread
        if ends.date() != _ANY_DAY:
            return False
        minutes = range(int(self.spread.total_seconds()) // 60 + 1)
        return quiet is None or not any(
            quiet.contain((begins + timedelta(minutes=each)).time()) for each in minutes
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """The distances of retries, and when on a day they are made.

    Attributes:
        steps: after the first failure, the second …; the last one again after all others.
        window: when on the day.
    """

    steps: tuple[Step, ...]
    window: Window


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPlan:
    """What a counter allows.

    Attributes:
        pace: distances and times.
        failures_max: after so many failures on the counter it is tried no more.
        attempts_per_day_max: after so many failures on the counter on a day, not on that day.
    """

    pace: Pace
    failures_max: int
    attempts_per_day_max: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """One version of the policy of one payment option.

    Attributes:
        option: the payment option, as the catalogue names it.
        version: counts from 1; a version that was in force never changes.
        effective_from: the first Addis Ababa date on which it decides.
        attempts_per_day_max: attempts on one day of Addis Ababa, whatever they failed of.
        days_after_due_max: later than so many days after the due date nothing is tried by itself.
        due_day: when the first attempt is made.
        salary_days: days on which wallets fill up.
        quiet_for_prompts: no phone rings in these hours.
        quiet_for_debits: the same for debits under a mandate, which disturb nobody; None is never.
        plans: what each counter allows; ``NONE`` for another way after a cause that repeats.
        causes: a pace of its own for a cause, within what its counter allows.
        over_limit: what becomes of an amount above a wallet's limit.
        part_min: no part of a split amount is smaller.
        other_wallet_after: after so many failures of this cause another wallet is asked.

    Raises:
        ValueError: a rule of the above does not hold; the text names it.
    """

    option: str
    version: int
    effective_from: date
    attempts_per_day_max: int
    days_after_due_max: int
    due_day: Window
    salary_days: SalaryDays
    quiet_for_prompts: QuietHours
    quiet_for_debits: QuietHours | None
    plans: Mapping[FailureCounter, RetryPlan]
    causes: Mapping[FailureCause, Pace]
    over_limit: OverLimit
    part_min: Money
    other_wallet_after: Mapping[FailureCause, int]

    def __post_init__(self) -> None:
        for rule, holds in (*_numbers(self).items(), *_times(self).items()):
            if not holds:
                raise ValueError(f"retries of {self.option}: {rule}")

    def quiet_hours(self, *, channel: Channel) -> QuietHours | None:
        """The hours in which this channel is not used."""
        return self.quiet_for_prompts if channel.disturbs else self.quiet_for_debits

    def pace_after(self, *, cause: FailureCause) -> Pace:
        """The distances and times after this cause: its own, or those of its counter."""
        return self.causes.get(cause, self.plans[remedy_for(cause=cause).counter].pace)

    @property
    def paces(self) -> tuple[Pace, ...]:
        """Every pace in it."""
        return (*(plan.pace for plan in self.plans.values()), *self.causes.values())


def _numbers(policy: RetryPolicy) -> dict[str, bool]:
    plans = policy.plans.values()
    return {
        "option: not empty": bool(policy.option),
        "version: from 1": policy.version >= 1,
        "attempts_per_day_max: at least 1": policy.attempts_per_day_max >= 1,
        "days_after_due_max: not negative": policy.days_after_due_max >= 0,
        "plans: one for each counter": set(policy.plans) == set(FailureCounter),
        "failures_max: at least 1": all(plan.failures_max >= 1 for plan in plans),
        "attempts_per_day_max: of a counter between 1 and that of the policy": all(
            1 <= plan.attempts_per_day_max <= policy.attempts_per_day_max for plan in plans
        ),
        "causes: only of counters": all(
            remedy_for(cause=cause).counter is not FailureCounter.NONE for cause in policy.causes
        ),
        "part_min: more than nothing": policy.part_min > Money.zero(),
        "other_wallet_after: from 1": all(
            count >= 1 for count in policy.other_wallet_after.values()
        ),
    }


def _times(policy: RetryPolicy) -> dict[str, bool]:
    windows = (policy.due_day, *(pace.window for pace in policy.paces))
    quiet_hours = (policy.quiet_for_prompts, policy.quiet_for_debits)
    return {
        "steps: at least one": all(pace.steps for pace in policy.paces),
        "steps: at least a minute": all(
            step.after >= timedelta(minutes=1) for pace in policy.paces for step in pace.steps
        ),
        "times_of_day: each once, in order": all(
            list(window.times_of_day) == sorted(set(window.times_of_day)) for window in windows
        ),
        "due_day: has a time of day": bool(policy.due_day.times_of_day),
        "times_of_day: one of them outside the quiet hours, with its spread": all(
            window.is_usable(quiet=quiet) for window in windows for quiet in quiet_hours
        ),
    }
