"""Orders: placed when a plan is to pay them, closed with their outcome."""

from datetime import datetime

from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append
from db.kernel.once import insert_once
from db.marketplace.tables import Order, OrderState
from meqenet.errors import Defect, Mender, Refusal
from meqenet.marketplace.events import OrderClosed, OrderOutcome, OrderPlaced
from meqenet.money import Money


async def place_order(
    *,
    session: WriteSession,
    plan_id: str,
    merchant_id: str,
    reference: str,
    amount: Money,
    description: str,
    return_url: str | None,
    at: datetime,
) -> None:
    """Put the order on file; the same one again changes nothing.

    Raises:
        Refusal: ``order_differs``: the plan, or the merchant's reference, is another order's.
    """
    content = {
        "plan_id": plan_id,
        "merchant_id": merchant_id,
        "reference": reference,
        "amount_santim": amount,
        "description": description,
    }
    row = {**content, "return_url": return_url, "state": OrderState.OPEN, "placed_at": at}
    if not await insert_once(session=session, table=Order, values=row):
        stored = await session.get(Order, plan_id)
        if stored is None or {name: getattr(stored, name) for name in content} != content:
            raise Refusal(
                "order_differs",
                "reference: an order is on file under it with other content",
                mender=Mender.MERCHANT,
                field="reference",
            )
        return
    await append(
        session=session,
        event=NewEvent.of(
            event_id=f"{plan_id}-order-placed",
            stream=plan_id,
            data=OrderPlaced(merchant_id=merchant_id, reference=reference, amount=amount),
            at=at,
        ),
    )


async def find_order(*, session: ReadSession, plan_id: str) -> Order | None:
    """The order that a plan is to pay, if it was placed."""
    return await session.get(Order, plan_id)


async def close_order(
    *, session: WriteSession, plan_id: str, outcome: OrderState, at: datetime
) -> None:
    """Store the outcome; the same one again changes nothing.

    Raises:
        Defect: ``order_missing``; ``order_outcome_differs``: it ended otherwise.
    """
    order = await session.get(Order, plan_id, with_for_update=True)
    if order is None:
        raise Defect("order_missing", f"{plan_id}: its order was never placed")
    if order.state is outcome:
        return
    if order.state is not OrderState.OPEN or outcome is OrderState.OPEN:
        raise Defect(
            "order_outcome_differs", f"{plan_id}: its order is {order.state}, not {outcome}"
        )
    order.state, order.closed_at = outcome, at
    await append(
        session=session,
        event=NewEvent.of(
            event_id=f"{plan_id}-order-closed",
            stream=plan_id,
            data=OrderClosed(merchant_id=order.merchant_id, outcome=OrderOutcome(outcome)),
            at=at,
        ),
    )
