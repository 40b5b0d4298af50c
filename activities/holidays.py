"""The public holidays of Ethiopia, by the calendar of the ``holidays`` package."""

from collections.abc import Iterable
from datetime import date, datetime

from holidays import country_holidays

from meqenet.calendar import addis_date


def public_holidays(*, years: Iterable[int]) -> frozenset[date]:
    """All of them in these Gregorian years.

    Those that follow the moon are estimates: what is known better is kept in the stores.
    """
    return frozenset(country_holidays("ET", years=years))


def holidays_around(*, at: datetime) -> frozenset[date]:
    """Those of that year and its neighbours.

    Of the year before as well: what waits since then is counted again from its first day.
    """
    year = addis_date(at=at).year
    return public_holidays(years=(year - 1, year, year + 1))


def holidays_after(*, day: date) -> frozenset[date]:
    """Those of that year and the next."""
    return public_holidays(years=(day.year, day.year + 1))
