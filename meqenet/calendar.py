"""Dates of this country: Addis Ababa's day, the Ethiopian calendar, and steps of whole months.

Money falls due on a Gregorian date of Addis Ababa; the Ethiopian date stands beside it for people.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum
from typing import Final

ADDIS: Final = timezone(timedelta(hours=3), "EAT")
"""Africa/Addis_Ababa: UTC+3 all the year, no daylight saving."""

_MONTHS_PER_YEAR: Final = 12
_DAYS_PER_YEAR: Final = 365
_DAYS_PER_MONTH: Final = 30
_DAYS_PER_FOUR_YEARS: Final = 1461
_PAGUME: Final = 13
"""The thirteenth month, of five days, or six before a year divisible by four."""
_JULIAN_DAY_OF_ORDINAL_ZERO: Final = 1_721_425
"""Julian day number at noon minus ``date.toordinal()``."""
_ETHIOPIAN_EPOCH: Final = 1_723_856
"""Julian day number of 1 Meskerem of the year 0, Amete Mihret."""


class MonthEnd(StrEnum):
    """Where a monthly date goes in a month that is too short for it."""

    LAST_DAY_OF_MONTH = "LAST_DAY_OF_MONTH"
    """31 January, then 28 February, then 31 March."""
    FIRST_DAY_OF_NEXT_MONTH = "FIRST_DAY_OF_NEXT_MONTH"
    """31 January, then 1 March, then 31 March."""


@dataclass(frozen=True, order=True, slots=True, kw_only=True)
class EthiopianDate:
    """A day of the Ethiopian calendar, Amete Mihret (year of mercy).

    Args:
        year: from 1.
        month: 1 (Meskerem) to 13 (Pagume).
        day: 1 to 30; in Pagume 1 to 5, or 6 in a year that leaves 3 when divided by 4.

    Raises:
        ValueError: there is no such day.
    """

    year: int
    month: int
    day: int

    def __post_init__(self) -> None:
        if self.year < 1:
            raise ValueError("year: the Ethiopian calendar starts with the year 1")
        if not 1 <= self.month <= _PAGUME:
            raise ValueError("month: between 1 and 13")
        if not 1 <= self.day <= self._days_in_month:
            raise ValueError(f"day: between 1 and {self._days_in_month} in month {self.month}")

    @property
    def _days_in_month(self) -> int:
        if self.month < _PAGUME:
            return _DAYS_PER_MONTH
        return 6 if self.year % 4 == 3 else 5  # noqa: PLR2004 - the leap rule itself

    def __str__(self) -> str:
        """Year, month and day: ``2019-03-13``."""
        return f"{self.year:04}-{self.month:02}-{self.day:02}"


def addis_date(*, at: datetime) -> date:
    """The calendar day in Addis Ababa at this instant.

    Raises:
        ValueError: ``at`` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("at: a time needs its time zone")
    return at.astimezone(ADDIS).date()


def at_addis(*, on: date, hour: int, minute: int = 0) -> datetime:
    """The instant, in UTC, when clocks in Addis Ababa show this hour (0 to 23) of this day."""
    return datetime.combine(on, time(hour, minute), tzinfo=ADDIS).astimezone(UTC)


def to_ethiopian(*, on: date) -> EthiopianDate:
    """The Ethiopian date of a Gregorian day, through the Julian day number.

    Every fourth year is leap, without exception, so four years are always 1461 days.

    Raises:
        ValueError: the day lies before the Ethiopian year 1 (27 August of the year 8).
    """
    fours, day_of_four_years = divmod(
        on.toordinal() + _JULIAN_DAY_OF_ORDINAL_ZERO - _ETHIOPIAN_EPOCH, _DAYS_PER_FOUR_YEARS
    )
    # The sixth Pagume is the last of the 1461 days: it belongs to the third year, not to a fourth.
    year_of_four, day_of_year = divmod(day_of_four_years, _DAYS_PER_YEAR)
    if day_of_four_years == _DAYS_PER_FOUR_YEARS - 1:
        year_of_four, day_of_year = 3, _DAYS_PER_YEAR
    month, day = divmod(day_of_year, _DAYS_PER_MONTH)
    return EthiopianDate(year=4 * fours + year_of_four, month=month + 1, day=day + 1)


def from_ethiopian(*, on: EthiopianDate) -> date:
    """The Gregorian day of an Ethiopian date; the inverse of :func:`to_ethiopian`.

    Raises:
        ValueError: the day lies after 31 December 9999.
    """
    days_since_epoch = (
        _DAYS_PER_YEAR * on.year + on.year // 4 + _DAYS_PER_MONTH * (on.month - 1) + on.day - 1
    )
    ordinal = days_since_epoch + _ETHIOPIAN_EPOCH - _JULIAN_DAY_OF_ORDINAL_ZERO
    if ordinal > date.max.toordinal():
        raise ValueError("year: later than the calendar of this computer reaches")
    return date.fromordinal(ordinal)


def add_months(*, start: date, months: int, month_end: MonthEnd) -> date:
    """The same day of the month, ``months`` later, or earlier when negative.

    Always counted from ``start``, so a series that began on the 31st returns to the 31st.

    Raises:
        ValueError: the day lies outside the years 1 to 9999.
    """
    year, month_index = divmod(start.year * _MONTHS_PER_YEAR + start.month - 1 + months, 12)
    month = month_index + 1
    if not date.min.year <= year <= date.max.year:
        raise ValueError("months: the date lies outside the years 1 to 9999")
    days_in_month = calendar.monthrange(year, month)[1]
    if start.day <= days_in_month:
        return date(year, month, start.day)
    match month_end:
        case MonthEnd.LAST_DAY_OF_MONTH:
            return date(year, month, days_in_month)
        case MonthEnd.FIRST_DAY_OF_NEXT_MONTH:
            # A month that is too short is never December: the next month is in the same year.
            return date(year, month + 1, 1)
