"""What the auth domain can be asked: the keys of merchants and of staff."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from activities.contracts.step import Nothing, Step


@dataclass(frozen=True, kw_only=True)
class IssueKey:
    """Store a merchant's new API key: its public id and its secret's hash, never the key."""

    merchant_id: str
    key_id: str
    secret_hash: str
    label: str
    sandbox: bool
    at: datetime


@dataclass(frozen=True, kw_only=True)
class RevokeKey:
    """End a key; a request under it is refused from then on."""

    merchant_id: str
    key_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class IssueStaffKey:
    """Store a new key of a member of staff: its public id and its secret's hash, never the key.

    ``role`` is a :class:`meqenet.auth.roles.Role`; ``staff_id`` is derived from the handle.
    """

    staff_id: str
    handle: str
    role: str
    key_id: str
    secret_hash: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class RevokeStaffKeys:
    """End every key of a member of staff; a request under one is refused from then on."""

    staff_id: str
    at: datetime


ISSUE_KEY = Step(name="auth.issue_key", command=IssueKey, result=Nothing)
REVOKE_KEY = Step(name="auth.revoke_key", command=RevokeKey, result=Nothing)
ISSUE_STAFF_KEY = Step(name="auth.issue_staff_key", command=IssueStaffKey, result=Nothing)
REVOKE_STAFF_KEYS = Step(name="auth.revoke_staff_keys", command=RevokeStaffKeys, result=Nothing)


class AuthSteps(Protocol):
    """The auth domain's steps."""

    async def issue_key(self, command: IssueKey) -> Nothing:
        """Idempotent by key id; the same id with another hash is refused (``key_id_taken``)."""
        ...

    async def revoke_key(self, command: RevokeKey) -> Nothing:
        """Idempotent."""
        ...

    async def issue_staff_key(self, command: IssueStaffKey) -> Nothing:
        """Idempotent by key id; the same id with another content is refused (``key_id_taken``)."""
        ...

    async def revoke_staff_keys(self, command: RevokeStaffKeys) -> Nothing:
        """Idempotent. Refused for somebody who never had a key (``staff_unknown``)."""
        ...
