"""A customer pays by their own will: what a payment would pay, and the payment."""

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict

from apps.checkout_api.amounts import Birr, Day, PositiveBirr, day_of
from apps.checkout_api.authentication import Authenticated
from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import Answer, IdempotencyKey, once
from apps.checkout_api.parts import Parts
from apps.checkout_api.plan_process import handle_of
from apps.checkout_api.plan_resource import PlanResource
from apps.checkout_api.plans import (
    ACCEPTED,
    answered,
    own_plan,
    written,
)
from apps.checkout_api.problems import Problem, openapi_responses
from apps.checkout_api.told import Told
from apps.checkout_api.wire import PlanId, Sent
from meqenet.bnpl.own_payment import OwnPayment
from meqenet.identity import derived_id
from workflows.messages import PayNow
from workflows.plan import PaymentPlanWorkflow

router = APIRouter(
    prefix="/v1/plans/{plan_id}/payments",
    tags=["plans"],
    route_class=ExactRoute,
    responses=openapi_responses(401, 403, 404, 503),
)


class PaymentRequest(Sent):
    """How much the customer pays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": "1025.00"}]})

    amount: PositiveBirr | None = None
    """From 1.00 birr up to everything that is owed; without it, everything."""


class PartPaid(Told):
    """What of a payment pays an installment in part, late fees aside."""

    number: int
    amount: Birr


class FeePaid(Told):
    """What of a payment pays late fees of an installment."""

    number: int
    amount: Birr


class PaymentTold(Told):
    """A payment that can be made now."""

    amount: Birr
    installments: list[int]
    """The installments that it pays whole, in the order in which it pays them."""
    late_fees: list[FeePaid]
    """What of it pays late fees, by installment."""
    parts: list[PartPaid]
    """The installments that it pays in part, and how much of them; the rest stays owed."""
    ends_plan: bool
    """Whether nothing is owed after it: it pays the plan off."""
    interest: Birr
    """What of it pays interest."""
    interest_saved: Birr
    """Interest of the schedule that need not be paid any more after it."""


class PaymentPreview(Told):
    """What can be paid now, and what it pays."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "on": {"gregorian": "2027-01-22", "ethiopian": "2019-05-14"},
                    "payments": [
                        {
                            "amount": "1025.00",
                            "installments": [2],
                            "late_fees": [{"number": 2, "amount": "25.00"}],
                            "parts": [],
                            "ends_plan": False,
                            "interest": "0.00",
                            "interest_saved": "0.00",
                        },
                        {
                            "amount": "3025.00",
                            "installments": [2, 3, 4],
                            "late_fees": [{"number": 2, "amount": "25.00"}],
                            "parts": [],
                            "ends_plan": True,
                            "interest": "0.00",
                            "interest_saved": "0.00",
                        },
                    ],
                }
            ]
        }
    )

    on: Day
    """The day in Addis Ababa, by the plan's clock."""
    payments: list[PaymentTold]
    """Of the amount that was asked about; without one, all that pay whole installments, the least
    first: the last pays the plan off."""


@router.post("/preview", summary="What a payment would pay", responses=openapi_responses(409, 422))
async def preview(
    parts: Parts, merchant: Authenticated, plan_id: PlanId, body: PaymentRequest | None = None
) -> PaymentPreview:
    """What an amount pays by the plan's rule: the oldest installment first, with its late fees, the
    last that it reaches in part. Without an amount: each that pays whole installments. Paying does
    exactly that. Nothing is stored."""  # noqa: D205, D209 - shown as one paragraph
    plan = await own_plan(parts, merchant, plan_id=plan_id)
    asking = PayNow(amount=None if body is None else body.amount)
    handle = handle_of(parts, plan_id=plan_id)
    found = await answered(
        lambda: handle.query(PaymentPlanWorkflow.payable, asking), plan=plan, parts=parts
    )
    if found.on is None:
        raise Problem(
            status=409,
            code=found.code or "payment_not_offered",
            detail=found.text or "nothing can be paid now",
            field=found.field,
        )
    return PaymentPreview(on=day_of(found.on), payments=[_told(each) for each in found.payments])


@router.post(
    "",
    summary="Pay before it is collected",
    response_model=PlanResource,
    responses={**ACCEPTED, **openapi_responses(400, 409, 422)},
)
async def pay(
    request: Request,
    parts: Parts,
    merchant: Authenticated,
    key: IdempotencyKey,
    plan_id: PlanId,
    body: PaymentRequest,
) -> Response:
    """Ask the customer's wallet for it: an M-PESA prompt, or a Telebirr page (`next_action`).

    One at a time, and refused while an installment is being collected. What it pays is not
    collected any more; if nothing comes, collection goes on as planned.
    """

    async def act() -> Answer:
        return await written(
            lambda handle, update_id: handle.execute_update(
                PaymentPlanWorkflow.pay, PayNow(amount=body.amount), id=update_id
            ),
            update_id=derived_id(prefix="pay", parts=(merchant.merchant_id, key)),
            plan=await own_plan(parts, merchant, plan_id=plan_id),
            parts=parts,
        )

    return await once(request=request, parts=parts, asker=merchant, key=key, act=act)


def _told(payment: OwnPayment) -> PaymentTold:
    return PaymentTold(
        amount=payment.amount,
        installments=list(payment.installments),
        late_fees=[FeePaid(number=part.number, amount=part.amount) for part in payment.late_fees],
        parts=[PartPaid(number=part.number, amount=part.amount) for part in payment.parts],
        ends_plan=payment.ends_plan,
        interest=payment.interest,
        interest_saved=payment.interest_saved,
    )
