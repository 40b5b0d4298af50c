"""The public holidays of Ethiopia, by the calendar of the ``holidays`` package."""

from collections.abc import Iterable
from datetime import date

from holidays import country_holidays


def public_holidays(*, years: Iterable[int]) -> frozenset[date]:
    """All of them in these Gregorian years.

    Those that follow the moon are estimates: what is known better is kept in the stores.
    """
    return frozenset(country_holidays("ET", years=years))
