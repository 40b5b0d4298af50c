"""Disputes: opened within the rules, brought on move by move, decided once.

Each change is made under the lock of the plan's stream, with its event in the same transaction;
the same again changes nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import BigInteger, func, select, type_coerce

from db.disputes.deadlines import closed_days, dispute_policy, dispute_policy_on
from db.disputes.tables import Dispute, DisputeMove
from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append, lock_stream
from meqenet.calendar import addis_date
from meqenet.disputes.dispute_events import DisputeDecided, DisputeOpened, DisputeStageReached
from meqenet.disputes.dispute_ids import plan_and_number_of
from meqenet.disputes.dispute_rules import require_disputable, require_open_window, stage_due_at
from meqenet.disputes.dispute_states import DisputeKind, Move, Stage, after
from meqenet.errors import Defect, Mender, Refusal
from meqenet.event_types import EventData
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class NewDispute:
    """A dispute as it is opened.

    Attributes:
        dispute_id: derived from the plan's id by whoever asks.
        amount: how much of the order is disputed.
        captured / refunded: of the order so far, as whoever asks knows it.
        activated_on: the Addis Ababa date on which the plan became active.
        by: who opens it, by an opaque id.
        test_clock_id: by whose time its plan lives; None in real time.
    """

    dispute_id: str
    merchant_id: str
    kind: DisputeKind
    amount: Money
    captured: Money
    refunded: Money
    activated_on: date
    by: str
    test_clock_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Made:
    """A move of a dispute. ``by`` and ``why`` None: its clock."""

    dispute_id: str
    move_id: str
    move: Move
    by: str | None
    why: str | None


async def open_dispute(
    *, session: WriteSession, dispute: NewDispute, holidays: Collection[date], at: datetime
) -> Dispute:
    """Put a dispute on file; the same one again is given as it stands.

    Raises:
        Refusal: ``dispute_differs``: another one has the id; ``dispute_too_late``,
            ``nothing_to_dispute``, ``disputed_amount_invalid``.
        Defect: ``deadline_policy_missing``.
    """
    plan_id, number = plan_and_number_of(dispute_id=dispute.dispute_id)
    await lock_stream(session=session, stream=plan_id)
    said = (dispute.merchant_id, dispute.kind, dispute.amount, dispute.by)
    stored = await session.get(Dispute, (plan_id, dispute.dispute_id))
    if stored is not None:
        if (stored.merchant_id, stored.kind, stored.amount_santim, stored.opened_by) != said:
            text = "dispute_id: another dispute has it"
            raise Refusal("dispute_differs", text, mender=Mender.MEQENET, field="dispute_id")
        return stored
    today = addis_date(at=at)
    policy = await dispute_policy_on(session=session, day=today)
    require_open_window(policy=policy, activated_on=dispute.activated_on, on=today)
    require_disputable(
        amount=dispute.amount,
        captured=dispute.captured,
        refunded=dispute.refunded,
        in_dispute=await in_dispute(session=session, plan_id=plan_id),
    )
    closed = await closed_days(session=session, holidays=holidays)
    due_at = stage_due_at(policy=policy, stage=Stage.OPENED, began_at=at, closed_on=closed)
    if due_at is None:
        raise Defect("dispute_without_deadline", f"{dispute.dispute_id}: nobody is waited for")
    row = Dispute(
        plan_id=plan_id,
        dispute_id=dispute.dispute_id,
        number=number,
        merchant_id=dispute.merchant_id,
        kind=dispute.kind,
        amount_santim=dispute.amount,
        policy_version=policy.version,
        opened_by=dispute.by,
        opened_at=at,
        stage=Stage.OPENED,
        stage_began_at=at,
        due_at=due_at,
        test_clock_id=dispute.test_clock_id,
    )
    session.add(row)
    await session.flush()
    told = DisputeOpened(
        dispute_id=row.dispute_id,
        merchant_id=row.merchant_id,
        kind=row.kind,
        amount=row.amount_santim,
        policy_version=policy.version,
        due_at=due_at,
        by=row.opened_by,
    )
    await tell(session=session, row=row, name="opened", data=told, at=at)
    return row


async def record_stage(
    *, session: WriteSession, made: Made, holidays: Collection[date], at: datetime
) -> Dispute:
    """Bring a dispute to its next stage; the same move again changes nothing.

    Raises:
        Refusal: ``dispute_unknown``, ``dispute_move_impossible``, ``dispute_move_differs``.
        Defect: ``dispute_move_decides``: it is an outcome, and to be recorded as one.
    """
    row, is_new = await _moved(session, made, decides=False, at=at)
    if not is_new:
        return row
    policy = await dispute_policy(session=session, version=row.policy_version)
    closed = await closed_days(session=session, holidays=holidays)
    due_at = stage_due_at(policy=policy, stage=row.stage, began_at=at, closed_on=closed)
    if due_at is None:
        raise Defect("dispute_without_deadline", f"{row.dispute_id}: nobody is waited for")
    row.stage_began_at, row.due_at = at, due_at
    await session.flush()
    told = DisputeStageReached(
        dispute_id=row.dispute_id,
        stage=row.stage,
        move=made.move,
        due_at=due_at,
        by=made.by,
        why=made.why,
    )
    await tell(session=session, row=row, name=made.move_id, data=told, at=at)
    return row


async def record_outcome(*, session: WriteSession, made: Made, at: datetime) -> Dispute:
    """Decide a dispute; the same move again changes nothing.

    Raises:
        Refusal: as :func:`record_stage`.
        Defect: ``dispute_move_decides``: it decides nothing, and is to be recorded as a stage.
    """
    row, is_new = await _moved(session, made, decides=True, at=at)
    if not is_new or row.outcome is None:
        return row
    await session.flush()
    told = DisputeDecided(
        dispute_id=row.dispute_id,
        outcome=row.outcome,
        move=made.move,
        amount=row.amount_santim,
        by=made.by,
        why=made.why,
    )
    await tell(session=session, row=row, name=made.move_id, data=told, at=at)
    return row


async def in_dispute(*, session: ReadSession, plan_id: str) -> Money:
    """What the open disputes of a plan are about, together."""
    santim = await session.scalar(
        select(func.coalesce(func.sum(type_coerce(Dispute.amount_santim, BigInteger)), 0)).where(
            Dispute.plan_id == plan_id, Dispute.outcome.is_(None)
        )
    )
    # PostgreSQL sums BIGINT as NUMERIC.
    return Money(int(santim or 0))


async def held_dispute(*, session: WriteSession, dispute_id: str) -> Dispute:
    """A dispute that nobody else changes until the transaction has ended.

    Raises:
        Refusal: ``dispute_unknown``.
    """
    plan_id, _ = plan_and_number_of(dispute_id=dispute_id)
    await lock_stream(session=session, stream=plan_id)
    row = await session.get(Dispute, (plan_id, dispute_id))
    if row is None:
        text = "dispute_id: there is no such dispute"
        raise Refusal("dispute_unknown", text, mender=Mender.MEQENET, field="dispute_id")
    return row


async def tell(
    *, session: WriteSession, row: Dispute, name: str, data: EventData, at: datetime
) -> None:
    """Append an event to the plan's stream, under an id that a repeat finds again."""
    event = NewEvent.of(event_id=f"{row.dispute_id}-{name}", stream=row.plan_id, data=data, at=at)
    await append(session=session, event=event)


async def _moved(
    session: WriteSession, made: Made, *, decides: bool, at: datetime
) -> tuple[Dispute, bool]:
    """The dispute after the move; and whether it was made just now."""
    row = await held_dispute(session=session, dispute_id=made.dispute_id)
    done = await session.get(DisputeMove, (row.plan_id, row.dispute_id, made.move_id))
    if done is not None:
        if (done.move, done.by, done.why) != (made.move, made.by, made.why):
            text = "move: another one was made under this id"
            raise Refusal("dispute_move_differs", text, mender=Mender.MEQENET)
        return row, False
    place = after(stage=row.stage, move=made.move)
    if place.stage.is_final is not decides:
        raise Defect("dispute_move_decides", f"{made.move} brings a dispute to {place.stage}")
    row.stage, row.outcome = place.stage, place.outcome
    if place.outcome is not None:
        _end(row, at=at)
    session.add(
        DisputeMove(
            plan_id=row.plan_id,
            dispute_id=row.dispute_id,
            move_id=made.move_id,
            move=made.move,
            stage=place.stage,
            by=made.by,
            why=made.why,
            at=at,
        )
    )
    return row, True


def _end(row: Dispute, *, at: datetime) -> None:
    row.stage_began_at, row.decided_at, row.due_at = at, at, None
