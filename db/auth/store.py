"""What the auth store can do: issue and revoke merchants' keys."""

from datetime import datetime

from sqlalchemy import select

from db.auth.tables import ApiKey
from db.kernel.engine import WriteSession
from db.kernel.events import NewEvent, append
from db.kernel.once import insert_once
from meqenet.auth.events import KeyIssued, KeyRevoked
from meqenet.errors import Mender, Refusal


async def issue_key(
    *,
    session: WriteSession,
    merchant_id: str,
    key_id: str,
    secret_hash: str,
    label: str,
    sandbox: bool,
    at: datetime,
) -> None:
    """Store a key; the same key again changes nothing.

    Raises:
        Refusal: ``key_id_taken``: the id is another key's.
    """
    content = {
        "merchant_id": merchant_id,
        "secret_hash": secret_hash,
        "label": label,
        "sandbox": sandbox,
    }
    row = {"key_id": key_id, "issued_at": at, **content}
    if not await insert_once(session=session, table=ApiKey, values=row):
        stored = await session.get_one(ApiKey, key_id)
        if {name: getattr(stored, name) for name in content} != content:
            raise Refusal("key_id_taken", "key_id: another key has this id", mender=Mender.MEQENET)
        return
    await append(
        session=session,
        event=NewEvent.of(
            event_id=f"{key_id}-issued",
            stream=merchant_id,
            data=KeyIssued(key_id=key_id, sandbox=sandbox),
            at=at,
        ),
    )


async def revoke_key(*, session: WriteSession, merchant_id: str, key_id: str, at: datetime) -> None:
    """End a key; ending it again changes nothing.

    Raises:
        Refusal: ``key_unknown``: the merchant has no such key.
    """
    key = await session.scalar(
        select(ApiKey)
        .where(ApiKey.key_id == key_id, ApiKey.merchant_id == merchant_id)
        .with_for_update()
    )
    if key is None:
        raise Refusal("key_unknown", "key_id: the merchant has no such key", mender=Mender.MERCHANT)
    if key.revoked_at is not None:
        return
    key.revoked_at = at
    await append(
        session=session,
        event=NewEvent.of(
            event_id=f"{key_id}-revoked",
            stream=merchant_id,
            data=KeyRevoked(key_id=key_id),
            at=at,
        ),
    )
