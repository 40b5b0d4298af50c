"""What goes into the workflow of a complaint, and comes out of it."""

from dataclasses import dataclass, field
from typing import Final

from meqenet.disputes.complaint_rules import Deed
from meqenet.disputes.complaint_states import ComplaintCategory, ComplaintChannel
from meqenet.disputes.dispute_ids import is_dispute_id
from workflows.clock import ClockReading
from workflows.dispute_messages import dispute_workflow_id
from workflows.messages import plan_workflow_id

_NUMBERS: Final = "CMP-"
"""How tracking numbers begin, and no id of a plan does."""


@dataclass(frozen=True, kw_only=True)
class ComplaintRun:
    """A complaint that begins, or that is begun again from the stores.

    Attributes:
        text: what the customer says; private, in encrypted payloads only. None: it is on file.
        by: who puts it on file; ``assignee``: who looks after it, if anybody does.
        test_clock_id / clock: the plan's test clock and its time; None in real time.
    """

    tracking_number: str
    plan_id: str
    merchant_id: str
    language: str
    channel: ComplaintChannel
    category: ComplaintCategory
    text: str | None = field(repr=False)
    by: str
    assignee: str | None = None
    test_clock_id: str | None = None
    clock: ClockReading | None = None


@dataclass(frozen=True, kw_only=True)
class AwaitReceipt:
    """Update ``received``, sent with start: answers once the complaint is acknowledged."""

    tracking_number: str


@dataclass(frozen=True, kw_only=True)
class AskDeed:
    """Update ``act``: have a deed done, under an id of its own; the same id is done once."""

    deed_id: str
    deed: Deed


def complaint_workflow_id(*, tracking_number: str) -> str:
    """A complaint's workflow is found by its tracking number."""
    return f"complaint-{tracking_number}"


def bound_workflow_id(*, bound_id: str) -> str:
    """The workflow that lives by a test clock: a plan's, or of a complaint or dispute about one."""
    if bound_id.startswith(_NUMBERS):
        return complaint_workflow_id(tracking_number=bound_id)
    if is_dispute_id(text=bound_id):
        return dispute_workflow_id(dispute_id=bound_id)
    return plan_workflow_id(plan_id=bound_id)
