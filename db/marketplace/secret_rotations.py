"""The secrets of a merchant's webhook, sealed: the first, and each that came after it."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update

from db.kernel.encryption import EncryptedColumn, Keyring, find_data_key
from db.kernel.engine import ReadSession, WriteSession
from db.marketplace.merchants import read_webhook, require_merchant
from db.marketplace.tables import Merchant, WebhookRotation
from meqenet.errors import Mender, Refusal
from meqenet.marketplace.signing_secrets import Rotation, overlap_end, signing_at

_SECRET: Final = EncryptedColumn(table="webhook_rotations", name="secret_sealed")


async def read_rotations(
    *, session: ReadSession, keyring: Keyring, merchant: Merchant
) -> tuple[str, tuple[Rotation, ...]] | None:
    """The endpoint's URL, and all secrets that it ever had, from the first on.

    None where the merchant has given no webhook.
    """
    first = await read_webhook(session=session, keyring=keyring, merchant=merchant)
    if first is None:
        return None
    found = [
        Rotation(
            number=0,
            secret=first.secret,
            at=merchant.registered_at,
            overlap_until=merchant.registered_at,
        )
    ]
    rows = await session.scalars(
        select(WebhookRotation)
        .where(WebhookRotation.merchant_id == merchant.merchant_id)
        .order_by(WebhookRotation.number)
    )
    key = await find_data_key(session=session, keyring=keyring, person_id=merchant.merchant_id)
    found.extend(
        Rotation(
            number=row.number,
            secret=_SECRET.open(key=key, sealed=row.secret_sealed),
            at=row.rotated_at,
            overlap_until=row.overlap_until,
        )
        for row in rows
    )
    return first.url, tuple(found)


async def rotate(
    *,
    session: WriteSession,
    keyring: Keyring,
    merchant_id: str,
    rotation_id: str,
    secret: str,
    overlap: timedelta,
    at: datetime,
) -> tuple[Rotation, ...]:
    """Put a new secret on file; under a rotation's id for the second time, nothing changes.

    Args:
        session: one transaction.
        keyring: keys of private columns.
        merchant_id: whose.
        rotation_id: whoever asks makes it.
        secret: the new one, unless this rotation has one already.
        overlap: how long the old one signs too.
        at: now.

    Returns:
        All rotations up to this one, which is the last.

    Raises:
        Refusal: ``merchant_unknown``; ``webhook_missing``: no webhook, no secret; and as
            :func:`meqenet.marketplace.signing_secrets.overlap_end`.
    """
    rotations = await _locked(session=session, keyring=keyring, merchant_id=merchant_id)
    known = await session.scalar(
        select(WebhookRotation.number).where(
            WebhookRotation.merchant_id == merchant_id, WebhookRotation.rotation_id == rotation_id
        )
    )
    if known is not None:
        return tuple(each for each in rotations if each.number <= known)
    made = Rotation(
        number=rotations[-1].number + 1,
        secret=secret,
        at=at,
        overlap_until=overlap_end(
            rotated_at=at,
            overlap=overlap,
            overlapping=len(signing_at(rotations=rotations, at=at)) - 1,
        ),
    )
    key = await find_data_key(session=session, keyring=keyring, person_id=merchant_id)
    session.add(
        WebhookRotation(
            merchant_id=merchant_id,
            number=made.number,
            rotation_id=rotation_id,
            secret_sealed=_SECRET.seal(key=key, text=secret),
            rotated_at=at,
            overlap_until=made.overlap_until,
        )
    )
    await session.flush()
    return (*rotations, made)


async def end_overlap(
    *, session: WriteSession, keyring: Keyring, merchant_id: str, at: datetime
) -> tuple[Rotation, ...]:
    """From now on the newest secret signs alone; where it does already, nothing changes.

    Returns:
        All rotations, as they are now.

    Raises:
        Refusal: ``merchant_unknown``; ``webhook_missing``.
    """
    await _locked(session=session, keyring=keyring, merchant_id=merchant_id)
    await session.execute(
        update(WebhookRotation)
        .where(WebhookRotation.merchant_id == merchant_id, WebhookRotation.overlap_until > at)
        .values(overlap_until=at)
    )
    return await _locked(session=session, keyring=keyring, merchant_id=merchant_id)


async def require_rotations(
    *, session: ReadSession, keyring: Keyring, merchant_id: str
) -> tuple[Rotation, ...]:
    """All secrets of a merchant's webhook, from the first on.

    Raises:
        Refusal: ``merchant_unknown``; ``webhook_missing``.
    """
    merchant = await require_merchant(session=session, merchant_id=merchant_id)
    found = await read_rotations(session=session, keyring=keyring, merchant=merchant)
    if found is None:
        raise Refusal(
            "webhook_missing",
            "webhook: none is on file for you; ask us to add one",
            mender=Mender.MEQENET,
        )
    return found[1]


async def _locked(
    *, session: WriteSession, keyring: Keyring, merchant_id: str
) -> tuple[Rotation, ...]:
    """The same, while nobody else changes them."""
    await session.get(Merchant, merchant_id, with_for_update=True)
    return await require_rotations(session=session, keyring=keyring, merchant_id=merchant_id)
