"""Ethiopian mobile numbers and ages."""

import re
from datetime import date

from meqenet.errors import Refusal

_PUNCTUATION = re.compile(r"[\s\u00a0().\u2010-\u2013-]")
_MOBILE = re.compile(r"(?:(?:\+|00)?251)?0?([97][0-9]{8})", re.ASCII)


def normalise_msisdn(*, text: str) -> str:
    """The number as rails want it: ``2519…`` (Ethio telecom) or ``2517…`` (Safaricom), 12 digits.

    Reads ``09…``, ``9…``, ``+2519…``, ``002519…`` and ``2519…``, with spaces, dots, hyphens and
    brackets anywhere, and forgives a 0 left after the country code (providers.md §4.2).

    Raises:
        Refusal: ``phone_format`` when it is no Ethiopian mobile number.
    """
    found = _MOBILE.fullmatch(_PUNCTUATION.sub("", text))
    if found is None:
        raise Refusal(
            "phone_format",
            "phone: an Ethiopian mobile number is needed, for example 09… or +2519…, 07… or +2517…",
            field="phone",
        )
    return "251" + found[1]


def age_years(*, birth_date: date, on: date) -> int:
    """Whole years lived on that day; one born on 29 February ages on 1 March in common years.

    Raises:
        ValueError: the day lies before the birth.
    """
    if on < birth_date:
        raise ValueError("on: lies before the birth date")
    birthday_ahead = (on.month, on.day) < (birth_date.month, birth_date.day)
    return on.year - birth_date.year - birthday_ahead
