"""Plans that are not paid: given up as a loss, and asked for no more. Money decisions of people."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ConfigDict

from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import IdempotencyKey
from apps.checkout_api.parts import Parts
from apps.checkout_api.problems import openapi_responses
from apps.checkout_api.staff_authentication import Staff, require_role, staff_who
from apps.checkout_api.support_plans import Reasoned, have_done
from apps.checkout_api.support_resource import SupportPlan
from apps.checkout_api.wire import PlanId
from meqenet.auth.roles import Deed
from workflows.messages import ChargeOff, WriteOff

router = APIRouter(
    prefix="/v1/support/plans/{plan_id}",
    tags=["support"],
    route_class=ExactRoute,
    responses=openapi_responses(401, 403, 404, 503, 400, 409, 422),
)
_Loser = Annotated[Staff, Depends(staff_who(Deed.CHARGE_OFF))]
_WriterOff = Annotated[Staff, Depends(staff_who(Deed.WRITE_OFF))]


class ChargeOffRequest(Reasoned):
    """Why a plan is given up, and whether before its policy says so."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"why": "the customer has left the country"}]}
    )

    early: bool = False
    """Before the days of the policy are reached; for finance alone."""


@router.post("/charge-off", summary="Give a plan up as a loss", response_model=SupportPlan)
async def charge_off(
    request: Request,
    parts: Parts,
    staff: _Loser,
    key: IdempotencyKey,
    plan_id: PlanId,
    body: ChargeOffRequest,
) -> Response:
    """The customer owes as before, and nothing is added; nothing is tried by itself any more. What
    comes is a recovery. Refused while an attempt is under way."""  # noqa: D205, D209 - shown as one paragraph
    if body.early:
        require_role(staff=staff, deed=Deed.CHARGE_OFF_EARLY)
    deed = ChargeOff(who=staff.staff_id, why=body.why, early=body.early)
    return await have_done(request, parts, staff, key=key, plan_id=plan_id, deed=deed)


@router.post("/write-off", summary="Ask for a charged-off plan no more", response_model=SupportPlan)
async def write_off(
    request: Request,
    parts: Parts,
    staff: _WriterOff,
    key: IdempotencyKey,
    plan_id: PlanId,
    body: Reasoned,
) -> Response:
    """The customer owes nothing any more, the limit is free, and the plan has ended. Of a plan
    that was charged off before, and while no attempt is under way."""  # noqa: D205, D209 - shown as one paragraph
    deed = WriteOff(who=staff.staff_id, why=body.why)
    return await have_done(request, parts, staff, key=key, plan_id=plan_id, deed=deed)
