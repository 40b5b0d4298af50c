"""People whom the sandbox knows from the start; docs/sandboxes/fayda.md lists them.

FANs are ``60000000000`` + four digits that choose the case + the Verhoeff check digit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from meqenet.kyc.numbers import verhoeff_digit


class Conduct(StrEnum):
    """What a login of this person does."""

    ORDINARY = "ordinary"
    """It works."""
    BLOCKED = "blocked"
    """``individual_id_blocked`` at send-otp and authenticate."""
    OTP_WRONG = "otp_wrong"
    """Every OTP is wrong: ``auth_failed``."""
    WITHHOLDS_CONSENT = "withholds_consent"
    """Never consents: back to the redirect URI with ``error=consent_request_rejected``."""
    USERINFO_LATE = "userinfo_late"
    """Userinfo is answered after three seconds."""
    TOKEN_BUSY_ONCE = "token_busy_once"  # noqa: S105 - an outcome, not a secret
    """The first token request of each login is answered 503; nothing has happened then."""
    WRONG_KEY = "wrong_key"
    """Userinfo names a published key and is signed with another."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Someone enrolled. Private values stay out of ``repr``.

    Attributes:
        fan: 16 digits, or None.
        fin: 12 digits, or None; at least one of the two is there.
        names: full name by language, ``en`` and perhaps ``am``.
        birth_date: Gregorian; None: the authority does not share it.
        phone: as enrolled, in whatever form; None: none enrolled.
    """

    fan: str | None = field(default=None, repr=False)
    fin: str | None = field(default=None, repr=False)
    names: Mapping[str, str] = field(repr=False)
    birth_date: date | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    gender: str | None = field(default=None, repr=False)
    address: Mapping[str, str] = field(default_factory=dict, repr=False)
    conduct: Conduct = Conduct.ORDINARY

    @property
    def number(self) -> str:
        """The FAN, or the FIN of a person without one."""
        number = self.fan or self.fin
        if number is None:
            raise ValueError("fan: a person has a FAN, a FIN, or both")
        return number


def well_known_fan(*, case: int) -> str:
    """The FAN of a case: 16 digits that hold."""
    body = f"60000000000{case:04d}"
    return body + verhoeff_digit(digits=body)


def well_known_fin(*, case: int) -> str:
    """The FIN of the same person: 12 digits that hold."""
    body = f"6000000{case:04d}"
    return body + verhoeff_digit(digits=body)


def _someone(
    case: int,
    english: str,
    amharic: str,
    born: date | None,
    phone: str | None,
    gender: str,
    conduct: Conduct = Conduct.ORDINARY,
) -> Person:
    return Person(
        fan=well_known_fan(case=case),
        fin=well_known_fin(case=case),
        names={"en": english, "am": amharic},
        birth_date=born,
        phone=phone,
        email=f"case{case}@example.com",
        gender=gender,
        address={"region": "Addis Ababa", "zone": "Bole", "woreda": "03"},
        conduct=conduct,
    )


_BORN: Final = date(1991, 3, 9)
_MAN: Final = "Male"
_WOMAN: Final = "Female"

WELL_KNOWN_PEOPLE: Final[Mapping[str, Person]] = {
    "abebe": _someone(
        1, "Abebe Bekele Tesfaye", "አበበ በቀለ ተስፋዬ", date(1990, 5, 14), "0900000301", _MAN
    ),
    "almaz": _someone(
        2, "Almaz Desta Wolde", "አልማዝ ደስታ ወልደ", date(1985, 11, 2), "+251900000302", _WOMAN
    ),
    "chaltu": _someone(
        3, "Chaltu Gemechu Tolera", "ጫልቱ ገመቹ ቶለራ", date(1998, 1, 27), "0700000303", _WOMAN
    ),
    "dawit": _someone(
        4, "Dawit Haile Mariam", "ዳዊት ኃይለ ማርያም", date(1979, 9, 12), "251900000304", _MAN
    ),
    "hana": _someone(
        5, "Hana Girma Assefa", "ሐና ግርማ አሰፋ", date(2001, 7, 8), "+251 900 000 305", _WOMAN
    ),
    "mohammed": _someone(
        6, "Mohammed Ahmed Nur", "መሐመድ አሕመድ ኑር", date(1993, 2, 28), "0700000306", _MAN
    ),
    "tigist": _someone(
        7, "Tigist Alemu Bogale", "ትዕግስት አለሙ ቦጋለ", date(1988, 12, 19), "900000307", _WOMAN
    ),
    "yonas": _someone(8, "Yonas Kebede Lemma", "ዮናስ ከበደ ለማ", date(1996, 2, 29), "0900000308", _MAN),
    "minor": _someone(
        101, "Bethel Solomon Tadesse", "ቤቴል ሰለሞን ታደሰ", date(2018, 2, 10), "0900000309", _WOMAN
    ),
    "blocked": _someone(
        201, "Girma Wolde Senbet", "ግርማ ወልደ ሰንበት", _BORN, "0900000310", _MAN, Conduct.BLOCKED
    ),
    "otp_wrong": _someone(
        202, "Lidya Fekadu Abate", "ሊድያ ፈቃዱ አባተ", _BORN, "0900000311", _WOMAN, Conduct.OTP_WRONG
    ),
    "withholds_consent": _someone(
        203,
        "Meseret Tadele Worku",
        "መሠረት ታደለ ወርቁ",
        _BORN,
        "0900000312",
        _WOMAN,
        Conduct.WITHHOLDS_CONSENT,
    ),
    "userinfo_late": _someone(
        204, "Nardos Taye Mulu", "ናርዶስ ታዬ ሙሉ", _BORN, "0900000313", _WOMAN, Conduct.USERINFO_LATE
    ),
    "token_busy_once": _someone(
        205, "Robel Zewdu Ayele", "ሮቤል ዘውዱ አየለ", _BORN, "0900000314", _MAN, Conduct.TOKEN_BUSY_ONCE
    ),
    "wrong_key": _someone(
        206, "Selam Berhanu Asfaw", "ሰላም ብርሃኑ አስፋው", _BORN, "0900000315", _WOMAN, Conduct.WRONG_KEY
    ),
    "phone_missing": _someone(207, "Tesfaye Lema Oda", "ተስፋዬ ለማ ኦዳ", _BORN, None, _MAN),
    "birthdate_missing": _someone(
        208, "Zenebech Abera Roba", "ዘነበች አበራ ሮባ", None, "0900000317", _WOMAN
    ),
}
"""By a name for the case. Every OTP is ``111111``."""
