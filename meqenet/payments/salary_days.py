"""The days on which salaries are paid and wallets fill up."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from meqenet.calendar import to_ethiopian

_DAY_OF_MONTH_MAX: Final = 30
"""Every month of both calendars has it, but February and Pagume."""


class SalaryCalendar(StrEnum):
    """By which calendar a salary is paid."""

    GREGORIAN = "gregorian"
    """January to December."""
    ETHIOPIAN = "ethiopian"
    """Meskerem to Pagume; the days of Pagume are days 1 to 6 of a month like others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SalaryDays:
    """A span of days of the month, over its end where the last day comes before the first.

    Attributes:
        calendar: whose months.
        first_day: day of the month, for example 25.
        last_day: day of the month, for example 1: the first of the next month.

    Raises:
        ValueError: a day that months do not have.
    """

    calendar: SalaryCalendar
    first_day: int
    last_day: int

    def __post_init__(self) -> None:
        for day in (self.first_day, self.last_day):
            if not 1 <= day <= _DAY_OF_MONTH_MAX:
                raise ValueError(f"salary_days: days are between 1 and {_DAY_OF_MONTH_MAX}")

    def contain(self, on: date) -> bool:
        """Whether salaries are paid on this day."""
        ethiopian = self.calendar is SalaryCalendar.ETHIOPIAN
        day = to_ethiopian(on=on).day if ethiopian else on.day
        if self.first_day <= self.last_day:
            return self.first_day <= day <= self.last_day
        return day >= self.first_day or day <= self.last_day
