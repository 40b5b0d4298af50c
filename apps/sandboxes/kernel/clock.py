"""The sandbox's clock: a function that gives the present time, so that tests bring their own."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]
"""Gives the present as an aware UTC datetime."""

ADDIS = timezone(timedelta(hours=3), "Africa/Addis_Ababa")
"""Ethiopia's only time zone, UTC+3 without daylight saving (providers.md 4.3)."""


def utc_now() -> datetime:
    """The real time; the default of every sandbox."""
    return datetime.now(UTC)


def addis_day(*, on: date) -> tuple[datetime, datetime]:
    """The first instant of an Addis Ababa calendar day and of the next one, in UTC."""
    start = datetime.combine(on, time.min, tzinfo=ADDIS).astimezone(UTC)
    return start, start + timedelta(days=1)
