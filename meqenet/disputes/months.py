"""Months of both calendars, as spans of Addis Ababa dates."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from meqenet.calendar import EthiopianDate, MonthEnd, add_months, from_ethiopian
from meqenet.errors import Mender, Refusal

_MONTH: Final = re.compile(r"([12][0-9]{3})-([0-9]{2})", re.ASCII)
_PAGUME: Final = 13


class MonthCalendar(StrEnum):
    """Which calendar a month is of."""

    GREGORIAN = "gregorian"
    """January to December."""
    ETHIOPIAN = "ethiopian"
    """Meskerem to Pagume: thirteen, the last of five or six days."""


@dataclass(frozen=True, kw_only=True)
class Month:
    """A month: from ``first`` on, and before ``following``."""

    calendar: MonthCalendar
    name: str
    first: date
    following: date


def read_month(*, text: str, calendar: MonthCalendar) -> Month:
    """The month that is written like ``2026-11``, or ``2019-03`` by the Ethiopian calendar.

    Raises:
        Refusal: ``month_malformed``.
    """
    found = _MONTH.fullmatch(text)
    try:
        if found is not None:
            return _month(int(found[1]), int(found[2]), text=text, calendar=calendar)
    except ValueError:
        pass
    field = "month" if calendar is MonthCalendar.GREGORIAN else "ethiopian_month"
    example = "2026-11" if calendar is MonthCalendar.GREGORIAN else "2019-03"
    raise Refusal(
        "month_malformed",
        f"{field}: must be a month of the {calendar.capitalize()} calendar, like {example}",
        mender=Mender.MEQENET,
        field=field,
    )


def chosen_month(*, gregorian: str | None, ethiopian: str | None) -> Month:
    """The month that is asked for by one of the two calendars.

    Raises:
        Refusal: ``month_ambiguous`` when none or both are named; ``month_malformed``.
    """
    if gregorian is not None and ethiopian is None:
        return read_month(text=gregorian, calendar=MonthCalendar.GREGORIAN)
    if ethiopian is not None and gregorian is None:
        return read_month(text=ethiopian, calendar=MonthCalendar.ETHIOPIAN)
    raise Refusal(
        "month_ambiguous",
        "month: name one month, either like 2026-11 or, as ethiopian_month, like 2019-03",
        mender=Mender.MEQENET,
        field="month",
    )


def _month(year: int, number: int, *, text: str, calendar: MonthCalendar) -> Month:
    if calendar is MonthCalendar.GREGORIAN:
        first = date(year, number, 1)
        following = add_months(start=first, months=1, month_end=MonthEnd.LAST_DAY_OF_MONTH)
    else:
        first = from_ethiopian(on=EthiopianDate(year=year, month=number, day=1))
        after = (year, number + 1) if number < _PAGUME else (year + 1, 1)
        following = from_ethiopian(on=EthiopianDate(year=after[0], month=after[1], day=1))
    return Month(calendar=calendar, name=text, first=first, following=following)
