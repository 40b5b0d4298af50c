"""How the time between two due dates is measured, and where due dates fall."""

from datetime import date, timedelta
from enum import StrEnum

from meqenet.calendar import MonthEnd, add_months


class RepayUnit(StrEnum):
    """The unit in which the distance between installments is given."""

    DAYS = "DAYS"
    """Calendar days."""
    WEEKS = "WEEKS"
    """Seven calendar days each."""
    MONTHS = "MONTHS"
    """Calendar months; a :class:`~meqenet.calendar.MonthEnd` rule settles short months."""


_AGREED_DAYS = {RepayUnit.DAYS: 1, RepayUnit.WEEKS: 7, RepayUnit.MONTHS: 30}


class DaysInYear(StrEnum):
    """The divisor that turns days into a part of a year."""

    ACTUAL = "ACTUAL"
    """365 or 366, each day by the calendar year it ends in."""
    DAYS_360 = "360"
    """Twelve months of thirty days."""
    DAYS_364 = "364"
    """Fifty-two weeks."""
    DAYS_365 = "365"
    """Always 365, leap year or not."""


class DaysInMonth(StrEnum):
    """How many days a month counts for."""

    ACTUAL = "ACTUAL"
    """The days between the two due dates."""
    DAYS_30 = "30"
    """Thirty, however long the month is; then every day or week counts as agreed, too."""


def counted_days(
    *, start: date, end: date, every: int, unit: RepayUnit, days_in_month: DaysInMonth
) -> int:
    """The days that earn interest in one regular period of ``every`` units."""
    match days_in_month:
        case DaysInMonth.ACTUAL:
            return (end - start).days
        case DaysInMonth.DAYS_30:
            return every * _AGREED_DAYS[unit]


def due_date(*, start: date, number: int, every: int, unit: RepayUnit, month_end: MonthEnd) -> date:
    """The due date of the ``number``-th installment after ``start``, which is number zero.

    Raises:
        OverflowError, ValueError: the date lies after the year 9999.
    """
    steps = number * every
    match unit:
        case RepayUnit.DAYS:
            return start + timedelta(days=steps)
        case RepayUnit.WEEKS:
            return start + timedelta(weeks=steps)
        case RepayUnit.MONTHS:
            return add_months(start=start, months=steps, month_end=month_end)
