"""A merchant takes goods back: what that would do to the plan, and the refund."""

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
    done,
    may_be_looked_at,
    outcome_of,
)
from apps.checkout_api.parts import Parts
from apps.checkout_api.plan_after_end import updated_after_end
from apps.checkout_api.plan_process import PlanHandle, handle_of
from apps.checkout_api.plan_resource import PlanResource
from apps.checkout_api.plans import ACCEPTED, answered, own_plan, written
from apps.checkout_api.problems import openapi_responses
from apps.checkout_api.told import Told
from apps.checkout_api.wire import PlanId, Sent
from db.bnpl.views import refunds_of
from db.payments.views.cash_back import CashBackView, cash_back_of
from meqenet.bnpl.refund_events import OrderRefunded
from meqenet.bnpl.states import PlanState
from meqenet.identity import derived_id, order_refund_id
from workflows.messages import PlanAnswer
from workflows.order_refund_messages import RefundOutlook, TakeGoodsBack
from workflows.plan import PaymentPlanWorkflow
from workflows.refund_after_end import RefundAfterEndWorkflow

router = APIRouter(
    prefix="/v1/plans/{plan_id}/refunds",
    tags=["plans"],
    route_class=ExactRoute,
    responses=openapi_responses(401, 403, 404, 503),
)


class RefundAsked(Sent):
    """What goes back of the order's price."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": "1500.00"}]})

    amount: PositiveBirr | None = None
    """Without it, all that has not gone back yet."""
    gives_interest_back: bool | None = None
    """Whether what the part has cost in interest is given back; null leaves it to the product."""


class RefundRequest(RefundAsked):
    """A refund of an order, or of a part."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reference": "return-77", "amount": "1500.00"}]}
    )

    reference: DeedReference
    """The merchant's own number of the refund: under the same one there is never a second."""


class RefundPreview(Told):
    """What a refund would do now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "on": {"gregorian": "2027-01-15", "ethiopian": "2019-05-07"},
                    "amount": "1500.00",
                    "refundable": "4000.00",
                    "owed_less": "1500.00",
                    "interest_saved": "0.00",
                    "cash_back": "0.00",
                    "installments": [
                        {
                            "number": 4,
                            "due_on": {"gregorian": "2027-02-15", "ethiopian": "2019-06-08"},
                            "principal": "0.00",
                            "interest": "0.00",
                            "left": "0.00",
                        }
                    ],
                }
            ]
        }
    )

    on: Day
    """The day in Addis Ababa, by the plan's clock."""
    amount: Birr
    refundable: Birr
    """What of the order's price has not gone back yet, before this refund."""
    owed_less: Birr
    """Principal that need not be paid any more."""
    interest_saved: Birr
    """Unpaid interest that is not owed any more."""
    cash_back: Birr
    """What goes back to the customer's wallets."""
    installments: list[RefundedInstallment]
    """All of them, as they would be."""


class RefundMade(Told):
    """A refund that was made."""

    id: str
    reference: str
    on: Day
    amount: Birr
    owed_less: Birr
    interest_saved: Birr
    cash_back: Birr
    money: list[MoneyBack]
    """What of the cash goes back to which payment; empty while that is being decided."""


class Refunds(Told):
    """A plan's refunds, the oldest first."""

    refunds: list[RefundMade]


@router.post("/preview", summary="What a refund would do", responses=openapi_responses(409, 422))
async def preview(
    parts: Parts, merchant: Authenticated, plan_id: PlanId, body: RefundAsked
) -> RefundPreview:
    """The plan as it would be: what is owed less, by the product's rule, and what goes back in
    cash. Refunding does exactly that. Nothing is stored."""  # noqa: D205, D209 - shown as one paragraph
    plan = await own_plan(parts, merchant, plan_id=plan_id)
    may_be_looked_at(plan)
    asking = TakeGoodsBack(
        reference="", amount=body.amount, gives_interest_back=body.gives_interest_back
    )
    handle = handle_of(parts, plan_id=plan_id)

    async def look() -> RefundOutlook:
        if plan.state is not PlanState.COMPLETED:
            return await handle.query(PaymentPlanWorkflow.order_refund, asking)
        return await updated_after_end(
            parts, plan_id=plan_id, update=RefundAfterEndWorkflow.order_refund, asking=asking
        )

    found = await answered(look, plan=plan, parts=parts)
    refundable, outcome = outcome_of(found, code="refund_refused", text="nothing can go back now")
    return RefundPreview(refundable=refundable, **outcome)


@router.post(
    "",
    summary="Take goods back",
    response_model=PlanResource,
    responses={**ACCEPTED, **openapi_responses(400, 409, 422)},
)
async def refund(
    request: Request,
    parts: Parts,
    merchant: Authenticated,
    key: IdempotencyKey,
    plan_id: PlanId,
    body: RefundRequest,
) -> Response:
    """The customer owes less, and gets back what was paid beyond; the merchant gets less.

    It nets what the merchant is paid next. The same `reference` again is the same refund.
    """

    async def act() -> Answer:
        deed = TakeGoodsBack(
            reference=body.reference,
            amount=body.amount,
            gives_interest_back=body.gives_interest_back,
        )
        plan = await own_plan(parts, merchant, plan_id=plan_id)

        async def update(handle: PlanHandle, update_id: str) -> PlanAnswer:
            if plan.state is not PlanState.COMPLETED:
                return await handle.execute_update(
                    PaymentPlanWorkflow.refund_order, deed, id=update_id
                )
            return await updated_after_end(
                parts,
                plan_id=plan_id,
                update=RefundAfterEndWorkflow.refund_order,
                asking=deed,
                update_id=update_id,
            )

        return await written(
            update,
            update_id=derived_id(prefix="refund", parts=(merchant.merchant_id, key)),
            plan=plan,
            parts=parts,
        )

    return await once(request=request, parts=parts, asker=merchant, key=key, act=act)


@router.get("", summary="Refunds of a plan")
async def refunds(parts: Parts, merchant: Authenticated, plan_id: PlanId) -> Refunds:
    """Each refund that was made, and where its money is."""
    await own_plan(parts, merchant, plan_id=plan_id)
    async with parts.stores["bnpl"].read() as session:
        made = await refunds_of(session=session, plan_id=plan_id)
    async with parts.stores["payments"].read() as session:
        money = await cash_back_of(session=session, plan_id=plan_id)
    return Refunds(refunds=[_made(plan_id, each, money) for each in made])


def _made(plan_id: str, made: OrderRefunded, money: list[CashBackView]) -> RefundMade:
    refund_id = order_refund_id(plan_id=plan_id, number=made.number)
    return RefundMade(**done(made, own_id=refund_id, money=money))
