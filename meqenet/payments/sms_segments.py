"""How many text messages a text becomes: GSM 03.38 letters where they do, else UCS-2."""

from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")
"""Letters that take two places: an escape stands before each."""
_GSM_ALONE: Final = 160
_GSM_JOINED: Final = 153
_UCS2_ALONE: Final = 70
_UCS2_JOINED: Final = 67
"""Where a text is split, a header in each segment says how the parts belong together."""


def is_gsm7(*, text: str) -> bool:
    """Whether every letter has a place in the GSM alphabet or its extension."""
    return all(letter in _BASIC or letter in _EXTENDED for letter in text)


def segment_count(*, text: str) -> int:
    """How many segments a phone network carries the text in; 0 of an empty text.

    A letter of two places (an escaped one, or a pair of surrogates) is never split, so a segment
    may end one place early.
    """
    if is_gsm7(text=text):
        places = [2 if letter in _EXTENDED else 1 for letter in text]
        return _segments(places, alone=_GSM_ALONE, joined=_GSM_JOINED)
    places = [len(letter.encode("utf-16-be")) // 2 for letter in text]
    return _segments(places, alone=_UCS2_ALONE, joined=_UCS2_JOINED)


def _segments(places: list[int], *, alone: int, joined: int) -> int:
    if sum(places) <= alone:
        return 1 if places else 0
    count, left = 0, 0
    for width in places:
        if width > left:
            count, left = count + 1, joined
        left -= width
    return count
