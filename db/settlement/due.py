"""Merchants whose day has something to close."""

from datetime import datetime

from sqlalchemy import select, union

from db.kernel.engine import ReadSession
from db.settlement.tables import MerchantPayout, SettlementLine


async def merchants_due(
    *, session: ReadSession, at: datetime, after: str, limit: int
) -> tuple[str, ...]:
    """Merchants with lines available in real time, or a payout that is not finished.

    Args:
        session: the written store.
        at: the instant by which lines must be available.
        after: go on behind this merchant.
        limit: how many.
    """
    with_lines = select(SettlementLine.merchant_id).where(
        SettlementLine.clock_id == "",
        SettlementLine.payout_id.is_(None),
        SettlementLine.available_at <= at,
        SettlementLine.merchant_id > after,
    )
    under_way = select(MerchantPayout.merchant_id).where(
        MerchantPayout.clock_id == "",
        MerchantPayout.finished_at.is_(None),
        MerchantPayout.merchant_id > after,
    )
    both = union(with_lines, under_way).subquery()
    found = await session.scalars(
        select(both.c.merchant_id).order_by(both.c.merchant_id).limit(limit)
    )
    return tuple(found)
