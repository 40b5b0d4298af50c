"""Distances in time as policies write them: ``3s``, ``15m``, ``4h``, ``2d``."""

import re
from datetime import timedelta
from typing import Final

_DISTANCE: Final = re.compile(r"(?P<count>[0-9]{1,4})(?P<unit>[smhd])", re.ASCII)
_UNITS: Final = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


def read_distance(text: str) -> timedelta:
    """The distance that the text stands for: a whole number of seconds, minutes, hours or days.

    Raises:
        ValueError: it is written otherwise.
    """
    found = _DISTANCE.fullmatch(text)
    if found is None:
        raise ValueError(f"distance: {text!r} is not a number with s, m, h or d behind it")
    return int(found["count"]) * _UNITS[found["unit"]]


def whole_days(distance: timedelta) -> int | None:
    """How many days it is, if it is a whole number of them and not zero."""
    days, rest = divmod(distance, timedelta(days=1))
    return days if days and not rest else None
