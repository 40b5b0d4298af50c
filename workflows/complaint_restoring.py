"""Open complaints begun again from the store, after Temporal has lost them."""

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.contracts.complaints import (
        LIST_OPEN_COMPLAINTS,
        ListOpenComplaints,
        OpenComplaint,
    )
    from workflows.asking import ask, passed_on, report_of
    from workflows.case_restoring import CaseRun, CasesBegun, begin_again, clock_of
    from workflows.complaint import ComplaintWorkflow
    from workflows.complaint_messages import ComplaintRun, complaint_workflow_id
    from workflows.rehydration import PATIENCE


@workflow.defn
class ComplaintRestorationWorkflow:
    """Begins a page of open complaints again. One that has a run is left alone.

    To be run when test clocks are there again: a complaint on one joins it.
    """

    @workflow.run
    async def run(self, page: ListOpenComplaints) -> CasesBegun:
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
        return await begin_again(ComplaintWorkflow.run, cases=[_case(c) for c in listed.complaints])


def _case(complaint: OpenComplaint) -> CaseRun:
    return CaseRun(
        case_id=complaint.tracking_number,
        workflow_id=complaint_workflow_id(tracking_number=complaint.tracking_number),
        start=ComplaintRun(
            tracking_number=complaint.tracking_number,
            plan_id=complaint.plan_id,
            merchant_id=complaint.merchant_id,
            language=complaint.language,
            channel=complaint.channel,
            category=complaint.category,
            text=None,
            by=complaint.by,
            test_clock_id=complaint.test_clock_id,
            clock=clock_of(
                test_clock_id=complaint.test_clock_id, lived_until=complaint.lived_until
            ),
        ),
        summary=f"Complaint about {complaint.category}, from the store",
    )
