"""A plan in this store: its lock, and its part of the event log."""

from datetime import datetime

from sqlalchemy import func, select

from db.kernel.engine import WriteSession
from db.kernel.events import NewEvent, append
from meqenet.event_types import EventData
from meqenet.settlement.payouts import plan_and_number_of


async def lock_plan(*, session: WriteSession, plan_id: str) -> None:
    """Let no other transaction write to this plan's settlement until this one has ended."""
    key = func.hashtextextended(f"settlement:{plan_id}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(key)))


async def tell(
    *,
    session: WriteSession,
    payout_id: str,
    data: EventData,
    at: datetime,
    heard: int | None = None,
) -> None:
    """Append an event to the plan's stream. ``heard``: the answer behind it."""
    plan_id, _ = plan_and_number_of(payout_id=payout_id)
    suffix = data.event_type if heard is None else f"heard-{heard}"
    event = NewEvent.of(event_id=f"{payout_id}-{suffix}", stream=plan_id, data=data, at=at)
    await append(session=session, event=event)
