"""The time between two dates as the effective rate measures it, in years."""

from datetime import date, timedelta
from decimal import Decimal, localcontext
from enum import StrEnum

from meqenet.bnpl.rate_factor import PRECISION
from meqenet.calendar import MonthEnd, add_months


class IntervalUnit(StrEnum):
    """The whole periods that an interval is first counted in."""

    YEARS = "years"
    """Calendar years."""
    MONTHS = "months"
    """Calendar months, each a twelfth of a year."""
    WEEKS = "weeks"
    """Seven days, each a fifty-second of a year."""


_PERIODS_PER_YEAR = {IntervalUnit.YEARS: 1, IntervalUnit.MONTHS: 12, IntervalUnit.WEEKS: 52}


def effective_years(*, start: date, end: date, unit: IntervalUnit) -> Decimal:
    """Years from ``start`` to ``end``.

    Whole periods are counted backwards from ``end``; the days that are left are divided by the 365
    or 366 days of the year that ends where the whole periods stop. A missing day means the last day
    of its month, so from 31 January to 28 February is one whole month. Directive 2011/90/EU, Annex.

    Raises:
        ValueError: ``end`` lies before ``start``.
    """
    if end < start:
        raise ValueError("end: not before start")
    whole, stop = _whole_periods(start=start, end=end, unit=unit)
    with localcontext(PRECISION):
        years = Decimal(whole) / _PERIODS_PER_YEAR[unit]
        if stop > start:
            years += Decimal((stop - start).days) / (stop - _months_before(stop, months=12)).days
        return years


def _whole_periods(*, start: date, end: date, unit: IntervalUnit) -> tuple[int, date]:
    """How many periods fit between the dates, and the date where they stop, seen from the end."""
    match unit:
        case IntervalUnit.YEARS:
            return _whole_months(start=start, end=end, each=12)
        case IntervalUnit.MONTHS:
            return _whole_months(start=start, end=end, each=1)
        case IntervalUnit.WEEKS:
            weeks = (end - start).days // 7
            return weeks, end - timedelta(weeks=weeks)


def _whole_months(*, start: date, end: date, each: int) -> tuple[int, date]:
    between = (end.year - start.year) * 12 + end.month - start.month
    whole = between // each
    months = whole * each
    if add_months(start=start, months=months, month_end=MonthEnd.LAST_DAY_OF_MONTH) == end:
        return whole, start
    stop = _months_before(end, months=months)
    if stop < start:
        whole -= 1
        stop = _months_before(end, months=months - each)
    return whole, stop


def _months_before(end: date, *, months: int) -> date:
    return add_months(start=end, months=-months, month_end=MonthEnd.LAST_DAY_OF_MONTH)
