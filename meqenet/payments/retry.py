"""When a collection is tried, and why then: known before it happens."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from meqenet.calendar import addis_date, at_addis
from meqenet.errors import Defect
from meqenet.payments.causes import FailureCounter
from meqenet.payments.distances import whole_days
from meqenet.payments.failures import FailedAttempt, count_of, count_on, last_of
from meqenet.payments.quiet_hours import QuietHours
from meqenet.payments.retry_policy import RetryPlan, RetryPolicy, Step, Window
from meqenet.payments.retry_reasons import REASON_AFTER, AttemptReason, Delay, EndReason
from meqenet.payments.routing import NoRoute, Route
from meqenet.payments.salary_days import SalaryDays

_DAYS_AHEAD_MAX: Final = 100
"""A policy that finds no time in so many days is an error in the holidays given."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NextAttempt:
    """The next attempt.

    Attributes:
        at: when it is made, aware UTC, in whole seconds.
        reason: why it is made; ``WORDINGS`` has its text for people.
        delays: what has moved it to a later time, each once, in the order of ``Delay``.
        counter: the counter that the failure before it stands on; None for the first attempt.
    """

    at: datetime
    reason: AttemptReason
    delays: tuple[Delay, ...]
    counter: FailureCounter | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Exhausted:
    """Nothing more is tried by itself. ``WORDINGS`` has the reason's text for people."""

    reason: EndReason
    counter: FailureCounter


@dataclass(frozen=True, kw_only=True, slots=True)
class _Search:
    """Where the next time is looked for."""

    earliest: datetime
    window: Window
    quiet: QuietHours | None
    holidays: Collection[date]
    offset: timedelta
    full_days: Collection[date] = ()
    salary_days: SalaryDays | None = None


def spread_within(*, key: str, window: timedelta) -> timedelta:
    """A share of the window in whole seconds that is always the same for the key.

    Keys spread evenly, so a due day's collections are not all sent in its first second.

    Args:
        key: a plan's id.
        window: the result is shorter, or zero where the window is.
    """
    seconds = int(window.total_seconds())
    if seconds == 0:
        return timedelta(0)
    digest = hashlib.sha256(f"spread\x1f{key}".encode()).digest()
    return timedelta(seconds=int.from_bytes(digest[:8]) % seconds)


def first_attempt(
    *,
    policy: RetryPolicy,
    route: Route,
    due_on: date,
    holidays: Collection[date],
    spread_key: str,
    not_before: datetime | None = None,
) -> NextAttempt:
    """When an installment is collected that nobody has tried to collect yet.

    Args:
        policy: the policy in force for the plan.
        route: the way on which it goes.
        due_on: the Addis Ababa date on which it falls due.
        holidays: Ethiopia's public holidays from that date on.
        spread_key: the plan's id.
        not_before: a later instant before which it must not be collected, if there is one.

    Raises:
        Defect: ``no_time_to_collect``: every day ahead is closed.
    """
    start = at_addis(on=due_on, hour=0)
    search = _Search(
        earliest=start if not_before is None else max(start, _whole_second(not_before)),
        window=policy.due_day,
        quiet=policy.quiet_hours(channel=route.channel),
        holidays=holidays,
        offset=spread_within(key=spread_key, window=policy.due_day.spread),
    )
    at, delays = _find(search)
    return NextAttempt(at=at, reason=AttemptReason.DUE, delays=delays, counter=None)


def next_attempt(
    *,
    policy: RetryPolicy,
    failures: Sequence[FailedAttempt],
    route: Route | NoRoute,
    due_on: date,
    holidays: Collection[date],
    spread_key: str,
) -> NextAttempt | Exhausted:
    """When it is tried again after the last failure, or why it is not.

    Counters are independent: how often an installment failed of one kind of cause has no part in
    how often it is tried after another. A cause that a repetition cannot mend is followed by an
    attempt only if the route leads another way than the last one.

    Args:
        policy: the policy in force for the plan.
        failures: all failed attempts of the installment, at least one.
        route: the way on which the next attempt would go.
        due_on: the Addis Ababa date on which the installment falls due.
        holidays: Ethiopia's public holidays from the last failure on.
        spread_key: the plan's id.

    Raises:
        Defect: ``no_time_to_collect``: every day ahead is closed.
    """
    last = last_of(failures)
    if isinstance(route, NoRoute):
        return Exhausted(reason=EndReason.NEEDS_MENDING, counter=last.counter)
    another_way = (route.wallet_id, route.channel) != (last.wallet_id, last.channel)
    if last.counter is FailureCounter.NONE and not another_way:
        return Exhausted(reason=EndReason.NEEDS_MENDING, counter=last.counter)
    plan = policy.plans[last.counter]
    failed = count_on(failures, counter=last.counter)
    if failed >= plan.failures_max:
        return Exhausted(reason=EndReason.FAILURES_USED_UP, counter=last.counter)
    pace = policy.pace_after(cause=last.cause)
    step = pace.steps[min(failed, len(pace.steps)) - 1]
    at, delays = _find(
        _Search(
            earliest=max(_after(last.failed_at, step=step), at_addis(on=due_on, hour=0)),
            window=pace.window,
            quiet=policy.quiet_hours(channel=route.channel),
            holidays=holidays,
            offset=spread_within(key=spread_key, window=pace.window.spread),
            full_days=_full_days(failures, policy=policy, plan=plan, counter=last.counter),
            salary_days=policy.salary_days if step.on_salary_day else None,
        )
    )
    if (addis_date(at=at) - due_on).days > policy.days_after_due_max:
        return Exhausted(reason=EndReason.PAST_LAST_DAY, counter=last.counter)
    if route.wallet_id != last.wallet_id:
        reason = AttemptReason.ANOTHER_WAY
    elif step.on_salary_day:
        reason = AttemptReason.SALARY_DAY
    else:
        reason = REASON_AFTER[last.counter]
    return NextAttempt(at=at, reason=reason, delays=delays, counter=last.counter)


def _after(failed_at: datetime, *, step: Step) -> datetime:
    days = whole_days(step.after)
    if days is None:
        return _whole_second(failed_at + step.after)
    return at_addis(on=addis_date(at=failed_at) + timedelta(days=days), hour=0)


def _whole_second(at: datetime) -> datetime:
    """The same instant in UTC, or the next whole second after it."""
    floor = at.astimezone(UTC).replace(microsecond=0)
    return floor if floor == at else floor + timedelta(seconds=1)


def _full_days(
    failures: Sequence[FailedAttempt],
    *,
    policy: RetryPolicy,
    plan: RetryPlan,
    counter: FailureCounter,
) -> frozenset[date]:
    return frozenset(
        day
        for day in {each.opened_on for each in failures}
        if count_of(failures, day=day) >= policy.attempts_per_day_max
        or count_of(failures, day=day, counter=counter) >= plan.attempts_per_day_max
    )


def _find(search: _Search) -> tuple[datetime, tuple[Delay, ...]]:
    """The first time that the search allows, and what has moved it there."""
    met: set[Delay] = set()
    first_day = addis_date(at=search.earliest)
    for later in range(_DAYS_AHEAD_MAX):
        day = first_day + timedelta(days=later)
        if search.salary_days is not None and not search.salary_days.contain(day):
            continue
        if (closed := _closed(day, search=search)) is not None:
            met.add(closed)
            continue
        for at in _times(day, search=search):
            if at < search.earliest or addis_date(at=at) != day:
                continue
            if search.quiet is None or not search.quiet.contain_instant(at):
                return at, tuple(delay for delay in Delay if delay in met)
            met.add(Delay.QUIET_HOURS)
    raise Defect(
        "no_time_to_collect", f"no time for an attempt within {_DAYS_AHEAD_MAX} days of {first_day}"
    )


def _closed(day: date, *, search: _Search) -> Delay | None:
    if day in search.holidays and not search.window.on_holidays:
        return Delay.HOLIDAY
    return Delay.DAY_IS_FULL if day in search.full_days else None


def _times(day: date, *, search: _Search) -> Iterator[datetime]:
    """The times of a day, in order: those of the window, or the first one at all."""
    for clock in search.window.times_of_day:
        yield at_addis(on=day, hour=clock.hour, minute=clock.minute) + search.offset
    if not search.window.times_of_day:
        yield max(search.earliest, at_addis(on=day, hour=0)) + search.offset
        if search.quiet is not None:
            end = search.quiet.end
            yield at_addis(on=day, hour=end.hour, minute=end.minute) + search.offset
