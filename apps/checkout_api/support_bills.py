"""Money under a number that is no plan of ours: staff see it, and say whose it is."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import ConfigDict, Field

from apps.checkout_api.amounts import Birr
from apps.checkout_api.bill_telling import tell_bill
from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import Answer, IdempotencyKey, once
from apps.checkout_api.parts import Parts
from apps.checkout_api.problems import Problem, openapi_responses
from apps.checkout_api.staff_authentication import Staff, staff_who
from apps.checkout_api.support_plans import Reasoned, found_plan, told_plan
from apps.checkout_api.support_resource import SupportPlan
from apps.checkout_api.told import Told
from apps.checkout_api.wire import PLAN_ID
from meqenet.auth.roles import Deed
from meqenet.errors import Refusal
from workers.bill_desk import BillDesk

router = APIRouter(
    prefix="/v1/support/bills",
    tags=["support"],
    route_class=ExactRoute,
    responses=openapi_responses(401, 403, 503),
)
_Receipt = Annotated[str, Path(pattern=r"^[A-Za-z0-9]{6,20}$", description="M-PESA's.")]
_Reader = Annotated[Staff, Depends(staff_who(Deed.READ_PLAN))]
_Assigner = Annotated[Staff, Depends(staff_who(Deed.RETURN_CREDIT))]
_WRITES: Final = openapi_responses(400, 404, 409, 422)


class AssignBill(Reasoned):
    """For which plan the money came."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"why": "the customer has shown the receipt", "plan": "pln_abcdefghijklmnopqrst"}
            ]
        }
    )

    plan: str = Field(pattern=PLAN_ID)
    """The plan; where it has ended, the money is its customer's credit, and can be sent back."""


class UnclaimedBill(Told):
    """Money that M-PESA has told of. Who has paid is not in it."""

    receipt: str
    """M-PESA's: ask the customer for it, or M-PESA about it."""
    amount: Birr
    told_at: datetime


class UnclaimedBills(Told):
    """The oldest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "bills": [
                        {
                            "receipt": "RCH7BT9MZ1",
                            "amount": "400.00",
                            "told_at": "2026-12-24T07:00:00Z",
                        }
                    ]
                }
            ]
        }
    )

    bills: list[UnclaimedBill]
    """At most 100."""


@router.get("", summary="List money that names no plan of ours")
async def listed(parts: Parts, staff: _Reader) -> UnclaimedBills:
    """Paid to our short code under a number that is no plan's, and not assigned yet."""
    del staff  # the dependency has judged the role
    found = await BillDesk(payments=parts.stores["payments"]).unclaimed()
    return UnclaimedBills(
        bills=[
            UnclaimedBill(receipt=each.receipt, amount=each.amount, told_at=each.told_at)
            for each in found
        ]
    )


@router.post(
    "/{receipt}/assign",
    summary="Say for which plan money came",
    response_model=SupportPlan,
    responses=_WRITES,
)
async def assign(
    request: Request,
    parts: Parts,
    staff: _Assigner,
    key: IdempotencyKey,
    receipt: _Receipt,
    body: AssignBill,
) -> Response:
    """The plan asks M-PESA about the receipt and takes the money; a plan that is over owes it."""

    async def act() -> Answer:
        plan = await found_plan(parts, plan_id=body.plan)
        try:
            bill = await BillDesk(payments=parts.stores["payments"]).assign(
                receipt=receipt,
                plan_id=plan.plan_id,
                by=staff.staff_id,
                why=body.why,
                at=parts.clock(),
            )
        except Refusal as refusal:
            raise _told(refusal) from None
        await tell_bill(parts, plan, receipt=bill.receipt, amount=bill.amount)
        return Answer(status=202, body=await told_plan(parts, plan))

    return await once(request=request, parts=parts, asker=staff, key=key, act=act)


def _told(refusal: Refusal) -> Problem:
    return Problem(
        status=404 if refusal.code == "bill_unknown" else 409,
        code=refusal.code,
        detail=refusal.text,
        mender=refusal.mender,
        field=refusal.field,
    )
