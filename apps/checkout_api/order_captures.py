"""A merchant captures an order that was authorised: it has delivered, and is paid."""

from datetime import datetime
from enum import StrEnum

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict

from apps.checkout_api.amounts import Birr, Day, PositiveBirr, day_of
from apps.checkout_api.authentication import Authenticated
from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import Answer, IdempotencyKey, once
from apps.checkout_api.order_verbs import DeedReference, asked_once
from apps.checkout_api.parts import Parts
from apps.checkout_api.plan_resource import PlanResource
from apps.checkout_api.plans import ACCEPTED, own_plan
from apps.checkout_api.problems import openapi_responses
from apps.checkout_api.told import Told
from apps.checkout_api.wire import PlanId, Sent
from db.bnpl.views import captures_of
from db.settlement.views.captures import CaptureView, capture_views
from meqenet.bnpl.refund_events import OrderCaptured
from meqenet.identity import capture_id, derived_id
from workflows.order_capture_messages import CaptureOrder
from workflows.plan import PaymentPlanWorkflow

router = APIRouter(
    prefix="/v1/plans/{plan_id}/captures",
    tags=["plans"],
    route_class=ExactRoute,
    responses=openapi_responses(401, 403, 404, 503),
)


class CaptureRequest(Sent):
    """A capture of an order, or of a part."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reference": "parcel-1", "amount": "400.00"}]}
    )

    reference: DeedReference
    """The merchant's own number of the capture: under the same one there is never a second."""
    amount: PositiveBirr | None = None
    """Without it, all that is not captured yet."""


class CaptureStatus(StrEnum):
    """Where the money of a capture is."""

    CAPTURED = "captured"
    """It is owed to the merchant, and paid out when it is due."""
    PROTECTED = "protected"
    """It is held for the buyer until it is due."""
    PAYING = "paying"
    """A payout of the merchant has it."""
    PAID = "paid"
    """The merchant has it."""
    REFUNDED = "refunded"
    """All of it has gone back with goods."""


class CaptureMade(Told):
    """A capture that was made."""

    id: str
    reference: str
    on: Day
    amount: Birr
    fee: Birr | None
    """Its share of the merchant's fee; null for a moment after the capture."""
    net: Birr | None
    """What the merchant gets of it, refunds not counted."""
    refunded: Birr
    """What of it has gone back with goods."""
    status: CaptureStatus
    due_at: datetime | None
    """When it is paid out at the earliest."""
    payout_id: str | None
    """The merchant's payout that has it."""


class Captures(Told):
    """A plan's captures, the oldest first."""

    captures: list[CaptureMade]


@router.post(
    "",
    summary="Capture an order",
    response_model=PlanResource,
    responses={**ACCEPTED, **openapi_responses(400, 409, 422)},
)
async def capture(
    request: Request,
    parts: Parts,
    merchant: Authenticated,
    key: IdempotencyKey,
    plan_id: PlanId,
    body: CaptureRequest,
) -> Response:
    """You have delivered the order, or a part of it: you are paid that much, less its fee.

    Several captures may share an order. The same `reference` again is the same capture.
    """

    async def act() -> Answer:
        deed = CaptureOrder(reference=body.reference, amount=body.amount)
        plan = await own_plan(parts, merchant, plan_id=plan_id)
        async with parts.bnpl.write() as session:
            made = await captures_of(session=session, plan_id=plan_id)
        return await asked_once(
            deed,
            made=made,
            update=lambda handle, update_id: handle.execute_update(
                PaymentPlanWorkflow.capture_order, deed, id=update_id
            ),
            update_id=derived_id(prefix="capture", parts=(merchant.merchant_id, key)),
            plan=plan,
            parts=parts,
        )

    return await once(request=request, parts=parts, asker=merchant, key=key, act=act)


@router.get("", summary="Captures of a plan")
async def captures(parts: Parts, merchant: Authenticated, plan_id: PlanId) -> Captures:
    """Each capture that was made, its fee, and where its money is."""
    await own_plan(parts, merchant, plan_id=plan_id)
    async with parts.stores["bnpl"].read() as session:
        made = await captures_of(session=session, plan_id=plan_id)
    async with parts.stores["settlement"].read() as session:
        found = await capture_views(session=session, plan_id=plan_id)
    return Captures(captures=[_made(plan_id, each, found) for each in made])


def _made(plan_id: str, made: OrderCaptured, found: dict[str, CaptureView]) -> CaptureMade:
    own_id = capture_id(plan_id=plan_id, number=made.number)
    stands = found.get(own_id)
    left = made.amount if stands is None else stands.left
    return CaptureMade(
        id=own_id,
        reference=made.reference,
        on=day_of(made.on),
        amount=made.amount,
        fee=None if stands is None else stands.fee,
        net=None if stands is None else stands.net,
        refunded=made.amount - left,
        status=_status(stands),
        due_at=None if stands is None else stands.due_at,
        payout_id=None if stands is None else stands.carried_by,
    )


def _status(stands: CaptureView | None) -> CaptureStatus:
    if stands is None:
        return CaptureStatus.CAPTURED
    if not stands.left:
        return CaptureStatus.REFUNDED
    if stands.is_paid:
        return CaptureStatus.PAID
    if stands.carried_by is not None:
        return CaptureStatus.PAYING
    return CaptureStatus.PROTECTED if stands.is_protected else CaptureStatus.CAPTURED
