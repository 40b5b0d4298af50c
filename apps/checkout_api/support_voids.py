"""What is not captured of an order: voided by staff for its merchant, and its money sent again."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import ConfigDict

from apps.checkout_api.amounts import PositiveBirr
from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import IdempotencyKey
from apps.checkout_api.parts import Parts
from apps.checkout_api.problems import openapi_responses
from apps.checkout_api.staff_authentication import Staff, staff_who
from apps.checkout_api.support_plans import Reasoned, have_done
from apps.checkout_api.support_refunds import retried
from apps.checkout_api.support_resource import SupportPlan
from apps.checkout_api.wire import PlanId
from meqenet.auth.roles import Deed
from meqenet.identity import derived_id, order_void_id
from workflows.order_capture_messages import VoidForMerchant

router = APIRouter(
    prefix="/v1/support/plans/{plan_id}",
    tags=["support"],
    route_class=ExactRoute,
    responses=openapi_responses(401, 403, 404, 503),
)
_Number = Annotated[int, Path(ge=1, le=9999, description="Which void of the plan, from 1.")]
_Voider = Annotated[Staff, Depends(staff_who(Deed.VOID_ORDER))]
_Returner = Annotated[Staff, Depends(staff_who(Deed.RETURN_CREDIT))]
_WRITES: Final = openapi_responses(400, 409, 422)


class VoidForMerchantRequest(Reasoned):
    """What of the order is voided, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"why": "the merchant has closed its shop", "amount": "300.00"}]
        }
    )

    amount: PositiveBirr | None = None
    """Without it, all that is not captured."""


@router.post(
    "/void", summary="Void for the merchant", response_model=SupportPlan, responses=_WRITES
)
async def void_order(
    request: Request,
    parts: Parts,
    staff: _Voider,
    key: IdempotencyKey,
    plan_id: PlanId,
    body: VoidForMerchantRequest,
) -> Response:
    """What is not captured will not be: the customer owes less, and is paid back what was paid for
    it. The merchant is told."""  # noqa: D205, D209 - shown as one paragraph
    deed = VoidForMerchant(
        reference=derived_id(prefix="staff", parts=(staff.staff_id, key)),
        who=staff.staff_id,
        why=body.why,
        amount=body.amount,
    )
    return await have_done(request, parts, staff, key=key, plan_id=plan_id, deed=deed)


@router.post(
    "/voids/{number}/retry",
    summary="Send refused money of a void again",
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
    void_id = order_void_id(plan_id=plan_id, number=number)
    return await retried(
        request, parts, staff, key=key, plan_id=plan_id, cash_back_id=void_id, why=body.why
    )
