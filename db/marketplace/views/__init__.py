"""What others may be shown of the marketplace store."""

from dataclasses import dataclass
from datetime import datetime

from db.kernel.engine import ReadSession
from db.marketplace.tables import Merchant, Order, OrderState
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class MerchantView:
    """A merchant, without its secret."""

    merchant_id: str
    name: str
    webhook_url: str | None
    registered_at: datetime


@dataclass(frozen=True, kw_only=True)
class OrderView:
    """An order and where it stands."""

    plan_id: str
    merchant_id: str
    reference: str
    amount: Money
    description: str
    state: OrderState
    placed_at: datetime
    closed_at: datetime | None


async def find_merchant(*, session: ReadSession, merchant_id: str) -> MerchantView | None:
    """The merchant of that id, if there is one."""
    row = await session.get(Merchant, merchant_id)
    if row is None:
        return None
    return MerchantView(
        merchant_id=row.merchant_id,
        name=row.name,
        webhook_url=row.webhook_url,
        registered_at=row.registered_at,
    )


async def find_order(*, session: ReadSession, plan_id: str) -> OrderView | None:
    """The order that a plan is to pay, if it was placed."""
    row = await session.get(Order, plan_id)
    if row is None:
        return None
    return OrderView(
        plan_id=row.plan_id,
        merchant_id=row.merchant_id,
        reference=row.reference,
        amount=row.amount_santim,
        description=row.description,
        state=row.state,
        placed_at=row.placed_at,
        closed_at=row.closed_at,
    )
