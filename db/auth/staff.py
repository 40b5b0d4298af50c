"""What the auth store can do for staff: issue their keys, and revoke them all at once."""

from datetime import datetime

from sqlalchemy import select

from db.auth.tables import StaffKey
from db.kernel.engine import WriteSession
from db.kernel.events import NewEvent, append
from db.kernel.once import insert_once
from meqenet.auth.events import StaffKeyIssued, StaffKeyRevoked
from meqenet.auth.roles import Role
from meqenet.errors import Mender, Refusal


async def issue_staff_key(
    *,
    session: WriteSession,
    staff_id: str,
    handle: str,
    role: Role,
    key_id: str,
    secret_hash: str,
    at: datetime,
) -> None:
    """Store a key; the same key again changes nothing.

    Raises:
        Refusal: ``key_id_taken``: the id is another key's.
    """
    content = {"staff_id": staff_id, "handle": handle, "role": role, "secret_hash": secret_hash}
    row = {"key_id": key_id, "issued_at": at, **content}
    if not await insert_once(session=session, table=StaffKey, values=row):
        stored = await session.get_one(StaffKey, key_id)
        if {name: getattr(stored, name) for name in content} != content:
            raise Refusal("key_id_taken", "key_id: another key has this id", mender=Mender.MEQENET)
        return
    await append(
        session=session,
        event=NewEvent.of(
            event_id=f"{key_id}-issued",
            stream=staff_id,
            data=StaffKeyIssued(key_id=key_id, role=role),
            at=at,
        ),
    )


async def revoke_staff_keys(*, session: WriteSession, staff_id: str, at: datetime) -> None:
    """End every key of a member of staff; ending them again changes nothing.

    Raises:
        Refusal: ``staff_unknown``: nobody of that id was ever given a key.
    """
    keys = await session.scalars(
        select(StaffKey)
        .where(StaffKey.staff_id == staff_id)
        .order_by(StaffKey.issued_at, StaffKey.key_id)
        .with_for_update()
    )
    found = list(keys)
    if not found:
        text = "handle: no member of staff of that handle was given a key"
        raise Refusal("staff_unknown", text, mender=Mender.MEQENET, field="handle")
    for key in found:
        if key.revoked_at is not None:
            continue
        key.revoked_at = at
        await append(
            session=session,
            event=NewEvent.of(
                event_id=f"{key.key_id}-revoked",
                stream=staff_id,
                data=StaffKeyRevoked(key_id=key.key_id),
                at=at,
            ),
        )
