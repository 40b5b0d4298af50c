"""When a provider is asked what became of an order whose outcome is unknown."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise


@dataclass(frozen=True, kw_only=True, slots=True)
class QueryTimes:
    """One version of the policy, for payments and refunds of every option.

    Attributes:
        version: counts from 1; a version that was in force never changes.
        effective_from: the first Addis Ababa date on which it decides.
        after: distances between questions, never shrinking; the last one goes on for ever.
        alarm_after: an outcome that stays unknown for so long is an alarm with an owner.

    Raises:
        ValueError: a rule of the above does not hold; the text names it.
    """

    version: int
    effective_from: date
    after: tuple[timedelta, ...]
    alarm_after: timedelta

    def __post_init__(self) -> None:
        rules = {
            "version: from 1": self.version >= 1,
            "after: at least one, of a second or more": bool(self.after)
            and min(self.after) >= timedelta(seconds=1),
            "after: never shrinking": all(a <= b for a, b in pairwise(self.after)),
            "alarm_after: more than nothing": self.alarm_after > timedelta(0),
        }
        for rule, holds in rules.items():
            if not holds:
                raise ValueError(f"queries: {rule}")


@dataclass(frozen=True, kw_only=True, slots=True)
class NextQuery:
    """The next question.

    Attributes:
        at: when it is asked.
        is_alarm: at that time the outcome will have been unknown for longer than is normal: a
            person owns it, and the questions go on.
    """

    at: datetime
    is_alarm: bool


def next_query(
    *,
    times: QueryTimes,
    first_unknown_at: datetime,
    queries: int,
    last_query_at: datetime | None = None,
) -> NextQuery:
    """When to ask next.

    Args:
        times: the policy.
        first_unknown_at: when it became unknown.
        queries: how many questions were asked since, answered or not.
        last_query_at: when the last one was asked, if it was later than planned: whoever was
            stopped for a day asks on from there, not all that was missed at once.

    Raises:
        ValueError: ``queries`` is negative.
    """
    if queries < 0:
        raise ValueError("queries: not negative")
    known = times.after[: queries + 1]
    planned = first_unknown_at + sum(known, timedelta(0))
    planned += times.after[-1] * (queries + 1 - len(known))
    if queries and last_query_at is not None:
        planned = max(planned, last_query_at + times.after[min(queries, len(times.after) - 1)])
    return NextQuery(
        at=planned, is_alarm=is_alarm(times=times, first_unknown_at=first_unknown_at, at=planned)
    )


def is_alarm(*, times: QueryTimes, first_unknown_at: datetime, at: datetime) -> bool:
    """Whether an outcome has been unknown for too long at this instant."""
    return at - first_unknown_at >= times.alarm_after
