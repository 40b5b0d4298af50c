"""Periods of the books. A closed one takes no entry: what is told of late counts from later on."""

from calendar import monthrange
from datetime import date, datetime, timedelta
from enum import StrEnum

from meqenet.calendar import at_addis
from meqenet.errors import Mender, Refusal


class PeriodKind(StrEnum):
    """What is closed at once."""

    DAY = "day"
    """A calendar day in Addis Ababa, and every day before it."""
    MONTH = "month"
    """A Gregorian month in Addis Ababa, and everything before it."""


def first_open_instant(*, kind: PeriodKind, last_day: date) -> datetime:
    """Where the books begin again when a period is closed: midnight after ``last_day``.

    Raises:
        Refusal: ``period_invalid``: a month that does not end on that day.
    """
    if kind is PeriodKind.MONTH and last_day.day != monthrange(last_day.year, last_day.month)[1]:
        raise Refusal(
            "period_invalid",
            f"last_day: {last_day} is not the last day of a month",
            mender=Mender.MEQENET,
            field="last_day",
        )
    return at_addis(on=last_day + timedelta(days=1), hour=0)
