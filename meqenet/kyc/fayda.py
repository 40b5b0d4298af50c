"""What Fayda tells of a person, in our own words. All of it is private and hidden from ``repr``."""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, kw_only=True)
class IdentityClaims:
    """Verified userinfo of one Fayda login.

    Attributes:
        subject: Fayda's pairwise token for this person and us.
        individual_id: the FAN or FIN that the person typed, digits only.
        name: full name, English when offered.
        birth_date: Gregorian.
        phone: as enrolled, normalised to 2519…/2517… when it is an Ethiopian mobile.
        gender: as Fayda spells it, if shared.
    """

    subject: str = field(repr=False)
    individual_id: str = field(repr=False)
    name: str = field(repr=False)
    birth_date: date = field(repr=False)
    phone: str | None = field(default=None, repr=False)
    gender: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class AuthorizationRequest:
    """One login at Fayda: values that we make, keep and compare on return."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    ui_locale: str = "en"


@dataclass(frozen=True, kw_only=True)
class AuthorizationReturn:
    """What came back to our redirect URI for that login, with what we kept."""

    code: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
