"""Working days of this country: Monday to Friday, public holidays aside.

Holidays that follow the moon are known for certain only a few days ahead, so which days are closed
is an argument, and what is known of a day overrules the calendar.
"""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Final

_SATURDAY: Final = 5


def is_working_day(*, day: date, closed_on: Collection[date]) -> bool:
    """Whether offices and banks are open on an Addis Ababa date. ``closed_on``: public holidays."""
    return day.weekday() < _SATURDAY and day not in closed_on


def closed_days(*, holidays: Collection[date], overruled: Mapping[date, bool]) -> frozenset[date]:
    """The calendar's holidays, but for the days of which something else is known.

    Args:
        holidays: by the calendar.
        overruled: of each such day, whether it is open.
    """
    return frozenset(day for day in {*holidays, *overruled} if not overruled.get(day, False))
