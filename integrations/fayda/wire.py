"""Fayda's claims in our own words (providers.md §3.6)."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from integrations.fayda.errors import claims_missing
from meqenet.errors import Defect, Refusal
from meqenet.kyc.fayda import IdentityClaims
from meqenet.kyc.phones import normalise_msisdn

_LANGUAGES: Final = ("en", "eng", "am", "amh")
"""Suffixes of localised claims, ``name#en``, in our order of preference."""
_NAME_PARTS: Final = ("given_name", "middle_name", "family_name")
_DATE: Final = re.compile(r"([0-9]{4})[/-]([0-9]{2})[/-]([0-9]{2})")


def read_claims(claims: Mapping[str, object]) -> IdentityClaims:
    """A person from verified userinfo.

    Raises:
        Refusal: ``identity_claims_missing`` naming the claims that were not shared.
        Defect: a claim is there but not in a form that Fayda documents; no value is shown.
    """
    subject = _text(claims, "sub")
    name = _name(claims)
    born = _text(claims, "birthdate")
    individual_id = re.sub(r"[\s-]", "", _text(claims, "individual_id") or "")
    needed = {"name": name, "birthdate": born, "individual_id": individual_id}
    missing = tuple(claim for claim, value in needed.items() if not value)
    if missing:
        raise claims_missing(names=missing)
    if not (individual_id.isascii() and individual_id.isdigit()):
        raise _malformed("individual_id")
    return IdentityClaims(
        subject=subject or "",
        individual_id=individual_id,
        name=name or "",
        birth_date=_date(born or ""),
        phone=_phone(_text(claims, "phone_number")),
        gender=_localised(claims, "gender"),
    )


def _name(claims: Mapping[str, object]) -> str | None:
    whole = _localised(claims, "name")
    if whole:
        return whole
    parts = [part for part in (_localised(claims, name) for name in _NAME_PARTS) if part]
    return " ".join(parts) or None


def _localised(claims: Mapping[str, object], name: str) -> str | None:
    """``name``, or with more than one locale ``name#en`` and so on, English first."""
    spellings = (name, *(f"{name}#{language}" for language in _LANGUAGES))
    return next((text for text in (_text(claims, key) for key in spellings) if text), None)


def _text(claims: Mapping[str, object], name: str) -> str | None:
    value = claims.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise _malformed(name)
    return value.strip() or None


def _date(text: str) -> date:
    """``YYYY/MM/DD`` as MOSIP writes it, or with hyphens; Gregorian."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise _malformed("birthdate")
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError:
        raise _malformed("birthdate") from None


def _phone(text: str | None) -> str | None:
    """Normal form of an Ethiopian mobile; any other number as enrolled."""
    if text is None:
        return None
    try:
        return normalise_msisdn(text=text)
    except Refusal:
        return text


def _malformed(name: str) -> Defect:
    return Defect(
        "fayda_claim_malformed",
        f"Fayda's claim {name} is not in a documented form",
        facts={"claim": name},
    )
