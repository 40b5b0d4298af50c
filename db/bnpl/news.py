"""What merchants are told of plans, by the plans' logs."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, exists, func, or_, select, tuple_

from db.bnpl.tables import Plan, PlanProcess
from db.kernel.engine import ReadSession
from db.kernel.tables import events
from meqenet.bnpl.news import NOTICE_BY_EVENT


@dataclass(frozen=True, kw_only=True, order=True)
class Place:
    """Where a piece of news stands among all of them."""

    recorded_at: datetime
    plan_id: str
    sequence: int


@dataclass(frozen=True, kw_only=True)
class News:
    """What a merchant is told. See :class:`activities.contracts.bnpl.PlanNews`."""

    place: Place
    merchant_id: str
    reference: str
    sequence: int
    kind: str
    at: datetime


async def news_since(
    *, session: ReadSession, since: datetime, after: Place | None, limit: int
) -> tuple[News, ...]:
    """News recorded since an instant of real time, in the order in which it was recorded.

    What the plan's newest event says is left out while its process has work left: it is the
    process that tells it, as soon as it has done what belongs to the event.
    """
    told, paid, later = events, events.alias("paid"), events.alias("later")
    # Of an activation with a payment at checkout the merchant is told after both.
    is_activation = told.c.type == "plan_activated"
    at_checkout = and_(
        is_activation,
        paid.c.stream == told.c.stream,
        paid.c.stream_sequence == told.c.stream_sequence + 1,
        paid.c.type == "installment_paid",
    )
    sequence = func.coalesce(paid.c.stream_sequence, told.c.stream_sequence)
    is_past = exists().where(later.c.stream == told.c.stream, later.c.stream_sequence > sequence)
    query = (
        select(
            told.c.recorded_at,
            told.c.stream,
            told.c.stream_sequence,
            told.c.type,
            Plan.merchant_id,
            Plan.reference,
            sequence.label("sequence"),
            func.coalesce(paid.c.effective_at, told.c.effective_at).label("at"),
        )
        .join(Plan, Plan.plan_id == told.c.stream)
        .join(PlanProcess, PlanProcess.plan_id == told.c.stream)
        .outerjoin(paid, at_checkout)
        .where(
            told.c.recorded_at >= (since if after is None else max(since, after.recorded_at)),
            told.c.type.in_(NOTICE_BY_EVENT),
            or_(PlanProcess.ended_at.is_not(None), is_past),
        )
    )
    if after is not None:
        place = tuple_(told.c.recorded_at, told.c.stream, told.c.stream_sequence)
        query = query.where(place > (after.recorded_at, after.plan_id, after.sequence))
    found = await session.execute(
        query.order_by(told.c.recorded_at, told.c.stream, told.c.stream_sequence).limit(limit)
    )
    return tuple(
        News(
            place=Place(
                recorded_at=row.recorded_at, plan_id=row.stream, sequence=row.stream_sequence
            ),
            merchant_id=row.merchant_id,
            reference=row.reference,
            sequence=row.sequence,
            kind=NOTICE_BY_EVENT[row.type],
            at=row.at,
        )
        for row in found
    )
