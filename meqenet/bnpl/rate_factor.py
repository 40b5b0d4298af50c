"""The part of an annual rate that one installment period earns."""

from calendar import isleap
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext

from meqenet.bnpl.day_count import DaysInYear

PRECISION = Context(prec=34, rounding=ROUND_HALF_EVEN)
"""Rates and factors are computed to 34 digits; money is rounded where it becomes santim."""


def rate_factor(
    *,
    annual_rate_percent: Decimal,
    start: date,
    end: date,
    counted_days: int,
    days_in_year: DaysInYear,
) -> Decimal:
    """Interest earned by 1 birr from ``start`` to ``end``: rate x days / year.

    The rule of Apache Fineract's progressive loan. ``counted_days`` comes from
    :func:`~meqenet.bnpl.day_count.counted_days`; only under the actual year, where the period
    reaches into another year, the calendar's own days are split between the years instead.
    """
    with localcontext(PRECISION):
        rate = annual_rate_percent / 100
        if days_in_year is DaysInYear.ACTUAL and start.year != end.year:
            return rate * _split_by_year(start=start, end=end)
        return rate * counted_days / _year_days(days_in_year=days_in_year, year=start.year)


def _split_by_year(*, start: date, end: date) -> Decimal:
    """Years from ``start`` to ``end``, each day in the year it ends in.

    12 December 2023 to 12 January 2024 is 19/365 + 12/366.
    """
    years = Decimal(0)
    for year in range(start.year, end.year + 1):
        first = max(start, date(year - 1, 12, 31)) if year > start.year else start
        last = min(end, date(year, 12, 31))
        years += Decimal((last - first).days) / _year_days(
            days_in_year=DaysInYear.ACTUAL, year=year
        )
    return years


def _year_days(*, days_in_year: DaysInYear, year: int) -> int:
    match days_in_year:
        case DaysInYear.ACTUAL:
            return 366 if isleap(year) else 365
        case DaysInYear.DAYS_360 | DaysInYear.DAYS_364 | DaysInYear.DAYS_365:
            return int(days_in_year)
