"""What goes into the workflow of a dispute, between it and its plan, and comes out of them."""

from dataclasses import dataclass
from datetime import datetime

from meqenet.disputes.dispute_states import DisputeKind, Move, Outcome
from meqenet.disputes.evidence import Side
from meqenet.money import Money
from workflows.clock import ClockReading


@dataclass(frozen=True, kw_only=True)
class DisputeOrder:
    """Update ``dispute_order`` of a plan: a customer disputes its order, or a part of it.

    Attributes:
        opening_id: derived from the request; the same again is the same dispute.
        amount: of the order's price; None is all that was neither refunded nor is in dispute.
        by: who opens it, by an opaque id.
        clock_now: of a plan on a test clock that has ended: the clock's time, by which it does not
            live any more.
    """

    opening_id: str
    kind: DisputeKind
    by: str
    amount: Money | None = None
    clock_now: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class DisputeAnswer:
    """The dispute that was opened; details are read from the store of disputes."""

    dispute_id: str


@dataclass(frozen=True, kw_only=True)
class DisputeRun:
    """A dispute that begins, or that is begun again from the stores.

    Attributes:
        is_held: its plan waits for it, and the merchant's money; only then the merchant is asked.
        joins: it is bound to its test clock by itself, not by the plan that has begun it.
        test_clock_id / clock: the plan's test clock and its time; None in real time.
    """

    dispute_id: str
    plan_id: str
    merchant_id: str
    kind: DisputeKind
    is_held: bool
    joins: bool = False
    test_clock_id: str | None = None
    clock: ClockReading | None = None


@dataclass(frozen=True, kw_only=True)
class AskMove:
    """Update ``act``: bring the dispute on, under an id of its own; the same id is done once."""

    move_id: str
    move: Move
    by: str
    why: str


@dataclass(frozen=True, kw_only=True)
class AddFile:
    """Update ``add_evidence``: a file that was brought in is evidence of a side."""

    evidence_id: str
    side: Side


@dataclass(frozen=True, kw_only=True)
class OutcomeKnown:
    """Signal ``dispute_decided`` to the plan, or to whoever looks after it once it has ended.

    ``at``: now, by the dispute's clock, which goes on when its plan has ended.
    """

    dispute_id: str
    outcome: Outcome
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OutcomeHeard:
    """Signal ``outcome_heard`` to the dispute. Not done: a payment is under way, and ends first."""

    is_done: bool


def dispute_workflow_id(*, dispute_id: str) -> str:
    """A dispute's workflow is found by its id."""
    return f"dispute-{dispute_id}"
