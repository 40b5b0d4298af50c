"""Money of a refund that a provider has refused: sent again because staff say so."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request, Response
from temporalio.client import WorkflowHandle

from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import Answer, IdempotencyKey, once
from apps.checkout_api.parts import ApiParts, Parts
from apps.checkout_api.plan_process import status_of
from apps.checkout_api.problems import Problem, openapi_responses
from apps.checkout_api.staff_authentication import Staff, staff_who
from apps.checkout_api.support_plans import Reasoned, found_plan, told_plan
from apps.checkout_api.support_resource import SupportPlan
from apps.checkout_api.wire import PlanId
from meqenet.auth.roles import Deed
from meqenet.identity import derived_id, order_refund_id
from meqenet.money import Money
from workflows.cash_back import CashBackWorkflow
from workflows.cash_back_messages import cash_back_workflow_id
from workflows.messages import RetryMoneyOut

router = APIRouter(
    prefix="/v1/support/plans/{plan_id}/refunds/{number}",
    tags=["support"],
    route_class=ExactRoute,
    responses=openapi_responses(401, 403, 404, 503),
)
_Number = Annotated[int, Path(ge=1, le=9999, description="Which refund of the plan, from 1.")]
_Returner = Annotated[Staff, Depends(staff_who(Deed.RETURN_CREDIT))]
_WRITES: Final = openapi_responses(400, 409, 422)


@router.post(
    "/retry",
    summary="Send refused money of a refund again",
    response_model=SupportPlan,
    responses=_WRITES,
)
async def retry_cash_back(
    request: Request,
    parts: Parts,
    staff: _Returner,
    key: IdempotencyKey,
    plan_id: PlanId,
    number: _Number,
    body: Reasoned,
) -> Response:
    """What a provider has refused goes back under a new id; what has gone back does not again."""
    refund_id = order_refund_id(plan_id=plan_id, number=number)
    return await retried(
        request, parts, staff, key=key, plan_id=plan_id, cash_back_id=refund_id, why=body.why
    )


async def retried(
    request: Request,
    parts: ApiParts,
    staff: Staff,
    *,
    key: str,
    plan_id: str,
    cash_back_id: str,
    why: str,
) -> Response:
    """Have the money of a refund or a void sent again that a provider has refused."""

    async def act() -> Answer:
        plan = await found_plan(parts, plan_id=plan_id)
        handle: WorkflowHandle[CashBackWorkflow, Money] = parts.temporal.get_workflow_handle_for(
            CashBackWorkflow.run, cash_back_workflow_id(cash_back_id=cash_back_id)
        )
        status = await status_of(
            lambda: handle.execute_update(
                CashBackWorkflow.retry,
                RetryMoneyOut(who=staff.staff_id, why=why),
                id=derived_id(prefix="retry_cash_back", parts=(staff.staff_id, key)),
            ),
            gone=Problem(
                status=409,
                code="cash_back_not_refused",
                detail="number: no money of this one waits to be sent",
                field="number",
            ),
            wait_seconds_max=parts.answer_seconds_max,
        )
        return Answer(status=status, body=await told_plan(parts, plan))

    return await once(request=request, parts=parts, asker=staff, key=key, act=act)
