"""What can happen to a dispute. What the sides say, and their files, stay out."""

from dataclasses import dataclass
from datetime import datetime

from meqenet.disputes.dispute_states import DisputeKind, Move, Outcome, Stage
from meqenet.disputes.evidence import ContentType, Side
from meqenet.event_types import EventData
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class DisputeOpened(EventData):
    """A customer disputes an order, or a part of it."""

    event_type = "dispute_opened"
    dispute_id: str
    """The dispute: its plan's id and a number."""
    merchant_id: str
    """Whose order it is."""
    kind: DisputeKind
    """What is disputed."""
    amount: Money
    """How much of the order."""
    policy_version: int
    """The version of the policy that says how long each stage may take."""
    due_at: datetime
    """By when the merchant is asked."""
    by: str
    """Who has opened it, by an opaque id."""


@dataclass(frozen=True, kw_only=True)
class DisputeStageReached(EventData):
    """A dispute came to its next stage."""

    event_type = "dispute_stage_reached"
    dispute_id: str
    """The dispute."""
    stage: Stage
    """The stage that it has reached."""
    move: Move
    """What has brought it there."""
    due_at: datetime
    """From when on whoever is waited for is late."""
    by: str | None
    """Who acted, by an opaque id; null: its clock."""
    why: str | None
    """The reason given."""


@dataclass(frozen=True, kw_only=True)
class DisputeEvidenceAdded(EventData):
    """A side has added a file."""

    event_type = "dispute_evidence_added"
    dispute_id: str
    """The dispute."""
    evidence_id: str
    """The file: its dispute's id and a number."""
    side: Side
    """Whose evidence it is."""
    content_type: ContentType
    """What the file is, by its content."""
    size_bytes: int
    """How large it is."""
    sha256: str
    """The SHA-256 of its bytes, in hexadecimal."""
    by: str
    """Who has added it, by an opaque id."""


@dataclass(frozen=True, kw_only=True)
class DisputeDecided(EventData):
    """A dispute is over."""

    event_type = "dispute_decided"
    dispute_id: str
    """The dispute."""
    outcome: Outcome
    """How it ended."""
    move: Move
    """What has ended it."""
    amount: Money
    """The disputed part of the order."""
    by: str | None
    """Who has ended it, by an opaque id; null: its clock."""
    why: str | None
    """The reason given."""


@dataclass(frozen=True, kw_only=True)
class DisputeDeadlineMoved(EventData):
    """A day became a holiday, or a working day: whoever is waited for has another last day."""

    event_type = "dispute_deadline_moved"
    dispute_id: str
    """The dispute."""
    stage: Stage
    """Where it stands."""
    due_at: datetime
    """From when on whoever is waited for is late."""


@dataclass(frozen=True, kw_only=True)
class DisputeReviewOverdue(EventData):
    """The decision is late: an alarm for staff. Nothing is decided by it."""

    event_type = "dispute_review_overdue"
    dispute_id: str
    """The dispute."""
    due_at: datetime
    """Since when it is late."""


@dataclass(frozen=True, kw_only=True)
class DisputeSettled(EventData):
    """The plan has followed the outcome: nothing of the dispute is left to do."""

    event_type = "dispute_settled"
    dispute_id: str
    """The dispute."""
    outcome: Outcome
    """How it ended."""
