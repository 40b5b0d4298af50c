"""Open complaints begun again from the store, after Temporal has lost them."""

import asyncio
from dataclasses import dataclass

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import ActivityError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from activities.contracts.complaints import (
        LIST_OPEN_COMPLAINTS,
        ListOpenComplaints,
        OpenComplaint,
    )
    from workflows.asking import ask, passed_on, report_of
    from workflows.clock import ClockReading
    from workflows.complaint import ComplaintWorkflow
    from workflows.complaint_messages import ComplaintRun, complaint_workflow_id
    from workflows.rehydration import PATIENCE


@dataclass(frozen=True, kw_only=True)
class ComplaintsBegun:
    """How many of a page were begun, how many had a run, and its last; None: none was left."""

    begun: int
    running: int
    last: str | None


@workflow.defn
class ComplaintRestorationWorkflow:
    """Begins a page of open complaints again. One that has a run is left alone.

    To be run when test clocks are there again: a complaint on one joins it.
    """

    @workflow.run
    async def run(self, page: ListOpenComplaints) -> ComplaintsBegun:
        """Return what became of them. The run fails when they cannot be listed."""
        try:
            listed = await ask(
                LIST_OPEN_COMPLAINTS,
                page,
                summary="Which complaints are not closed?",
                patience=PATIENCE,
            )
        except ActivityError as error:
            raise passed_on(report_of(error)) from error
        begun = await asyncio.gather(*(_begin(each) for each in listed.complaints))
        return ComplaintsBegun(
            begun=begun.count(True),
            running=begun.count(False),
            last=listed.complaints[-1].tracking_number if listed.complaints else None,
        )


async def _begin(complaint: OpenComplaint) -> bool:
    on_clock = complaint.test_clock_id is not None
    run = ComplaintRun(
        tracking_number=complaint.tracking_number,
        plan_id=complaint.plan_id,
        merchant_id=complaint.merchant_id,
        language=complaint.language,
        channel=complaint.channel,
        category=complaint.category,
        text=None,
        by=complaint.by,
        test_clock_id=complaint.test_clock_id,
        clock=ClockReading(now=complaint.lived_until, turn=0) if on_clock else None,
    )
    try:
        # Started, not awaited: the complaint has a life of its own.
        _ = await workflow.start_child_workflow(
            ComplaintWorkflow.run,
            run,
            id=complaint_workflow_id(tracking_number=complaint.tracking_number),
            parent_close_policy=ParentClosePolicy.ABANDON,
            # One that has been closed since it was listed must not be lived twice.
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            static_summary=f"Complaint about {complaint.category}, from the store",
        )
    except WorkflowAlreadyStartedError:
        return False
    return True
