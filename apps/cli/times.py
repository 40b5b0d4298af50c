"""Instants and days as they are typed at the command line."""

import re
from datetime import UTC, date, datetime
from typing import Final

from meqenet.errors import Mender, Refusal

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def instant_of(text: str, *, field: str) -> datetime:
    """Read an instant; its zone must be named.

    Raises:
        Refusal: ``instant_malformed``, with the field and the rule.
    """
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Refusal(
        "instant_malformed",
        f"{field}: must be a time with its zone, like 2026-11-23T06:00:00Z "
        "or 2026-11-23T09:00:00+03:00",
        mender=Mender.MEQENET,
        field=field,
    )


def day_of(text: str, *, field: str) -> date:
    """Read a Gregorian day.

    Raises:
        Refusal: ``day_malformed``, with the field and the rule.
    """
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Refusal(
        "day_malformed",
        f"{field}: must be a Gregorian day, like 2026-11-23",
        mender=Mender.MEQENET,
        field=field,
    )
