"""What others may be shown of the auth store."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from db.auth.tables import ApiKey, StaffKey
from db.kernel.engine import ReadSession
from meqenet.auth.roles import Role


@dataclass(frozen=True, kw_only=True)
class StoredKey:
    """A key on file; compare with :func:`meqenet.auth.keys.secret_matches`."""

    key_id: str
    merchant_id: str
    secret_hash: str = field(repr=False)
    sandbox: bool
    revoked_at: datetime | None


async def find_key(*, session: ReadSession, key_id: str) -> StoredKey | None:
    """The key of that id, revoked or not; None when there is none."""
    key = await session.get(ApiKey, key_id)
    if key is None:
        return None
    return StoredKey(
        key_id=key.key_id,
        merchant_id=key.merchant_id,
        secret_hash=key.secret_hash,
        sandbox=key.sandbox,
        revoked_at=key.revoked_at,
    )


@dataclass(frozen=True, kw_only=True)
class StoredStaffKey:
    """A key of a member of staff on file."""

    key_id: str
    staff_id: str
    handle: str
    role: Role
    secret_hash: str = field(repr=False)
    issued_at: datetime
    revoked_at: datetime | None


async def find_staff_key(*, session: ReadSession, key_id: str) -> StoredStaffKey | None:
    """The staff key of that id, revoked or not; None when there is none."""
    key = await session.get(StaffKey, key_id)
    return None if key is None else _staff_key(key)


async def staff_keys(*, session: ReadSession) -> tuple[StoredStaffKey, ...]:
    """Every staff key that was ever issued, by handle and then by age."""
    found = await session.scalars(
        select(StaffKey).order_by(StaffKey.handle, StaffKey.issued_at, StaffKey.key_id)
    )
    return tuple(_staff_key(key) for key in found)


def _staff_key(key: StaffKey) -> StoredStaffKey:
    return StoredStaffKey(
        key_id=key.key_id,
        staff_id=key.staff_id,
        handle=key.handle,
        role=key.role,
        secret_hash=key.secret_hash,
        issued_at=key.issued_at,
        revoked_at=key.revoked_at,
    )
