"""What can happen to the keys of merchants and staff. No event holds a key, or its hash."""

from dataclasses import dataclass
from typing import Final

from meqenet.event_types import EventData, EventTypes, types_of


@dataclass(frozen=True, kw_only=True)
class KeyIssued(EventData):
    """A merchant was given an API key."""

    event_type = "key_issued"
    key_id: str
    """The public part of the key."""
    sandbox: bool
    """A test key, which moves no real money."""


@dataclass(frozen=True, kw_only=True)
class KeyRevoked(EventData):
    """A key was ended: it opens nothing any more."""

    event_type = "key_revoked"
    key_id: str
    """The public part of the key."""


@dataclass(frozen=True, kw_only=True)
class StaffKeyIssued(EventData):
    """A member of staff was given a key."""

    event_type = "staff_key_issued"
    key_id: str
    """The public part of the key."""
    role: str
    """What the key allows: support, supervisor, finance or operator."""


@dataclass(frozen=True, kw_only=True)
class StaffKeyRevoked(EventData):
    """A key of a member of staff was ended: it opens nothing any more."""

    event_type = "staff_key_revoked"
    key_id: str
    """The public part of the key."""


EVENT_TYPES: Final = EventTypes(
    domain="auth", types=types_of((KeyIssued, KeyRevoked, StaffKeyIssued, StaffKeyRevoked))
)
"""Every event of the domain."""
