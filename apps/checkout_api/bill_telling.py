"""Money that came to our short code is told to its plan, or followed where the plan has ended."""

import logging

from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError

from apps.checkout_api.parts import ApiParts
from apps.checkout_api.plan_process import ProcessGone, of_rpc
from db.bnpl.views import PlanView
from meqenet.bnpl.states import ALLOWED
from meqenet.money import Money
from workers.queue_worker import WORKFLOW_QUEUE
from workflows.messages import BillPaid, plan_workflow_id, stray_bill_workflow_id
from workflows.plan import PaymentPlanWorkflow
from workflows.stray_bill import StrayBill, StrayBillWorkflow

_log = logging.getLogger("meqenet.api.bills")


async def tell_bill(parts: ApiParts, plan: PlanView, *, receipt: str, amount: Money) -> None:
    """Tell it, as often as it is told to us; whoever hears it asks M-PESA, and takes it once.

    Args:
        parts: of the API.
        plan: whose money it is.
        receipt: M-PESA's.
        amount: as told.

    Raises:
        Unavailable: Temporal cannot be reached; M-PESA tells again.
    """
    try:
        if ALLOWED[plan.state]:
            handle = parts.temporal.get_workflow_handle(plan_workflow_id(plan_id=plan.plan_id))
            await handle.signal(
                PaymentPlanWorkflow.bill_paid, BillPaid(receipt=receipt, amount=amount)
            )
            return
        await parts.temporal.start_workflow(
            StrayBillWorkflow.run,
            StrayBill(plan_id=plan.plan_id, receipt=receipt, amount=amount),
            id=stray_bill_workflow_id(receipt=receipt),
            task_queue=WORKFLOW_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary="Money under the number of a plan that has ended",
        )
    except RPCError as error:
        meaning = of_rpc(error)
        if not isinstance(meaning, ProcessGone):
            raise meaning from error
        _log.info("nobody waits for the money that came for %s", plan.plan_id)
