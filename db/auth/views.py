"""What others may be shown of the auth store."""

from dataclasses import dataclass, field
from datetime import datetime

from db.auth.tables import ApiKey
from db.kernel.engine import ReadSession


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
