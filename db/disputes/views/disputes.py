"""Disputes as they stand, with what was done and brought. The files' bytes are read elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from db.disputes.tables import Dispute, DisputeMove, EvidenceFile
from db.kernel.engine import ReadSession
from meqenet.disputes.dispute_ids import dispute_id as dispute_id_of
from meqenet.disputes.dispute_states import DisputeKind, Move, Outcome, Stage
from meqenet.disputes.evidence import ContentType, Side
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class DisputeView:
    """A dispute as it stands. ``due_at`` None: nobody is waited for any more."""

    plan_id: str
    dispute_id: str
    number: int
    merchant_id: str
    kind: DisputeKind
    amount: Money
    opened_by: str
    opened_at: datetime
    stage: Stage
    stage_began_at: datetime
    due_at: datetime | None
    outcome: Outcome | None
    decided_at: datetime | None
    late_since: datetime | None
    settled_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class DisputeCounts:
    """How many disputes wait, by stage; and of how many the review is late."""

    by_stage: Mapping[Stage, int]
    late: int


@dataclass(frozen=True, kw_only=True)
class MoveView:
    """What has brought a dispute on. ``move_id`` is that of who asked for it."""

    move_id: str
    move: Move
    stage: Stage
    by: str | None
    why: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class EvidenceView:
    """A file of a dispute, without its bytes. ``side`` None: it is no evidence yet."""

    evidence_id: str
    side: Side | None
    content_type: ContentType
    size_bytes: int
    sha256: bytes
    brought_by: str
    brought_at: datetime


async def disputes_of(*, session: ReadSession, plan_id: str) -> tuple[DisputeView, ...]:
    """A plan's disputes, the first one first."""
    found = await session.scalars(
        select(Dispute).where(Dispute.plan_id == plan_id).order_by(Dispute.number)
    )
    return tuple(_view(row) for row in found)


async def find_dispute(*, session: ReadSession, plan_id: str, number: int) -> DisputeView | None:
    """A dispute of a plan, if there is one of the number."""
    dispute_id = dispute_id_of(plan_id=plan_id, number=number)
    row = await session.get(Dispute, (plan_id, dispute_id))
    return None if row is None else _view(row)


async def list_open_disputes(*, session: ReadSession, limit: int) -> tuple[DisputeView, ...]:
    """Disputes that wait for somebody: those whose review is late first, then by deadline."""
    found = await session.scalars(
        select(Dispute)
        .where(Dispute.outcome.is_(None))
        .order_by(Dispute.late_since.is_(None), Dispute.due_at, Dispute.dispute_id)
        .limit(limit)
    )
    return tuple(_view(row) for row in found)


async def count_open_disputes(*, session: ReadSession) -> DisputeCounts:
    """How many wait for somebody now."""
    found = await session.execute(
        select(Dispute.stage, func.count(), func.count(Dispute.late_since))
        .where(Dispute.outcome.is_(None))
        .group_by(Dispute.stage)
    )
    by_stage, late = {stage: 0 for stage in Stage if not stage.is_final}, 0
    for stage, count, of_them_late in found:
        by_stage[stage] = count
        late += of_them_late
    return DisputeCounts(by_stage=by_stage, late=late)


async def moves_of(*, session: ReadSession, plan_id: str, dispute_id: str) -> tuple[MoveView, ...]:
    """All that has brought a dispute on, in order."""
    found = await session.scalars(
        select(DisputeMove)
        .where(DisputeMove.plan_id == plan_id, DisputeMove.dispute_id == dispute_id)
        .order_by(DisputeMove.at, DisputeMove.move_id)
    )
    return tuple(
        MoveView(
            move_id=row.move_id,
            move=row.move,
            stage=row.stage,
            by=row.by,
            why=row.why,
            at=row.at,
        )
        for row in found
    )


async def evidence_of(
    *, session: ReadSession, plan_id: str, dispute_id: str
) -> tuple[EvidenceView, ...]:
    """A dispute's files in the order in which they came."""
    found = await session.execute(
        select(
            EvidenceFile.evidence_id,
            EvidenceFile.side,
            EvidenceFile.content_type,
            EvidenceFile.size_bytes,
            EvidenceFile.sha256,
            EvidenceFile.brought_by,
            EvidenceFile.brought_at,
        )
        .where(EvidenceFile.plan_id == plan_id, EvidenceFile.dispute_id == dispute_id)
        .order_by(EvidenceFile.brought_at, EvidenceFile.evidence_id)
    )
    return tuple(
        EvidenceView(
            evidence_id=row.evidence_id,
            side=row.side,
            content_type=row.content_type,
            size_bytes=row.size_bytes,
            sha256=row.sha256,
            brought_by=row.brought_by,
            brought_at=row.brought_at,
        )
        for row in found
    )


def _view(row: Dispute) -> DisputeView:
    return DisputeView(
        plan_id=row.plan_id,
        dispute_id=row.dispute_id,
        number=row.number,
        merchant_id=row.merchant_id,
        kind=row.kind,
        amount=row.amount_santim,
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        stage=row.stage,
        stage_began_at=row.stage_began_at,
        due_at=row.due_at,
        outcome=row.outcome,
        decided_at=row.decided_at,
        late_since=row.late_since,
        settled_at=row.settled_at,
    )
