"""E-mail addresses as checkouts send them."""

import re
from typing import Final

from meqenet.errors import Refusal

_LENGTH_MAX: Final = 254
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS: Final = re.compile(
    rf"([A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}})@({_LABEL}(?:\.{_LABEL})+)", re.ASCII
)
"""What a browser's ``<input type="email">`` takes, with a domain that has a dot."""


def normalise_email(*, text: str) -> str:
    """The address without the spaces around it, its domain in small letters.

    Whether anybody reads it is known by what comes back from there, and by nothing else.

    Raises:
        Refusal: ``email_format`` when it is none; the text does not repeat it.
    """
    found = _ADDRESS.fullmatch(text.strip())
    if found is None or len(found[0]) > _LENGTH_MAX:
        raise Refusal(
            "email_format",
            "email: an e-mail address is needed, for example abeba@example.com",
            field="email",
        )
    return f"{found[1]}@{found[2].lower()}"
