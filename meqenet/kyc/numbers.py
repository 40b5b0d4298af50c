"""Fayda numbers: length first, then Verhoeff's checksum, before anything is sent (§3.1).

A number is private data: no text, error or repr made here contains its digits.
"""

from dataclasses import dataclass
from enum import StrEnum

from meqenet.errors import Refusal

_TIMES_IN_D5 = (
    "0123456789",
    "1234067895",
    "2340178956",
    "3401289567",
    "4012395678",
    "5987604321",
    "6598710432",
    "7659821043",
    "8765932104",
    "9876543210",
)
"""Multiplication in the dihedral group of order ten (J. Verhoeff, 1969)."""
_PERMUTED = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)
"""The permutation of a digit by its place from the right, with period eight."""
_INVERSE = "0432156789"
_SEPARATORS = str.maketrans("", "", " \t\r\n\u00a0-\u2010\u2011\u2012\u2013")
_FIELD = "fayda_number"


class FaydaNumberKind(StrEnum):
    """Which of Fayda's numbers a person typed."""

    FAN = "fan"
    """16 digits, the revocable alias (MOSIP VID), preferred with relying parties."""
    FIN = "fin"
    """12 digits, permanent and private (MOSIP UIN)."""


DIGITS_BY_KIND = {FaydaNumberKind.FAN: 16, FaydaNumberKind.FIN: 12}
"""How many digits a number of each kind has, check digit included."""


@dataclass(frozen=True, kw_only=True, repr=False)
class FaydaNumber:
    """A number whose length and checksum hold. Made by :func:`check_fayda_number`.

    Attributes:
        kind: FAN or FIN.
        digits: digits only; private data, hidden from ``repr``.
    """

    kind: FaydaNumberKind
    digits: str

    def __post_init__(self) -> None:
        expected = DIGITS_BY_KIND[self.kind]
        if len(self.digits) != expected or not verhoeff_holds(digits=self.digits):
            raise ValueError(f"{self.kind}: {expected} digits whose Verhoeff checksum holds")

    @property
    def last_four(self) -> str:
        """The four digits by which a person recognises the number."""
        return self.digits[-4:]

    def __repr__(self) -> str:
        return f"FaydaNumber(kind={self.kind.value!r}, digits=<hidden>)"


def check_fayda_number(*, text: str) -> FaydaNumber:
    """Read a FAN or FIN as a person types it; spaces and hyphens do not count.

    Raises:
        Refusal: ``fayda_number_length`` unless 16 (FAN) or 12 (FIN) digits are left,
            ``fayda_number_checksum`` when the last digit is not the Verhoeff check digit.
    """
    digits = text.translate(_SEPARATORS)
    kind = next((kind for kind, length in DIGITS_BY_KIND.items() if length == len(digits)), None)
    if kind is None or not _only_digits(digits):
        raise Refusal(
            "fayda_number_length",
            "fayda_number: a FAN has 16 digits and a FIN has 12; check it and type it again",
            field=_FIELD,
        )
    if not verhoeff_holds(digits=digits):
        raise Refusal(
            "fayda_number_checksum",
            "fayda_number: the check digit does not fit; one of the digits is mistyped",
            field=_FIELD,
        )
    return FaydaNumber(kind=kind, digits=digits)


def verhoeff_digit(*, digits: str) -> str:
    """The check digit to append: ``"236"`` gives ``"3"``.

    Raises:
        ValueError: something other than the digits 0 to 9 is in the text.
    """
    return _INVERSE[_verhoeff_fold(digits + "0")]


def verhoeff_holds(*, digits: str) -> bool:
    """Whether the last digit is the check digit of those before it; False for non-digits."""
    return _only_digits(digits) and _verhoeff_fold(digits) == 0


def _verhoeff_fold(digits: str) -> int:
    if not _only_digits(digits):
        raise ValueError("digits: only 0 to 9")
    folded = 0
    for place, digit in enumerate(reversed(digits)):
        folded = int(_TIMES_IN_D5[folded][int(_PERMUTED[place % 8][int(digit)])])
    return folded


def _only_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
