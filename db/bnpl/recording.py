"""A plan's events: appended to its log, and applied to its rows in the same transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from db.bnpl.opening import new_plan_event
from db.bnpl.projection import apply
from db.bnpl.tables import Installment, Plan, PlanProcess
from db.kernel.engine import WriteSession
from db.kernel.events import append
from db.kernel.tables import events
from meqenet.bnpl.events import PlanEvent
from meqenet.bnpl.replay_events import PaymentsReplayed
from meqenet.bnpl.states import PlanState, check_plan_replayed, check_transition
from meqenet.errors import Defect


@dataclass(frozen=True, kw_only=True)
class Recording:
    """An event, and what the plan's view shows after it."""

    plan_id: str
    sequence: int
    event: PlanEvent
    state: PlanState
    next_action: Mapping[str, Any] | None
    next_step: str
    next_step_at: datetime | None
    at: datetime


async def record(*, session: WriteSession, recording: Recording) -> None:
    """Store one event under its number; the same again changes nothing.

    Raises:
        Defect: ``plan_missing``, ``event_differs``, ``event_out_of_sequence``, or a transition
            that the plan's states forbid.
    """
    plan = await session.get(Plan, recording.plan_id, with_for_update=True)
    if plan is None:
        raise Defect("plan_missing", f"{recording.plan_id} is not in the store")
    is_repeat = await session.scalar(
        select(events.c.stream_sequence).where(
            events.c.stream == recording.plan_id,
            events.c.stream_sequence == recording.sequence,
        )
    )
    event = recording.event
    await append(
        session=session,
        expected_sequence=recording.sequence,
        event=new_plan_event(
            plan_id=recording.plan_id,
            sequence=recording.sequence,
            event=event,
            state=recording.state,
            at=recording.at,
        ),
    )
    if is_repeat is not None:
        return
    is_replay = isinstance(event, PaymentsReplayed)
    check = check_plan_replayed if is_replay else check_transition
    check(before=plan.state, after=recording.state)
    if plan.state is PlanState.COMPLETED and recording.state is not plan.state:
        await _reopen(session, plan_id=recording.plan_id)
    rows = await session.scalars(
        select(Installment)
        .where(Installment.plan_id == recording.plan_id)
        .order_by(Installment.number)
    )
    session.add_all(apply(event=event, plan=plan, installments=list(rows)))
    plan.state = recording.state
    plan.next_action = None if recording.next_action is None else dict(recording.next_action)
    plan.next_step = recording.next_step
    plan.next_step_at = recording.next_step_at
    plan.changed_at = recording.at


async def _reopen(session: WriteSession, *, plan_id: str) -> None:
    """The plan's process has work again: it is among those that are begun after a loss."""
    process = await session.get_one(PlanProcess, plan_id)
    process.ended_at = None
