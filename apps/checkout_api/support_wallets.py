"""Other wallets of a customer: put on file on the customer's word, and asked for an installment."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import ConfigDict, Field

from apps.checkout_api.applying import msisdn_of
from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import IdempotencyKey
from apps.checkout_api.parts import Parts
from apps.checkout_api.problems import openapi_responses
from apps.checkout_api.staff_authentication import Staff, staff_who
from apps.checkout_api.support_plans import Reasoned, have_done
from apps.checkout_api.support_resource import SupportPlan
from apps.checkout_api.wire import PlanId, Wallet
from meqenet.auth.roles import Deed
from workflows.messages import AddWallet, PayByAnotherWallet

router = APIRouter(
    prefix="/v1/support/plans/{plan_id}",
    tags=["support"],
    route_class=ExactRoute,
    responses=openapi_responses(401, 403, 404, 503, 400, 409, 422),
)
_Chooser = Annotated[Staff, Depends(staff_who(Deed.PAY_BY_ANOTHER_WALLET))]


class AddWalletRequest(Reasoned):
    """Whose wallet it is, and its phone. Private."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "wallet": {"provider": "mpesa", "phone": "0711223344"},
                    "why": "the customer called and named it",
                }
            ]
        }
    )

    wallet: Wallet


class PayByWalletRequest(Reasoned):
    """Which wallet is asked."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"wallet": "w2", "why": "the customer wants to pay from M-PESA"}]
        }
    )

    wallet: str = Field(pattern=r"^w[1-9]$")
    """As the plan's wallets name it: ``w2``."""


@router.post(
    "/wallets", summary="Put another wallet of the customer on file", response_model=SupportPlan
)
async def add_wallet(
    request: Request,
    parts: Parts,
    staff: _Chooser,
    key: IdempotencyKey,
    plan_id: PlanId,
    body: AddWalletRequest,
) -> Response:
    """It is asked when the plan's own wallet cannot pay, or when staff have an installment paid
    from it. The same phone twice is one wallet."""  # noqa: D205, D209 - shown as one paragraph
    deed = AddWallet(
        provider=body.wallet.provider,
        msisdn=msisdn_of(body.wallet),
        who=staff.staff_id,
        why=body.why,
    )
    return await have_done(request, parts, staff, key=key, plan_id=plan_id, deed=deed)


@router.post(
    "/installments/{number}/pay-by-wallet",
    summary="Have an installment paid from another wallet now",
    response_model=SupportPlan,
)
async def pay_by_another_wallet(
    request: Request,
    parts: Parts,
    staff: _Chooser,
    key: IdempotencyKey,
    plan_id: PlanId,
    number: Annotated[int, Path(ge=1, le=99)],
    body: PayByWalletRequest,
) -> Response:
    """One attempt, now: a prompt or a payment link. Refused while another is under way, so that
    nobody is charged twice."""  # noqa: D205, D209 - shown as one paragraph
    deed = PayByAnotherWallet(
        number=number, wallet_id=f"{plan_id}-{body.wallet}", who=staff.staff_id, why=body.why
    )
    return await have_done(request, parts, staff, key=key, plan_id=plan_id, deed=deed)
