"""Our attempts and refunds as a provider's statement names them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from db.kernel.engine import ReadSession
from db.kernel.tables import events
from db.payments.tables import Attempt, Refund
from meqenet.identity import wire_id
from meqenet.payments.attempts import OrderState
from meqenet.payments.channels import Channel
from meqenet.payments.orders import plan_on_the_wire
from meqenet.payments.reconciliation import Order, Standing
from meqenet.payments.statement_document import LineKind

IS_BILL: Final = Attempt.channel == Channel.PAY_BILL.value
"""Money that came unasked: a statement has it by its receipt."""
TOLD_OF: Final = {"attempt_succeeded": "attempt_id", "refund_succeeded": "refund_id"}
"""Which field of an event names the order that has moved."""
_STANDING = {OrderState.SUCCEEDED: Standing.MOVED, OrderState.FAILED: Standing.FAILED}


async def find_orders(
    *, session: ReadSession, provider: str, keys: Sequence[str]
) -> tuple[Order, ...]:
    """Our attempts and refunds behind these keys, whatever became of them."""
    plans = {plan for key in keys if (plan := plan_on_the_wire(reference=key)) is not None}
    bills = await session.scalars(
        select(Attempt.plan_id).where(
            IS_BILL, Attempt.receipt == any_(literal(list(keys), ARRAY(Text)))
        )
    )
    wanted = any_(literal(sorted(plans.union(bills)), ARRAY(Text)))
    recorded = await _recorded(session, wanted)
    attempts = await session.scalars(
        select(Attempt).where(Attempt.plan_id == wanted, Attempt.provider == provider)
    )
    refunds = await session.scalars(
        select(Refund)
        .join(
            Attempt,
            (Attempt.plan_id == Refund.plan_id) & (Attempt.attempt_id == Refund.attempt_id),
        )
        .where(Refund.plan_id == wanted, Attempt.provider == provider)
    )
    orders = (
        *(_collected(attempt, recorded) for attempt in attempts),
        *(_returned(refund, recorded) for refund in refunds),
    )
    mine = set(keys)
    return tuple(order for order in orders if order.key in mine)


async def _recorded(session: ReadSession, wanted: ColumnElement[Any]) -> dict[str, datetime]:
    """Since when each order of these plans has been recorded as moved."""
    rows = await session.execute(
        select(events.c.type, events.c.data, events.c.recorded_at).where(
            events.c.stream == wanted, events.c.type.in_(TOLD_OF)
        )
    )
    return {data[TOLD_OF[kind]]: at for kind, data, at in rows}


def key_of(*, attempt: Attempt) -> str:
    """Money that came unasked stands on a statement by its receipt; an order by its own id."""
    if attempt.channel == Channel.PAY_BILL and attempt.receipt is not None:
        return attempt.receipt
    return wire_id(meqenet_id=attempt.attempt_id)


def _collected(attempt: Attempt, recorded: Mapping[str, datetime]) -> Order:
    return Order(
        order_id=attempt.attempt_id,
        key=key_of(attempt=attempt),
        kind=LineKind.PAYMENT,
        amount=attempt.asked_santim,
        standing=_STANDING.get(attempt.state, Standing.OPEN),
        receipt=attempt.receipt,
        moved_since=recorded.get(attempt.attempt_id),
    )


def _returned(refund: Refund, recorded: Mapping[str, datetime]) -> Order:
    return Order(
        order_id=refund.refund_id,
        key=wire_id(meqenet_id=refund.refund_id),
        kind=LineKind.REFUND,
        amount=refund.amount_santim,
        standing=_STANDING.get(refund.state, Standing.OPEN),
        receipt=refund.receipt,
        moved_since=recorded.get(refund.refund_id),
    )
