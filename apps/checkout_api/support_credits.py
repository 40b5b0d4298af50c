"""Sending a customer's credit back: a run of its own judges it, for the plan may be over."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request, Response
from temporalio.client import WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy

from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import Answer, IdempotencyKey, once
from apps.checkout_api.parts import ApiParts, Parts
from apps.checkout_api.plan_process import status_of
from apps.checkout_api.problems import Problem, openapi_responses
from apps.checkout_api.staff_authentication import Staff, staff_who
from apps.checkout_api.support_plans import Reasoned, found_plan, told_plan
from apps.checkout_api.support_resource import SupportPlan
from apps.checkout_api.wire import PlanId
from db.payments.views.credit import credits_of
from meqenet.auth.roles import Deed
from meqenet.errors import Unavailable
from meqenet.identity import derived_id
from workers.queue_worker import WORKFLOW_QUEUE
from workflows.credit_return import Credit, CreditReturnWorkflow
from workflows.messages import ReturnCredit, credit_return_workflow_id

router = APIRouter(
    prefix="/v1/support/plans/{plan_id}/credits/{attempt}",
    tags=["support"],
    route_class=ExactRoute,
    responses=openapi_responses(401, 403, 404, 503),
)
_Attempt = Annotated[
    str, Path(pattern=r"^[ix][0-9]{2}-a[0-9]{1,4}$", description="As the plan's credits name it.")
]
_Returner = Annotated[Staff, Depends(staff_who(Deed.RETURN_CREDIT))]
_WRITES: Final = openapi_responses(400, 409, 422)


@router.post(
    "/return",
    summary="Send a customer's credit back",
    response_model=SupportPlan,
    responses=_WRITES,
)
async def return_credit(
    request: Request,
    parts: Parts,
    staff: _Returner,
    key: IdempotencyKey,
    plan_id: PlanId,
    attempt: _Attempt,
    body: Reasoned,
) -> Response:
    """All of it goes back to the customer, once, however many ask."""
    attempt_id = f"{plan_id}-{attempt}"

    async def act() -> Answer:
        plan = await found_plan(parts, plan_id=plan_id)
        await _require_credit(parts, plan_id=plan_id, attempt_id=attempt_id)
        status = await _return(
            parts,
            attempt_id=attempt_id,
            request=ReturnCredit(who=staff.staff_id, why=body.why),
            update_id=derived_id(prefix="return_credit", parts=(staff.staff_id, key)),
        )
        return Answer(status=status, body=await told_plan(parts, plan))

    return await once(request=request, parts=parts, asker=staff, key=key, act=act)


async def _return(
    parts: ApiParts, *, attempt_id: str, request: ReturnCredit, update_id: str
) -> int:
    start = WithStartWorkflowOperation(
        CreditReturnWorkflow.run,
        Credit(attempt_id=attempt_id),
        id=credit_return_workflow_id(attempt_id=attempt_id),
        task_queue=WORKFLOW_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary=f"Return the credit that {attempt_id} has brought",
    )
    text = "the return's process ended before it answered; look again, then ask again"
    return await status_of(
        lambda: parts.temporal.execute_update_with_start_workflow(
            CreditReturnWorkflow.return_credit,
            request,
            start_workflow_operation=start,
            id=update_id,
        ),
        gone=Unavailable("return_process_missing", text),
        wait_seconds_max=parts.answer_seconds_max,
    )


async def _require_credit(parts: ApiParts, *, plan_id: str, attempt_id: str) -> None:
    """No run is begun for what is no credit."""
    async with parts.stores["payments"].write() as session:
        found = await credits_of(session=session, plan_id=plan_id)
    if attempt_id not in {credit.attempt_id for credit in found}:
        raise Problem(
            status=404,
            code="credit_unknown",
            detail="attempt: it has brought no money that is the customer's credit",
            field="attempt",
        )
