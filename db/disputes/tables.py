"""Tables of the disputes store. Words and files are sealed under the data key of their case."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    MetaData,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from db.kernel.columns import COLUMN_TYPES, NAMING, Access
from meqenet.disputes.complaint_states import (
    AnswerOutcome,
    ClockStep,
    Closing,
    ComplaintCategory,
    ComplaintChannel,
    ComplaintDeed,
    ComplaintState,
    Escalation,
)
from meqenet.disputes.dispute_states import DisputeKind, Move, Outcome, Stage
from meqenet.disputes.evidence import ContentType, Side
from meqenet.disputes.policies import PolicyKind
from meqenet.money import Money


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """All tables of this store."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = COLUMN_TYPES


class DeadlinePolicy(Base):
    """A version of how long complaints, or the stages of disputes, may take."""

    __tablename__ = "deadline_policies"
    __table_args__ = Access.READ_ONLY.table

    kind: Mapped[PolicyKind] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    effective_from: Mapped[date]
    document: Mapped[dict[str, Any]]


class OfficeDay(Base):
    """A day on which offices are open or closed otherwise than the calendar says."""

    __tablename__ = "office_days"
    __table_args__ = Access.READ_WRITE.table

    day: Mapped[date] = mapped_column(primary_key=True)
    is_open: Mapped[bool]
    why: Mapped[str]


class Complaint(Base):
    """A complaint as it stands. ``text_index``: tells whether a repetition says the same."""

    __tablename__ = "complaints"
    __table_args__ = (
        Index(None, "plan_id"),
        Index(None, "received_at"),
        Index("ix_complaints_under_way", "received_at", postgresql_where=text("closed_at IS NULL")),
        CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)"
            " AND (closed_at IS NULL) = (closing IS NULL)",
            name="closed_with_a_reason",
        ),
        Access.READ_WRITE.table,
    )

    tracking_number: Mapped[str] = mapped_column(primary_key=True)
    plan_id: Mapped[str]
    merchant_id: Mapped[str]
    language: Mapped[str]
    channel: Mapped[ComplaintChannel]
    category: Mapped[ComplaintCategory]
    received_by: Mapped[str]
    received_at: Mapped[datetime]
    text_index: Mapped[bytes]
    test_clock_id: Mapped[str | None]
    state: Mapped[ComplaintState] = mapped_column(default=ComplaintState.RECEIVED)
    escalation: Mapped[Escalation] = mapped_column(default=Escalation.NONE)
    round_number: Mapped[int] = mapped_column(default=1)
    policy_version: Mapped[int | None] = mapped_column(default=None)
    assignee: Mapped[str | None] = mapped_column(default=None)
    closed_at: Mapped[datetime | None] = mapped_column(default=None)
    closing: Mapped[Closing | None] = mapped_column(default=None)


class ComplaintRound(Base):
    """The way to one answer: the first, or the second once the customer came back to it."""

    __tablename__ = "complaint_rounds"
    __table_args__ = (
        ForeignKeyConstraint(["tracking_number"], ["complaints.tracking_number"]),
        CheckConstraint("number IN (1, 2)", name="reopened_once"),
        CheckConstraint(
            "(answered_at IS NULL) = (outcome IS NULL)"
            " AND (answered_at IS NULL) = (in_time IS NULL)"
            " AND (answered_at IS NULL) = (reopen_until IS NULL)",
            name="answered_with_an_outcome",
        ),
        Index(None, "answered_at"),
        Access.READ_WRITE.table,
    )

    tracking_number: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    began_at: Mapped[datetime]
    due_on: Mapped[date]
    clock_step: Mapped[ClockStep | None] = mapped_column(default=None)
    answered_at: Mapped[datetime | None] = mapped_column(default=None)
    outcome: Mapped[AnswerOutcome | None] = mapped_column(default=None)
    in_time: Mapped[bool | None] = mapped_column(default=None)
    reopen_until: Mapped[datetime | None] = mapped_column(default=None)


class ComplaintText(Base):
    """What was said: 1 the complaint, 2 the answer, 3 what speaks against it, 4 the last answer."""

    __tablename__ = "complaint_texts"
    __table_args__ = (
        ForeignKeyConstraint(["tracking_number"], ["complaints.tracking_number"]),
        Access.APPEND_ONLY.table,
    )

    tracking_number: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    language: Mapped[str]
    text_sealed: Mapped[bytes]
    by: Mapped[str]
    at: Mapped[datetime]


class ComplaintDeedDone(Base):
    """Who did what with a complaint, and why. ``content_index``: of all that was asked for."""

    __tablename__ = "complaint_deeds"
    __table_args__ = (
        ForeignKeyConstraint(["tracking_number"], ["complaints.tracking_number"]),
        UniqueConstraint("tracking_number", "number"),
        Access.APPEND_ONLY.table,
    )

    tracking_number: Mapped[str] = mapped_column(primary_key=True)
    deed_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    kind: Mapped[ComplaintDeed]
    who: Mapped[str]
    why: Mapped[str]
    assigned_to: Mapped[str | None]
    at: Mapped[datetime]
    content_index: Mapped[bytes]


class Dispute(Base):
    """A dispute as it stands."""

    __tablename__ = "disputes"
    __table_args__ = (
        CheckConstraint("amount_santim > 0", name="about_something"),
        CheckConstraint(
            "(stage = 'decided') = (outcome IS NOT NULL)"
            " AND (outcome IS NULL) = (decided_at IS NULL)"
            " AND (outcome IS NULL) = (due_at IS NOT NULL)",
            name="decided_with_an_outcome",
        ),
        CheckConstraint("settled_at IS NULL OR outcome IS NOT NULL", name="settled_once_decided"),
        UniqueConstraint("plan_id", "number"),
        Index(None, "merchant_id"),
        Index("ix_disputes_unsettled", "dispute_id", postgresql_where=text("settled_at IS NULL")),
        Access.READ_WRITE.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    dispute_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    merchant_id: Mapped[str]
    kind: Mapped[DisputeKind]
    amount_santim: Mapped[Money]
    policy_version: Mapped[int]
    opened_by: Mapped[str]
    opened_at: Mapped[datetime]
    stage: Mapped[Stage]
    stage_began_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    outcome: Mapped[Outcome | None] = mapped_column(default=None)
    decided_at: Mapped[datetime | None] = mapped_column(default=None)
    test_clock_id: Mapped[str | None] = mapped_column(default=None)
    late_since: Mapped[datetime | None] = mapped_column(default=None)
    """Since when its review is late."""
    settled_at: Mapped[datetime | None] = mapped_column(default=None)
    """When its plan had followed the outcome."""


class DisputeMove(Base):
    """What has brought a dispute on: who, why, and where to."""

    __tablename__ = "dispute_moves"
    __table_args__ = (
        ForeignKeyConstraint(
            ["plan_id", "dispute_id"], ["disputes.plan_id", "disputes.dispute_id"]
        ),
        Access.APPEND_ONLY.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    dispute_id: Mapped[str] = mapped_column(primary_key=True)
    move_id: Mapped[str] = mapped_column(primary_key=True)
    move: Mapped[Move]
    stage: Mapped[Stage]
    by: Mapped[str | None]
    why: Mapped[str | None]
    at: Mapped[datetime]


class EvidenceFile(Base):
    """A file. ``added_at`` null: it was brought in, and is no evidence of the dispute yet."""

    __tablename__ = "evidence_files"
    __table_args__ = (
        CheckConstraint("length(sha256) = 32", name="hash_is_sha256"),
        CheckConstraint("size_bytes > 0", name="not_empty"),
        CheckConstraint("(side IS NULL) = (added_at IS NULL)", name="added_by_a_side"),
        Access.READ_WRITE.table,
    )

    plan_id: Mapped[str] = mapped_column(primary_key=True)
    evidence_id: Mapped[str] = mapped_column(primary_key=True)
    dispute_id: Mapped[str]
    content_type: Mapped[ContentType]
    size_bytes: Mapped[int]
    sha256: Mapped[bytes]
    content_sealed: Mapped[bytes]
    brought_by: Mapped[str]
    brought_at: Mapped[datetime]
    side: Mapped[Side | None] = mapped_column(default=None)
    added_at: Mapped[datetime | None] = mapped_column(default=None)
