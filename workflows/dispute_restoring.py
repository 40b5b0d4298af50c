"""Disputes with something left to do begun again from the store, after Temporal has lost them."""

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.contracts.disputes import (
        LIST_UNSETTLED_DISPUTES,
        ListUnsettledDisputes,
        UnsettledDispute,
    )
    from meqenet.disputes.dispute_states import Stage
    from workflows.asking import ask, passed_on, report_of
    from workflows.case_restoring import CaseRun, CasesBegun, begin_again, clock_of
    from workflows.dispute import DisputeWorkflow
    from workflows.dispute_messages import DisputeRun, dispute_workflow_id
    from workflows.rehydration import PATIENCE


@workflow.defn
class DisputeRestorationWorkflow:
    """Begins a page of disputes again. One that has a run is left alone.

    To be run when plans and test clocks are there again: a dispute joins its clock, and tells its
    plan of its end.
    """

    @workflow.run
    async def run(self, page: ListUnsettledDisputes) -> CasesBegun:
        """Return what became of them. The run fails when they cannot be listed."""
        try:
            listed = await ask(
                LIST_UNSETTLED_DISPUTES,
                page,
                summary="Of which disputes is something left to do?",
                patience=PATIENCE,
            )
        except ActivityError as error:
            raise passed_on(report_of(error)) from error
        return await begin_again(DisputeWorkflow.run, cases=[_case(d) for d in listed.disputes])


def _case(dispute: UnsettledDispute) -> CaseRun:
    return CaseRun(
        case_id=dispute.dispute_id,
        workflow_id=dispute_workflow_id(dispute_id=dispute.dispute_id),
        start=DisputeRun(
            dispute_id=dispute.dispute_id,
            plan_id=dispute.plan_id,
            merchant_id=dispute.merchant_id,
            kind=dispute.kind,
            # Where the merchant was asked, the plan had taken it up; else the plan says so itself.
            is_held=dispute.stage is not Stage.OPENED,
            joins=True,
            test_clock_id=dispute.test_clock_id,
            clock=clock_of(test_clock_id=dispute.test_clock_id, lived_until=dispute.lived_until),
        ),
        summary=f"Dispute, {dispute.kind}, of {dispute.plan_id}, from the store",
    )
