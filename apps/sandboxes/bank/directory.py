"""Participants of the transfer system: BIC and account length (providers.md 4.6).

The lengths come from one public bank list; Ethiopia has no IBAN.
"""

ACCOUNT_LENGTHS: dict[str, int] = {
    "CBETETAA": 13,  # Commercial Bank of Ethiopia
    "AWINETAA": 14,  # Awash
    "DASHETAA": 13,  # Dashen
    "ABYSETAA": 8,  # Abyssinia
    "ABAYETAA": 16,  # Abay
    "BERHETAA": 13,  # Berhan
    "UNTDETAA": 16,  # Hibret
    "LIBSETAA": 9,  # Lion
    "NIBIETAA": 13,  # Nib
    "ORIRETAA": 12,  # Oromia
    "WEGAETAA": 13,  # Wegagen
    "ZEMEETAA": 16,  # Zemen
    "ABSCETAA": 15,  # Addis International
    "DEGAETAA": 13,  # Global
    "AHUUETAA": 10,  # Ahadu
}


def account_length(*, bic: str) -> int | None:
    """Digits of an account at the bank with this BIC (branch part ignored); None if unknown."""
    return ACCOUNT_LENGTHS.get(bic[:8])
