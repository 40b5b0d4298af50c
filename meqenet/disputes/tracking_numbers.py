"""Tracking numbers: short enough to be read out over the phone, and caught when misheard.

``CMP-7K3M-9QX4-T2H0`` is eleven symbols of Crockford's base32 (no I, L, O or U) drawn from 55
unguessable bits, and a check symbol. The check is a sum over GF(32) whose weights are different
powers of its generator, so one wrong symbol and any two that changed places are always noticed.
"""

import re
from typing import Final

from meqenet.errors import Mender, Refusal

_PREFIX: Final = "CMP"
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BITS_PER_SYMBOL: Final = 5
_SYMBOLS: Final = 11
RANDOM_BYTES: Final = 7
"""Bytes from which a number is made: 56 bits, of which 55 are used."""
_POLYNOMIAL: Final = 0b100101
"""x^5 + x^2 + 1, whose root generates GF(32)."""
_FIELD: Final = 1 << _BITS_PER_SYMBOL
_GROUP: Final = 4
_HEARD: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})
"""Letters that are taken for digits when somebody writes them down."""
_BETWEEN: Final = re.compile(r"[\s-]+")
PATTERN: Final = r"^CMP-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$"
"""How a number is spelled in ids and in answers."""


def tracking_number(*, randomness: bytes) -> str:
    """The tracking number of these random bytes.

    Raises:
        ValueError: there are not ``RANDOM_BYTES`` of them.
    """
    if len(randomness) != RANDOM_BYTES:
        raise ValueError(f"randomness: {RANDOM_BYTES} bytes")
    drawn = int.from_bytes(randomness, "big")
    values = [drawn >> (_BITS_PER_SYMBOL * place) & (_FIELD - 1) for place in range(_SYMBOLS)]
    return _spelled([*values, _check(values)])


def read_tracking_number(*, text: str) -> str:
    """The number that somebody has typed: any case, with or without hyphens, spaces and prefix.

    Raises:
        Refusal: ``tracking_number_malformed``: it has not twelve symbols;
            ``tracking_number_mistyped``: the check symbol does not fit.
    """
    symbols = _BETWEEN.sub("", text).upper()
    if len(symbols) > _SYMBOLS + 1:
        # Only then is it the prefix: a number may begin with these letters.
        symbols = symbols.removeprefix(_PREFIX)
    symbols = symbols.translate(_HEARD)
    if len(symbols) != _SYMBOLS + 1 or not set(symbols) <= set(_ALPHABET):
        raise _refused("malformed", "must look like CMP-7K3M-9QX4-T2H0: twelve letters and digits")
    values = [_ALPHABET.index(symbol) for symbol in symbols]
    if _check(values[:-1]) != values[-1]:
        raise _refused("mistyped", "a letter or digit is wrong; compare it with the one given")
    return _spelled(values)


def _check(values: list[int]) -> int:
    found = 0
    for value in values:
        found = _doubled(found ^ value)
    return found


def _doubled(value: int) -> int:
    doubled = value << 1
    return doubled ^ _POLYNOMIAL if doubled & _FIELD else doubled


def _spelled(values: list[int]) -> str:
    symbols = "".join(_ALPHABET[value] for value in values)
    groups = [symbols[at : at + _GROUP] for at in range(0, len(symbols), _GROUP)]
    return "-".join((_PREFIX, *groups))


def _refused(what: str, rule: str) -> Refusal:
    return Refusal(
        f"tracking_number_{what}",
        f"tracking_number: {rule}",
        mender=Mender.CUSTOMER,
        field="tracking_number",
    )
