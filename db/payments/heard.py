"""What was heard of an order, kept word by word, and told when it changed something."""

import hashlib
from datetime import datetime

from sqlalchemy import select

from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append
from db.payments.tables import Answer
from meqenet.errors import Defect
from meqenet.event_chain import canonical_json
from meqenet.event_types import EventData
from meqenet.money import Money
from meqenet.payments.attempts import Finding
from meqenet.payments.orders import plan_of
from meqenet.payments.rail import PaymentAnswer, RailStatus, RefundAnswer


async def keep_answer(
    *,
    session: WriteSession,
    order_id: str,
    answer: PaymentAnswer | RefundAnswer | None,
    source: str | None,
    finding: Finding | None,
    at: datetime,
) -> int | None:
    """Keep an answer as evidence; its number, or None when it repeats the one before.

    Args:
        session: the transaction that holds the plan's lock.
        order_id: the attempt's or the refund's id.
        answer: None when the order was sent and nothing readable came back.
        source: who told us.
        finding: what is wrong with it.
        at: when we heard it.
    """
    plan_id = plan_of(order_id=order_id)
    payment = answer if isinstance(answer, PaymentAnswer) else None
    digest = hashlib.sha256(
        canonical_json(value={"answer": answer, "source": source, "at": at})
    ).digest()
    last = await session.execute(
        select(Answer.number, Answer.digest)
        .where(Answer.plan_id == plan_id, Answer.order_id == order_id)
        .order_by(Answer.number.desc())
        .limit(1)
    )
    number, last_digest = last.one_or_none() or (0, None)
    if digest == last_digest:
        return None
    session.add(
        Answer(
            plan_id=plan_id,
            order_id=order_id,
            number=number + 1,
            digest=digest,
            source=source,
            status=answer.status if answer else None,
            provider_reference=payment.provider_reference if payment else None,
            receipt=answer.receipt if answer else None,
            amount_santim=payment.amount if payment else None,
            failure_code=answer.failure_code if answer else None,
            occurred_at=payment.occurred_at if payment else None,
            heard_at=at,
            finding=finding,
        )
    )
    await session.flush()
    return int(number) + 1


async def tell_change(
    *,
    session: WriteSession,
    order_id: str,
    number: int,
    changed: EventData | None,
    found: EventData | None,
    at: datetime,
) -> None:
    """Append the event of a changed standing, and the event of a finding."""
    for what, data in (("heard", changed), ("finding", found)):
        if data is not None:
            event = NewEvent.of(
                event_id=f"{order_id}-{what}-{number}",
                stream=plan_of(order_id=order_id),
                data=data,
                at=at,
            )
            await append(session=session, event=event)


async def late_money(
    *, session: ReadSession, attempt_id: str, asked: Money
) -> tuple[Money, str | None]:
    """What an attempt has brought although it does not count as paid: amount and receipt.

    The provider may have said so after the attempt had counted as failed, or of another amount.
    """
    found = await session.execute(
        select(Answer.amount_santim, Answer.receipt)
        .where(
            Answer.plan_id == plan_of(order_id=attempt_id),
            Answer.order_id == attempt_id,
            Answer.status == RailStatus.SUCCEEDED,
        )
        .order_by(Answer.number.desc())
        .limit(1)
    )
    row = found.one_or_none()
    if row is None:
        return Money.zero(), None
    return row[0] or asked, row[1]


def require_same_order(*, order_id: str, told_of: str) -> None:
    """Hold an answer to the order that it is recorded for.

    Raises:
        Defect: ``answer_foreign``.
    """
    if told_of != order_id:
        raise Defect("answer_foreign", f"an answer about {told_of} was recorded for {order_id}")
