"""How the days of a period share its interest."""

from enum import StrEnum


class DayCount(StrEnum):
    """Which weight each day of a period has."""

    THIRTY_360 = "30/360"
    """Every month is thirty days: a 31st has no weight, the end of February two or three days'."""
    ACTUAL_365 = "actual/365"
    """Every day weighs the same, as it does with any divisor that is the same every year."""
    ACTUAL_ACTUAL = "actual/actual"
    """A day weighs one part of the year that it ends in: less in a leap year."""


def day_count_of(*, days_in_year: str, days_in_month: str, repay_unit: str) -> DayCount:
    """The day count of a product, by the names that it gives to its parts.

    Args:
        days_in_year: ``ACTUAL``, or a fixed number of days.
        days_in_month: ``30``, or ``ACTUAL``.
        repay_unit: ``MONTHS``, ``WEEKS`` or ``DAYS``; the last two are counted as agreed, day by
            day, whatever a month is.
    """
    if days_in_year == "ACTUAL":
        return DayCount.ACTUAL_ACTUAL
    if days_in_month == "30" and repay_unit == "MONTHS":
        return DayCount.THIRTY_360
    return DayCount.ACTUAL_365
