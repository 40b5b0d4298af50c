"""Evidence of what a merchant was told."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from db.kernel.engine import WriteSession
from db.marketplace.tables import NoticeDelivery


@dataclass(frozen=True, kw_only=True)
class DeliveryAttempt:
    """One POST of a notice. ``status`` is what the merchant answered; None when it did not."""

    notice_id: str
    merchant_id: str
    plan_id: str
    kind: str
    status: int | None
    delivered: bool
    at: datetime


async def was_delivered(*, session: WriteSession, notice_id: str) -> bool:
    """Whether the merchant has taken this notice."""
    delivery = await session.get(NoticeDelivery, notice_id)
    return delivery is not None and delivery.delivered_at is not None


async def record_attempt(*, session: WriteSession, attempt: DeliveryAttempt) -> None:
    """Count the attempt and keep its answer; once delivered, a notice stays delivered."""
    delivered_at = attempt.at if attempt.delivered else None
    first = insert(NoticeDelivery).values(
        notice_id=attempt.notice_id,
        merchant_id=attempt.merchant_id,
        plan_id=attempt.plan_id,
        kind=attempt.kind,
        attempt_count=1,
        status=attempt.status,
        attempted_at=attempt.at,
        delivered_at=delivered_at,
    )
    await session.execute(
        first.on_conflict_do_update(
            index_elements=["notice_id"],
            set_={
                "attempt_count": NoticeDelivery.attempt_count + 1,
                "status": first.excluded.status,
                "attempted_at": first.excluded.attempted_at,
                "delivered_at": func.coalesce(
                    NoticeDelivery.delivered_at, first.excluded.delivered_at
                ),
            },
        )
    )
