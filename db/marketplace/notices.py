"""Evidence of what a merchant was told."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert

from db.kernel.encryption import Keyring
from db.kernel.engine import ReadSession, WriteSession
from db.marketplace.merchants import read_webhook, require_merchant
from db.marketplace.tables import Merchant, NoticeDelivery
from meqenet.marketplace.webhooks import Webhook


@dataclass(frozen=True, kw_only=True)
class NoticeTry:
    """One POST of a notice.

    ``number`` counts from 1; ``status`` is what the merchant answered, None when it did not.
    """

    notice_id: str
    merchant_id: str
    plan_id: str
    kind: str
    number: int
    status: int | None
    delivered: bool
    at: datetime


async def status_taken_with(*, session: ReadSession, notice_id: str) -> int | None:
    """The HTTP status with which the merchant has taken this notice; None while it has not."""
    delivery = await session.get(NoticeDelivery, notice_id)
    if delivery is None or delivery.delivered_at is None:
        return None
    return delivery.status


async def settled_among(
    *, session: ReadSession, notice_ids: Collection[str], tries_max: int
) -> frozenset[str]:
    """Those of the notices that were delivered, or given up after ``tries_max`` tries."""
    found = await session.scalars(
        select(NoticeDelivery.notice_id).where(
            NoticeDelivery.notice_id.in_(notice_ids),
            or_(
                NoticeDelivery.delivered_at.is_not(None),
                NoticeDelivery.attempt_count >= tries_max,
            ),
        )
    )
    return frozenset(found)


async def listening_among(*, session: ReadSession, merchant_ids: Collection[str]) -> frozenset[str]:
    """Those of the merchants that have given a webhook."""
    found = await session.scalars(
        select(Merchant.merchant_id).where(
            Merchant.merchant_id.in_(merchant_ids), Merchant.webhook_url.is_not(None)
        )
    )
    return frozenset(found)


async def find_webhook(
    *, session: ReadSession, keyring: Keyring, merchant_id: str
) -> Webhook | None:
    """Where to send a merchant's notices, with the secret; None where none are wanted.

    Raises:
        Refusal: ``merchant_unknown``.
    """
    merchant = await require_merchant(
        session=session,
        merchant_id=merchant_id,
    )
    return await read_webhook(
        session=session,
        keyring=keyring,
        merchant=merchant,
    )


async def record_try(*, session: WriteSession, made: NoticeTry) -> None:
    """Keep what the latest try came to; the same try again, or an earlier one, changes nothing.

    Once delivered, a notice stays as it is. A delivery is taken down whatever its number, so that
    a workflow that was begun anew, and counts from 1 again, cannot lose one.
    """
    first = insert(NoticeDelivery).values(
        notice_id=made.notice_id,
        merchant_id=made.merchant_id,
        plan_id=made.plan_id,
        kind=made.kind,
        attempt_count=made.number,
        status=made.status,
        attempted_at=made.at,
        delivered_at=made.at if made.delivered else None,
    )
    told = first.excluded
    await session.execute(
        first.on_conflict_do_update(
            index_elements=["notice_id"],
            set_={
                "attempt_count": func.greatest(NoticeDelivery.attempt_count, told.attempt_count),
                "status": told.status,
                "attempted_at": told.attempted_at,
                "delivered_at": told.delivered_at,
            },
            where=NoticeDelivery.delivered_at.is_(None)
            & or_(
                told.attempt_count > NoticeDelivery.attempt_count,
                told.delivered_at.is_not(None),
            ),
        )
    )
