"""The payouts of many plans at once, for those who compare them with other books."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from db.kernel.engine import ReadSession
from db.kernel.tables import events
from db.settlement.tables import Payout, Settlement
from meqenet.money import Money
from meqenet.settlement.payouts import PayoutState

_PER_PAGE: Final = 2000


@dataclass(frozen=True, kw_only=True)
class PayoutRow:
    """A settlement of a plan, and the order to the bank that pays it.

    ``state`` None: scheduled, and not sent yet. ``changed_at``: when the bank's last word came.
    """

    plan_id: str
    payout_id: str
    merchant_id: str
    net: Money
    amount: Money | None
    state: PayoutState | None
    changed_at: datetime | None


async def read_payouts(
    *, session: ReadSession, plan_ids: Sequence[str]
) -> dict[str, list[PayoutRow]]:
    """All payouts of these plans, the first of each plan first."""
    wanted = any_(literal(list(plan_ids), ARRAY(Text)))
    query = _payouts().where(Settlement.plan_id == wanted)
    found: dict[str, list[PayoutRow]] = {}
    for settlement, payout in await session.execute(
        query.order_by(Settlement.plan_id, Settlement.number)
    ):
        found.setdefault(settlement.plan_id, []).append(_row(settlement, payout))
    return found


async def settled_payouts(
    *,
    session: ReadSession,
    plan_id: str | None = None,
    changed_since: datetime | None = None,
) -> AsyncIterator[PayoutRow]:
    """Every payout that the bank has settled, one after the other.

    Args:
        session: read while the payouts are taken.
        plan_id: of this plan only.
        changed_since: only of plans of which something was recorded then or later.
    """
    query = _payouts().where(Payout.state == PayoutState.SETTLED)
    if plan_id is not None:
        query = query.where(Settlement.plan_id == plan_id)
    if changed_since is not None:
        changed = select(events.c.stream).where(events.c.recorded_at >= changed_since)
        query = query.where(Settlement.plan_id.in_(changed))
    in_order = query.order_by(Settlement.plan_id, Settlement.number)
    async for settlement, payout in await session.stream(
        in_order.execution_options(yield_per=_PER_PAGE)
    ):
        yield _row(settlement, payout)


def _payouts() -> Select[Settlement, Payout]:
    return select(Settlement, Payout).outerjoin(
        Payout,
        (Payout.plan_id == Settlement.plan_id) & (Payout.payout_id == Settlement.payout_id),
    )


def _row(settlement: Settlement, payout: Payout | None) -> PayoutRow:
    return PayoutRow(
        plan_id=settlement.plan_id,
        payout_id=settlement.payout_id,
        merchant_id=settlement.merchant_id,
        net=settlement.net_santim,
        amount=None if payout is None else payout.amount_santim,
        state=None if payout is None else payout.state,
        changed_at=None if payout is None else payout.changed_at,
    )
