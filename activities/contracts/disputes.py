"""What the disputes domain can be asked about disputes: opened, brought on, decided, evidence."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from activities.contracts.step import Step
from meqenet.disputes.dispute_states import DisputeKind, Move, Outcome, Stage
from meqenet.disputes.evidence import Side
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class OpenDispute:
    """Put a dispute on file.

    Attributes:
        dispute_id: :func:`meqenet.disputes.dispute_ids.dispute_id` of the plan and a number.
        amount: how much of the order is disputed.
        captured / refunded: of the order so far, by the ledger.
        activated_on: the Addis Ababa date on which the plan became active.
        by: who opens it, by an opaque id.
        test_clock_id: by whose time its plan lives; None in real time.
        at: now, by the plan's clock.
    """

    dispute_id: str
    merchant_id: str
    kind: DisputeKind
    amount: Money
    captured: Money
    refunded: Money
    activated_on: date
    by: str
    at: datetime
    test_clock_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class FollowDispute:
    """What of a dispute is due by ``at``? Its days are counted anew, and what is due is done."""

    dispute_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class SettleDispute:
    """Its plan has followed the outcome."""

    dispute_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ListUnsettledDisputes:
    """The next ``limit`` disputes of which something is left to do, behind the id ``after``."""

    after: str | None
    limit: int


@dataclass(frozen=True, kw_only=True)
class UnsettledDispute:
    """A dispute as its run begins.

    Attributes:
        lived_until: the newest instant, by its clock, of which something is on file.
    """

    dispute_id: str
    plan_id: str
    merchant_id: str
    kind: DisputeKind
    stage: Stage
    test_clock_id: str | None
    lived_until: datetime


@dataclass(frozen=True, kw_only=True)
class UnsettledDisputesListed:
    """A page of them, in the order of their ids."""

    disputes: tuple[UnsettledDispute, ...]


@dataclass(frozen=True, kw_only=True)
class RecordStage:
    """Bring a dispute to its next stage.

    Attributes:
        move_id: made by whoever asks; the same id is made once.
        by / why: who acted and the reason, which is kept for ever; None: the clock.
    """

    dispute_id: str
    move_id: str
    move: Move
    by: str | None
    why: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class RecordOutcome:
    """Decide a dispute; as :class:`RecordStage`, by a move that ends it."""

    dispute_id: str
    move_id: str
    move: Move
    by: str | None
    why: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class AddEvidence:
    """Make a file evidence that was brought in under the id. Its bytes do not come along."""

    evidence_id: str
    side: Side
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DisputeStanding:
    """Where a dispute stands.

    Attributes:
        amount: the disputed part of the order.
        due_at: from when on whoever is waited for is late; None once it is decided.
        is_late: the review is, and staff have been told.
        due_again_days: by its policy, so many days after the end an installment is due whose date
            has passed meanwhile.
    """

    stage: Stage
    outcome: Outcome | None
    amount: Money
    due_at: datetime | None
    is_late: bool = False
    due_again_days: int = 0


@dataclass(frozen=True, kw_only=True)
class EvidenceAdded:
    """What was added. ``sha256``: of the plain bytes, in hexadecimal."""

    evidence_id: str
    sha256: str
    size_bytes: int


OPEN_DISPUTE = Step(name="disputes.open_dispute", command=OpenDispute, result=DisputeStanding)
RECORD_STAGE = Step(name="disputes.record_stage", command=RecordStage, result=DisputeStanding)
RECORD_OUTCOME = Step(name="disputes.record_outcome", command=RecordOutcome, result=DisputeStanding)
ADD_EVIDENCE = Step(name="disputes.add_evidence", command=AddEvidence, result=EvidenceAdded)
FOLLOW_DISPUTE = Step(name="disputes.follow_dispute", command=FollowDispute, result=DisputeStanding)
SETTLE_DISPUTE = Step(name="disputes.settle_dispute", command=SettleDispute, result=DisputeStanding)
LIST_UNSETTLED_DISPUTES = Step(
    name="disputes.list_unsettled_disputes",
    command=ListUnsettledDisputes,
    result=UnsettledDisputesListed,
)


class DisputeSteps(Protocol):
    """The steps of disputes."""

    async def open_dispute(self, command: OpenDispute) -> DisputeStanding:
        """Idempotent by dispute id; another content is refused (``dispute_differs``).

        Refused: ``dispute_too_late``, ``nothing_to_dispute``, ``disputed_amount_invalid``.
        """
        ...

    async def record_stage(self, command: RecordStage) -> DisputeStanding:
        """Idempotent by move id. Refused: ``dispute_unknown``, ``dispute_move_impossible``."""
        ...

    async def record_outcome(self, command: RecordOutcome) -> DisputeStanding:
        """Idempotent by move id. Refused: ``dispute_unknown``, ``dispute_move_impossible``."""
        ...

    async def add_evidence(self, command: AddEvidence) -> EvidenceAdded:
        """Idempotent by evidence id. Refused: ``evidence_unknown``, ``evidence_of_other_side``,
        ``dispute_closed``, ``evidence_too_many``."""  # noqa: D205, D209 - one sentence
        ...

    async def follow_dispute(self, command: FollowDispute) -> DisputeStanding:
        """Idempotent: what is due is done once. Refused: ``dispute_unknown``."""
        ...

    async def settle_dispute(self, command: SettleDispute) -> DisputeStanding:
        """Idempotent. Refused: ``dispute_unknown``."""
        ...

    async def list_unsettled_disputes(
        self, command: ListUnsettledDisputes
    ) -> UnsettledDisputesListed:
        """For beginning them again after the Temporal database was lost."""
        ...
