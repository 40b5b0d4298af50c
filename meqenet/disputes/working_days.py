"""Deadlines in working days.

Holidays may be announced late, so whoever keeps a deadline counts again before acting on it.
"""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Final

from meqenet.errors import Defect
from meqenet.working_days import is_working_day

_CLOSED_DAYS_MAX: Final = 31
"""A country that rests for longer than this is an error in the holidays given."""


def working_day_after(*, start: date, count: int, closed_on: Collection[date]) -> date:
    """The ``count``-th working day after a date, which itself does not count.

    Args:
        start: an Addis Ababa date; it may be a holiday.
        count: from 1.
        closed_on: public holidays; weekends need not be among them.

    Raises:
        ValueError: ``count`` is less than 1.
        Defect: ``offices_never_open``: every day for a month is closed.
    """
    if count < 1:
        raise ValueError("count: working days are counted from 1")
    day = start
    for _ in range(count):
        day = _next_working_day(day, closed_on=closed_on)
    return day


def _next_working_day(day: date, *, closed_on: Collection[date]) -> date:
    for later in range(1, _CLOSED_DAYS_MAX + 1):
        following = day + timedelta(days=later)
        if is_working_day(day=following, closed_on=closed_on):
            return following
    raise Defect("offices_never_open", f"no working day within {_CLOSED_DAYS_MAX} days of {day}")
