"""What can happen to the identity check of a plan's customer. Nothing of the person is told."""

from dataclasses import dataclass
from typing import Final

from meqenet.event_types import EventData, EventTypes, types_of


@dataclass(frozen=True, kw_only=True)
class VerificationOpened(EventData):
    """The customer was asked to log in at Fayda."""

    event_type = "verification_opened"
    attempt: int
    """Which login of the plan it is, from 1."""
    consent_version: str
    """The text that the customer agreed to."""


@dataclass(frozen=True, kw_only=True)
class IdentityVerified(EventData):
    """Fayda said who the customer is, and it is who applied."""

    event_type = "identity_verified"
    attempt: int
    """Which login of the plan it is, from 1."""
    customer_id: str
    """Our own id of the person, the same in all of their plans."""
    consent_version: str
    """The text that the customer agreed to."""


@dataclass(frozen=True, kw_only=True)
class VerificationClosed(EventData):
    """A login ended without an identity."""

    event_type = "verification_closed"
    attempt: int
    """Which login of the plan it is, from 1."""
    code: str
    """Why: a stable code."""


EVENT_TYPES: Final = EventTypes(
    domain="kyc", types=types_of((VerificationOpened, IdentityVerified, VerificationClosed))
)
"""Every event of the domain."""
