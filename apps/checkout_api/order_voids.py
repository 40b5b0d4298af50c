"""A merchant voids what it will not deliver: the customer owes less, and is paid back."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict

from apps.checkout_api.amounts import Birr, Day, PositiveBirr
from apps.checkout_api.authentication import Authenticated
from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import Answer, IdempotencyKey, once
from apps.checkout_api.order_verbs import (
    DeedReference,
    MoneyBack,
    RefundedInstallment,
    asked_once,
    done,
    may_be_asked,
    outcome_of,
)
from apps.checkout_api.parts import Parts
from apps.checkout_api.plan_process import handle_of
from apps.checkout_api.plan_resource import PlanResource
from apps.checkout_api.plans import ACCEPTED, answered, own_plan
from apps.checkout_api.problems import openapi_responses
from apps.checkout_api.told import Told
from apps.checkout_api.wire import PlanId, Sent
from db.bnpl.views import voids_of
from db.payments.views.cash_back import CashBackView, cash_back_of
from meqenet.bnpl.refund_events import AuthorisationExpired, OrderVoided
from meqenet.identity import derived_id, order_void_id
from workflows.order_capture_messages import VoidOrder
from workflows.plan import PaymentPlanWorkflow

router = APIRouter(
    prefix="/v1/plans/{plan_id}",
    tags=["plans"],
    route_class=ExactRoute,
    responses=openapi_responses(401, 403, 404, 503),
)


class VoidAsked(Sent):
    """What of the order's price will not be captured."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": "300.00"}]})

    amount: PositiveBirr | None = None
    """Without it, all that is not captured."""


class VoidRequest(VoidAsked):
    """A void of an order, or of a part."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reference": "out-of-stock-9", "amount": "300.00"}]}
    )

    reference: DeedReference
    """The merchant's own number of the void: under the same one there is never a second."""


class VoidPreview(Told):
    """What a void would do now."""

    on: Day
    """The day in Addis Ababa, by the plan's clock."""
    amount: Birr
    voidable: Birr
    """What of the order's price is not captured, before this void."""
    owed_less: Birr
    """Principal that need not be paid any more."""
    interest_saved: Birr
    """Unpaid interest that is not owed any more."""
    cash_back: Birr
    """What goes back to the customer's wallets."""
    installments: list[RefundedInstallment]
    """All of them, as they would be."""


class VoidMade(Told):
    """What of the order was voided, at once."""

    id: str
    reference: str
    on: Day
    amount: Birr
    because: Literal["merchant", "staff", "charged_off", "expired"]
    owed_less: Birr
    interest_saved: Birr
    cash_back: Birr
    money: list[MoneyBack]
    """What of the cash goes back to which payment; empty while that is being decided."""


class Voids(Told):
    """A plan's voids, the oldest first."""

    voids: list[VoidMade]


@router.post("/void/preview", summary="What a void would do", responses=openapi_responses(409, 422))
async def preview(
    parts: Parts, merchant: Authenticated, plan_id: PlanId, body: VoidAsked
) -> VoidPreview:
    """The plan as it would be: what is owed less, as if that part had never been bought, and what
    goes back in cash. Voiding does exactly that. Nothing is stored."""  # noqa: D205, D209 - shown as one paragraph
    plan = await own_plan(parts, merchant, plan_id=plan_id)
    may_be_asked(plan)
    asking = VoidOrder(reference="", amount=body.amount)
    handle = handle_of(parts, plan_id=plan_id)
    found = await answered(
        lambda: handle.query(PaymentPlanWorkflow.order_void, asking), plan=plan, parts=parts
    )
    voidable, outcome = outcome_of(found, code="void_refused", text="nothing can be voided now")
    return VoidPreview(voidable=voidable, **outcome)


@router.post(
    "/void",
    summary="Void what is not captured",
    response_model=PlanResource,
    responses={**ACCEPTED, **openapi_responses(400, 409, 422)},
)
async def void(
    request: Request,
    parts: Parts,
    merchant: Authenticated,
    key: IdempotencyKey,
    plan_id: PlanId,
    body: VoidRequest,
) -> Response:
    """You will not deliver that part: the customer owes less, and there is no fee on it.

    The same `reference` again is the same void.
    """

    async def act() -> Answer:
        deed = VoidOrder(reference=body.reference, amount=body.amount)
        plan = await own_plan(parts, merchant, plan_id=plan_id)
        async with parts.bnpl.write() as session:
            made = await voids_of(session=session, plan_id=plan_id)
        return await asked_once(
            deed,
            made=made,
            update=lambda handle, update_id: handle.execute_update(
                PaymentPlanWorkflow.void_order, deed, id=update_id
            ),
            update_id=derived_id(prefix="void", parts=(merchant.merchant_id, key)),
            plan=plan,
            parts=parts,
        )

    return await once(request=request, parts=parts, asker=merchant, key=key, act=act)


@router.get("/voids", summary="Voids of a plan")
async def voids(parts: Parts, merchant: Authenticated, plan_id: PlanId) -> Voids:
    """Each part that was voided, why, and where the customer's money is."""
    await own_plan(parts, merchant, plan_id=plan_id)
    async with parts.stores["bnpl"].read() as session:
        made = await voids_of(session=session, plan_id=plan_id)
    async with parts.stores["payments"].read() as session:
        money = await cash_back_of(session=session, plan_id=plan_id)
    return Voids(voids=[_made(plan_id, each, money) for each in made])


def _made(
    plan_id: str, made: OrderVoided | AuthorisationExpired, money: list[CashBackView]
) -> VoidMade:
    void_id = order_void_id(plan_id=plan_id, number=made.number)
    return VoidMade(because=_because(made), **done(made, own_id=void_id, money=money))


def _because(
    made: OrderVoided | AuthorisationExpired,
) -> Literal["merchant", "staff", "charged_off", "expired"]:
    if isinstance(made, AuthorisationExpired):
        return "expired"
    if made.reference == "charged-off":
        return "charged_off"
    return "merchant" if made.by == "merchant" else "staff"
