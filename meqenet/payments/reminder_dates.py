"""Dates as customers read them: the Gregorian day with the Ethiopian one beside it."""

from datetime import date
from typing import Final

from meqenet.calendar import to_ethiopian
from meqenet.payments.reminders import Language

_GREGORIAN: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_ETHIOPIAN: Final = {
    Language.ENGLISH: (
        *("Meskerem", "Tikimt", "Hidar", "Tahsas", "Tir", "Yekatit", "Megabit"),
        *("Miyazya", "Ginbot", "Sene", "Hamle", "Nehase", "Pagume"),
    ),
    Language.AMHARIC: (
        *("መስከረም", "ጥቅምት", "ኅዳር", "ታኅሣሥ", "ጥር", "የካቲት", "መጋቢት"),
        *("ሚያዝያ", "ግንቦት", "ሰኔ", "ሐምሌ", "ነሐሴ", "ጳጉሜ"),
    ),
}


def in_both_calendars(*, on: date, language: Language) -> str:
    """``15 Dec 2026 (6 Tahsas 2019 E.C.)``; in Amharic the Ethiopian date stands first."""
    there = to_ethiopian(on=on)
    month = _ETHIOPIAN[language][there.month - 1]
    if language is Language.AMHARIC:
        return f"{month} {there.day} ቀን {there.year} ዓ.ም ({on:%d/%m/%Y})"
    gregorian = f"{on.day} {_GREGORIAN[on.month - 1]} {on.year}"
    return f"{gregorian} ({there.day} {month} {there.year} E.C.)"
