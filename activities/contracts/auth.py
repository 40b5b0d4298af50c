"""What the auth domain can be asked: merchants' keys."""

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


ISSUE_KEY = Step(name="auth.issue_key", command=IssueKey, result=Nothing)
REVOKE_KEY = Step(name="auth.revoke_key", command=RevokeKey, result=Nothing)


class AuthSteps(Protocol):
    """The auth domain's steps."""

    async def issue_key(self, command: IssueKey) -> Nothing:
        """Idempotent by key id; the same id with another hash is refused (``key_id_taken``)."""
        ...

    async def revoke_key(self, command: RevokeKey) -> Nothing:
        """Idempotent."""
        ...
