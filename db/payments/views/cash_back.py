"""Money that goes back because goods do, as a merchant may see it."""

from dataclasses import dataclass

from sqlalchemy import select

from db.kernel.engine import ReadSession
from db.payments.tables import Refund
from meqenet.money import Money
from meqenet.payments.attempts import OrderState


@dataclass(frozen=True, kw_only=True)
class CashBackView:
    """A refund of one payment; ``cash_back_id``: because of which refund of the order."""

    cash_back_id: str
    refund_id: str
    amount: Money
    state: OrderState


async def cash_back_of(*, session: ReadSession, plan_id: str) -> list[CashBackView]:
    """All of a plan, the oldest first."""
    found = await session.scalars(
        select(Refund)
        .where(Refund.plan_id == plan_id, Refund.cash_back_of.is_not(None))
        .order_by(Refund.opened_at, Refund.refund_id)
    )
    return [
        CashBackView(
            cash_back_id=row.cash_back_of or "",
            refund_id=row.refund_id,
            amount=row.amount_santim,
            state=row.state,
        )
        for row in found
    ]
