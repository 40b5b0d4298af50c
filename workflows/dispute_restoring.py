"""Disputes with something left to do begun again from the store, after Temporal has lost them."""

import asyncio
from dataclasses import dataclass

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import ActivityError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from activities.contracts.disputes import (
        LIST_UNSETTLED_DISPUTES,
        ListUnsettledDisputes,
        UnsettledDispute,
    )
    from meqenet.disputes.dispute_states import Stage
    from workflows.asking import ask, passed_on, report_of
    from workflows.clock import ClockReading
    from workflows.dispute import DisputeWorkflow
    from workflows.dispute_messages import DisputeRun, dispute_workflow_id
    from workflows.rehydration import PATIENCE


@dataclass(frozen=True, kw_only=True)
class DisputesBegun:
    """How many of a page were begun, how many had a run, and its last; None: none was left."""

    begun: int
    running: int
    last: str | None


@workflow.defn
class DisputeRestorationWorkflow:
    """Begins a page of disputes again. One that has a run is left alone.

    To be run when plans and test clocks are there again: a dispute joins its clock, and tells its
    plan of its end.
    """

    @workflow.run
    async def run(self, page: ListUnsettledDisputes) -> DisputesBegun:
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
        begun = await asyncio.gather(*(_begin(each) for each in listed.disputes))
        return DisputesBegun(
            begun=begun.count(True),
            running=begun.count(False),
            last=listed.disputes[-1].dispute_id if listed.disputes else None,
        )


async def _begin(dispute: UnsettledDispute) -> bool:
    on_clock = dispute.test_clock_id is not None
    run = DisputeRun(
        dispute_id=dispute.dispute_id,
        plan_id=dispute.plan_id,
        merchant_id=dispute.merchant_id,
        kind=dispute.kind,
        # Where the merchant was asked, the plan had taken it up; else the plan says so itself.
        is_held=dispute.stage is not Stage.OPENED,
        joins=True,
        test_clock_id=dispute.test_clock_id,
        clock=ClockReading(now=dispute.lived_until, turn=0) if on_clock else None,
    )
    try:
        # Started, not awaited: the dispute has a life of its own.
        _ = await workflow.start_child_workflow(
            DisputeWorkflow.run,
            run,
            id=dispute_workflow_id(dispute_id=dispute.dispute_id),
            parent_close_policy=ParentClosePolicy.ABANDON,
            # One that has been settled since it was listed must not be lived twice.
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            static_summary=f"Dispute, {dispute.kind}, of {dispute.plan_id}, from the store",
        )
    except WorkflowAlreadyStartedError:
        return False
    return True
