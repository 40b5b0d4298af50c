"""How the API reaches the run of a complaint: begins it, and has it do what is asked for."""

import hashlib
import hmac
from typing import Annotated, Final, NamedTuple

from fastapi import Path
from temporalio.client import WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from apps.checkout_api.parts import ApiParts
from apps.checkout_api.plan_process import ProcessGone, StillWorking, asked
from apps.checkout_api.problems import Problem
from apps.checkout_api.test_clocks import time_of_plan
from db.bnpl.views import PlanView
from db.disputes.views.complaints import ComplaintView
from meqenet.disputes.complaint_rules import Deed, normalise_language, require_text
from meqenet.disputes.complaint_states import (
    ComplaintCategory,
    ComplaintChannel,
    ComplaintState,
)
from meqenet.disputes.tracking_numbers import (
    RANDOM_BYTES,
    read_tracking_number,
    tracking_number,
)
from meqenet.errors import Mender, Unavailable
from meqenet.identity import derived_id
from workers.queue_worker import WORKFLOW_QUEUE
from workflows.clock import ClockReading
from workflows.complaint import ComplaintWorkflow
from workflows.complaint_messages import (
    AskDeed,
    AwaitReceipt,
    ComplaintRun,
    complaint_workflow_id,
)
from workflows.test_clock import TestClockWorkflow
from workflows.test_clock_messages import Bind

TypedNumber = Annotated[
    str,
    Path(
        max_length=40,
        description="As it was given, or as somebody has typed it: case and hyphens do not count.",
    ),
]
"""A tracking number in a path."""
_Handle = WorkflowHandle[ComplaintWorkflow, ComplaintState]
_WAITS: Final = "the complaint is not on file yet"


class Words(NamedTuple):
    """What a customer says, and how it came. ``text`` is private."""

    language: str
    channel: ComplaintChannel
    category: ComplaintCategory
    text: str


async def complain(
    *, parts: ApiParts, plan: PlanView, words: Words, by: str, key: str, assignee: str | None
) -> ComplaintView:
    """Put a complaint about a plan on file; the same key of the same asker is the same complaint.

    Raises:
        Problem: 422 with the field; 409 ``tracking_number_taken``, ``test_clock_advancing``.
        Refusal: ``language_malformed``, ``text_missing``.
        Unavailable: no answer within the time; the same request may be sent again.
    """
    require_text(text=words.text)
    number = tracking_number(randomness=_unguessable(parts, by=by, key=key))
    run = ComplaintRun(
        tracking_number=number,
        plan_id=plan.plan_id,
        merchant_id=plan.merchant_id,
        language=normalise_language(text=words.language),
        channel=words.channel,
        category=words.category,
        text=words.text,
        by=by,
        assignee=assignee,
        test_clock_id=plan.test_clock_id,
        clock=await _bound(parts, plan, number=number),
    )
    start = WithStartWorkflowOperation(
        ComplaintWorkflow.run,
        run,
        id=complaint_workflow_id(tracking_number=number),
        task_queue=WORKFLOW_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
        static_summary=f"Complaint about {words.category}, {plan.plan_id}",
    )
    try:
        await asked(
            lambda: parts.temporal.execute_update_with_start_workflow(
                ComplaintWorkflow.received,
                AwaitReceipt(tracking_number=number),
                start_workflow_operation=start,
            ),
            wait_seconds_max=parts.answer_seconds_max,
        )
    except StillWorking:
        raise Unavailable("complaint_not_ready", _WAITS) from None
    except (ProcessGone, WorkflowAlreadyStartedError):
        # It has run to its end already: the books say how.
        pass
    found = await parts.complaints.complaint(tracking_number=number)
    if found is None:
        raise Unavailable("complaint_not_ready", _WAITS)
    if (found.plan_id, found.received_by) != (plan.plan_id, by):
        raise Problem(
            status=409,
            code="tracking_number_taken",
            detail="the number drawn is another complaint's; send it with another Idempotency-Key",
            mender=Mender.MERCHANT,
        )
    return found


async def have_done(
    *, parts: ApiParts, complaint: ComplaintView, deed: Deed, key: str
) -> ComplaintView:
    """Have something done with a complaint; the same key of the same asker is done once.

    Raises:
        Problem: the rules said no; 409 ``complaint_closed``, ``complaint_process_missing``.
        Unavailable: no answer within the time; the same request may be sent again.
    """
    number = complaint.tracking_number
    handle: _Handle = parts.temporal.get_workflow_handle(
        complaint_workflow_id(tracking_number=number)
    )
    deed_id = derived_id(prefix="deed", parts=(number, deed.who, key))
    asking = AskDeed(deed_id=deed_id, deed=deed)
    try:
        await asked(
            lambda: handle.execute_update(ComplaintWorkflow.act, asking, id=deed_id),
            wait_seconds_max=parts.answer_seconds_max,
        )
    except StillWorking:
        raise Unavailable("complaint_not_ready", "the complaint does not answer now") from None
    except ProcessGone:
        now = await parts.complaints.complaint(tracking_number=number)
        if now is None or not _was_done(now, deed):
            raise _over(now or complaint) from None
    return await parts.complaints.complaint(tracking_number=number) or complaint


async def found_complaint(
    parts: ApiParts, *, typed: str, merchant_id: str | None = None
) -> ComplaintView:
    """The complaint of a number that somebody has typed.

    Raises:
        Problem: 404 ``complaint_unknown``: there is none, or it is of another merchant's plan.
        Refusal: ``tracking_number_malformed``; ``tracking_number_mistyped``.
    """
    number = read_tracking_number(text=typed)
    found = await parts.complaints.complaint(tracking_number=number, merchant_id=merchant_id)
    if found is None:
        raise unknown_complaint()
    return found


def unknown_complaint() -> Problem:
    """There is none, or it is of another merchant's plan."""
    return Problem(
        status=404,
        code="complaint_unknown",
        detail="tracking_number: there is no such complaint",
        mender=Mender.CUSTOMER,
    )


def _was_done(now: ComplaintView, deed: Deed) -> bool:
    """Whether the run has ended by just what was asked for."""
    return now.closed_at is not None and deed.kind == "close"


def _over(complaint: ComplaintView) -> Problem:
    if complaint.closed_at is not None:
        return Problem(
            status=409,
            code="complaint_closed",
            detail="a complaint that is closed does not change; what is new is one of its own",
            mender=Mender.NOBODY,
        )
    return Problem(
        status=409,
        code="complaint_process_missing",
        detail="the complaint's process is not running; we have to start it again",
        mender=Mender.MEQENET,
    )


async def _bound(parts: ApiParts, plan: PlanView, *, number: str) -> ClockReading | None:
    """The time of the plan's test clock, to which the complaint is bound; None in real time."""
    if plan.test_clock_id is None:
        return None
    bound = Bind(plan_id=number, merchant_id=plan.merchant_id)
    now = await time_of_plan(
        parts=parts,
        clock_id=plan.test_clock_id,
        ask=lambda clock: clock.execute_update(TestClockWorkflow.bind, bound),
    )
    return ClockReading(now=now, turn=0)


def _unguessable(parts: ApiParts, *, by: str, key: str) -> bytes:
    """Bytes that only we can make, the same for the same request."""
    text = b"\x1f".join((b"complaint", by.encode(), key.encode()))
    return hmac.new(parts.hash_key, text, hashlib.sha256).digest()[:RANDOM_BYTES]
