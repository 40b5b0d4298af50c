"""What can happen to a merchant's keys. No event holds a key, or a hash of one."""

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


EVENT_TYPES: Final = EventTypes(domain="auth", types=types_of((KeyIssued, KeyRevoked)))
"""Every event of the domain."""
