"""A dispute's clock: what is due by now, counted anew; and what of disputes is left to do."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import select

from db.disputes.deadlines import closed_days, dispute_policy
from db.disputes.disputes import Made, held_dispute, record_outcome, tell
from db.disputes.tables import Dispute
from db.kernel.engine import ReadSession, WriteSession
from meqenet.disputes.dispute_events import (
    DisputeDeadlineMoved,
    DisputeReviewOverdue,
    DisputeSettled,
)
from meqenet.disputes.dispute_rules import stage_due_at
from meqenet.disputes.dispute_states import Move, Stage
from meqenet.errors import Defect

_NOT_TAKEN_UP: Final = "it was put on file, and its plan has not taken it up"


async def follow_clock(
    *, session: WriteSession, dispute_id: str, holidays: Collection[date], at: datetime
) -> Dispute:
    """Do what is due by now. Holidays are announced late, so the days are counted again before.

    A merchant who has not answered has lost; a review that is late is an alarm, and decides
    nothing. What was put on file and never taken up by its plan is withdrawn.

    Raises:
        Refusal: ``dispute_unknown``.
    """
    row = await held_dispute(session=session, dispute_id=dispute_id)
    if row.due_at is None:
        return row
    await _count_again(session=session, row=row, holidays=holidays, at=at)
    if row.due_at > at:
        return row
    match row.stage:
        case Stage.OPENED:
            return await _end(session, row, Move.CUSTOMER_WITHDRAWS, why=_NOT_TAKEN_UP, at=at)
        case Stage.MERCHANT_RESPONSE:
            return await _end(session, row, Move.DEADLINE_PASSES, why=None, at=at)
        case _:
            await _alarm(session=session, row=row, at=at)
            return row


async def settle(*, session: WriteSession, dispute_id: str, at: datetime) -> Dispute:
    """Note that its plan has followed the outcome; again, nothing changes.

    Raises:
        Refusal: ``dispute_unknown``.
        Defect: ``dispute_undecided``.
    """
    row = await held_dispute(session=session, dispute_id=dispute_id)
    if row.settled_at is not None:
        return row
    if row.outcome is None:
        raise Defect("dispute_undecided", f"{dispute_id}: there is nothing to follow yet")
    row.settled_at = at
    await session.flush()
    told = DisputeSettled(dispute_id=dispute_id, outcome=row.outcome)
    await tell(session=session, row=row, name="settled", data=told, at=at)
    return row


async def list_unsettled(
    *, session: ReadSession, after: str | None, limit: int
) -> Sequence[Dispute]:
    """Disputes of which something is left to do, in the order of their ids, behind ``after``."""
    query = select(Dispute).where(Dispute.settled_at.is_(None))
    if after is not None:
        query = query.where(Dispute.dispute_id > after)
    found = await session.scalars(query.order_by(Dispute.dispute_id).limit(limit))
    return list(found)


async def _count_again(
    *, session: WriteSession, row: Dispute, holidays: Collection[date], at: datetime
) -> None:
    if row.late_since is not None:
        return
    policy = await dispute_policy(session=session, version=row.policy_version)
    due_at = stage_due_at(
        policy=policy,
        stage=row.stage,
        began_at=row.stage_began_at,
        closed_on=await closed_days(session=session, holidays=holidays),
    )
    if due_at is None or due_at == row.due_at:
        return
    row.due_at = due_at
    await session.flush()
    told = DisputeDeadlineMoved(dispute_id=row.dispute_id, stage=row.stage, due_at=due_at)
    name = f"due-{row.stage}-{due_at:%Y%m%d}-{at:%Y%m%d%H%M%S}"
    await tell(session=session, row=row, name=name, data=told, at=at)


async def _end(
    session: WriteSession, row: Dispute, move: Move, *, why: str | None, at: datetime
) -> Dispute:
    made = Made(dispute_id=row.dispute_id, move_id="clock", move=move, by=None, why=why)
    return await record_outcome(session=session, made=made, at=at)


async def _alarm(*, session: WriteSession, row: Dispute, at: datetime) -> None:
    if row.late_since is not None or row.due_at is None:
        return
    row.late_since = at
    await session.flush()
    told = DisputeReviewOverdue(dispute_id=row.dispute_id, due_at=row.due_at)
    await tell(session=session, row=row, name="overdue", data=told, at=at)
