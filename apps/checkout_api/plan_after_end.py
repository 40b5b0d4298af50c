"""How the API reaches a plan that is completed: its run is over, and another does what is asked."""

from typing import TypeVar

from temporalio.client import WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.workflow import UpdateMethodMultiParam

from apps.checkout_api.parts import ApiParts
from workers.queue_worker import WORKFLOW_QUEUE
from workflows.order_refund_messages import refund_after_end_workflow_id
from workflows.refund_after_end import RefundAfterEndWorkflow

P = TypeVar("P")
R = TypeVar("R")


async def updated_after_end(
    parts: ApiParts,
    *,
    plan_id: str,
    update: UpdateMethodMultiParam[[RefundAfterEndWorkflow, P], R],
    asking: P,
    update_id: str | None = None,
    summary: str | None = None,
) -> R:
    """Have the run after the plan's end carry an update out; begin it where it is not there.

    Args:
        parts: the API's parts.
        plan_id: the plan.
        update: one of that run's.
        asking: what is asked.
        update_id: under the same one it is carried out once.
        summary: what operators read of a run that is begun by this.
    """
    return await parts.temporal.execute_update_with_start_workflow(
        update,
        asking,
        start_workflow_operation=WithStartWorkflowOperation(
            RefundAfterEndWorkflow.run,
            plan_id,
            id=refund_after_end_workflow_id(plan_id=plan_id),
            task_queue=WORKFLOW_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=summary or f"{plan_id}, after its end",
        ),
        id=update_id,
    )
