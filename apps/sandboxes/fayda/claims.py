"""A person's claims in eSignet's spelling (providers.md §3.6)."""

import base64
import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from apps.sandboxes.fayda.people import Person

_GENDERS: Final = {"Male": {"en": "Male", "am": "ወንድ"}, "Female": {"en": "Female", "am": "ሴት"}}
CLAIMS_BY_SCOPE: Final = {
    "profile": ("name", "gender", "birthdate"),
    "email": ("email",),
    "phone": ("phone_number",),
}
"""What a scope stands for when the request has no ``claims``."""
KNOWN_CLAIMS: Final = frozenset(
    {
        "address",
        "birthdate",
        "email",
        "gender",
        "individual_id",
        "name",
        "phone_number",
        # known to Fayda, never held by a person of this sandbox:
        "family_name",
        "given_name",
        "middle_name",
        "nationality",
        "picture",
    }
)


def pairwise_subject(*, individual_id: str, relying_party: str) -> str:
    """``sub``: base64url of SHA3-256 of the number and the relying party."""
    digest = hashlib.sha3_256((individual_id + relying_party).encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def claims_of(
    *, person: Person, individual_id: str, accepted: Collection[str], locales: Sequence[str]
) -> dict[str, object]:
    """The accepted claims that the authority holds; those it does not hold are left out.

    Args:
        person: who logged in.
        individual_id: the number that was typed.
        accepted: names of claims.
        locales: languages in the order asked for; with two, ``name`` becomes ``name#en`` and
            ``name#am``.
    """
    held: dict[str, object] = {
        **_localised("name", person.names, locales=locales),
        **_localised("gender", _GENDERS.get(person.gender or "", {}), locales=locales),
        "birthdate": person.birth_date.strftime("%Y/%m/%d") if person.birth_date else None,
        "phone_number": person.phone,
        "email": person.email,
        "address": dict(person.address) or None,
        "individual_id": individual_id,
    }
    return {
        name: value
        for name, value in held.items()
        if value is not None and name.partition("#")[0] in accepted
    }


def _localised(name: str, texts: Mapping[str, str], *, locales: Sequence[str]) -> Mapping[str, str]:
    """Plain for one language, suffixed for more (§3.6, suffix rule)."""
    wanted = [locale for locale in locales if locale in texts] or list(texts)[:1]
    if len(wanted) == 1:
        return {name: texts[wanted[0]]}
    return {f"{name}#{locale}": texts[locale] for locale in wanted}
