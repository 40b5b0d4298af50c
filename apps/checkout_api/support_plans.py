"""What staff can have a plan do. The plan's process is the judge, and keeps who and why."""

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import ConfigDict
from temporalio.client import WorkflowQueryFailedError

from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import Answer, IdempotencyKey, once
from apps.checkout_api.parts import ApiParts, Parts
from apps.checkout_api.plan_process import (
    ProcessGone,
    StillWorking,
    asked,
    handle_of,
    status_of,
)
from apps.checkout_api.problems import Problem, openapi_responses
from apps.checkout_api.staff_authentication import Staff, staff_who
from apps.checkout_api.support_resource import SupportPlan, support_plan
from apps.checkout_api.wire import PlanId, Sent, Why
from db.bnpl.views import PlanView, plan_view
from db.payments.views import attempts_of
from db.payments.views.credit import credits_of
from db.payments.views.wallets import wallets_of
from meqenet.auth.roles import Deed
from meqenet.bnpl.states import ALLOWED
from meqenet.errors import Mender, Unavailable
from meqenet.identity import derived_id
from workflows.hardship_messages import GrantHardship
from workflows.messages import (
    AddWallet,
    ChargeOff,
    MarkUnreachable,
    PauseCollection,
    PayByAnotherWallet,
    PlanAnswer,
    ResumeCollection,
    RetryInstallment,
    RetryMoneyOut,
    SupportDeed,
    SupportStanding,
    WaiveFee,
    WriteOff,
)
from workflows.order_capture_messages import VoidForMerchant
from workflows.plan import PaymentPlanWorkflow
from workflows.replay_messages import ReplayPayment

router = APIRouter(
    prefix="/v1/support/plans/{plan_id}",
    tags=["support"],
    route_class=ExactRoute,
    responses=openapi_responses(401, 403, 404, 503),
)
_Number = Annotated[int, Path(ge=1, le=99)]
_WRITES: Final = openapi_responses(400, 409, 422)
_QUERY_SECONDS_MAX: Final = 5

_Reader = Annotated[Staff, Depends(staff_who(Deed.READ_PLAN))]
_Retrier = Annotated[Staff, Depends(staff_who(Deed.RETRY_INSTALLMENT))]
_Holder = Annotated[Staff, Depends(staff_who(Deed.HOLD_COLLECTION))]
_Refunder = Annotated[Staff, Depends(staff_who(Deed.RETRY_REFUND))]
_Waiver = Annotated[Staff, Depends(staff_who(Deed.WAIVE_FEE))]
_Payer = Annotated[Staff, Depends(staff_who(Deed.RETRY_PAYOUT))]


class Reasoned(Sent):
    """Why it is done."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"why": "the customer has topped the wallet up"}]}
    )

    why: Why
    """Kept in the plan's log for ever: no names, phones or identity numbers."""


class RetryRequest(Reasoned):
    """How it is retried."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"why": "the outage is over", "in_batch": True}]}
    )

    in_batch: bool = False
    """One of many, at which nobody has looked: refused where collection is paused."""


class PauseRequest(Reasoned):
    """For how long."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"why": "the goods are disputed", "until": "2026-12-30"}]}
    )

    until: date | None = None
    """The first day in Addis Ababa on which it is collected by itself again, at most 30 days from
    now; without it as long as that, or until it is resumed."""


class UnreachableRequest(Reasoned):
    """Until when the customer cannot be reached."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"why": "in hospital", "until": "2026-12-30"}]}
    )

    until: date
    """The first day in Addis Ababa on which it is tried again, at most 14 days from now."""


@router.get("", summary="Read a plan, for staff")
async def read(parts: Parts, staff: _Reader, plan_id: PlanId) -> SupportPlan:
    """State, schedule, every attempt with its cause and what to tell the customer, what comes
    next, and what may be done now, or why not."""  # noqa: D205, D209 - shown as one paragraph
    del staff  # the dependency has judged the role
    plan = await found_plan(parts, plan_id=plan_id)
    return await told_plan(parts, plan)


@router.post(
    "/installments/{number}/retry",
    summary="Try an installment again now",
    response_model=SupportPlan,
    responses=_WRITES,
)
async def retry_installment(
    request: Request,
    parts: Parts,
    staff: _Retrier,
    key: IdempotencyKey,
    plan_id: PlanId,
    number: _Number,
    body: RetryRequest,
) -> Response:
    """One attempt, now. Refused while another is under way, so that nobody is charged twice."""
    deed = RetryInstallment(number=number, who=staff.staff_id, why=body.why, in_batch=body.in_batch)
    return await have_done(request, parts, staff, key=key, plan_id=plan_id, deed=deed)


@router.post(
    "/installments/{number}/fee/waive",
    summary="Waive late fees",
    response_model=SupportPlan,
    responses=_WRITES,
)
async def waive_fee(
    request: Request,
    parts: Parts,
    staff: _Waiver,
    key: IdempotencyKey,
    plan_id: PlanId,
    number: _Number,
    body: Reasoned,
) -> Response:
    """All unpaid late fees of the installment are not owed any more, and none is charged in their
    place. Refused while an attempt is under way that asks for them."""  # noqa: D205, D209 - shown as one paragraph
    deed = WaiveFee(number=number, who=staff.staff_id, why=body.why)
    return await have_done(request, parts, staff, key=key, plan_id=plan_id, deed=deed)


@router.post("/pause", summary="Pause collection", response_model=SupportPlan, responses=_WRITES)
async def pause(
    request: Request,
    parts: Parts,
    staff: _Holder,
    key: IdempotencyKey,
    plan_id: PlanId,
    body: PauseRequest,
) -> Response:
    """Nothing is tried by itself until the date; staff may still have one try made."""
    deed = PauseCollection(until=body.until, who=staff.staff_id, why=body.why)
    return await have_done(request, parts, staff, key=key, plan_id=plan_id, deed=deed)


@router.post(
    "/unreachable",
    summary="Mark the customer as unreachable",
    response_model=SupportPlan,
    responses=_WRITES,
)
async def unreachable(
    request: Request,
    parts: Parts,
    staff: _Holder,
    key: IdempotencyKey,
    plan_id: PlanId,
    body: UnreachableRequest,
) -> Response:
    """No attempt at all is made until the date, not even by staff."""
    deed = MarkUnreachable(until=body.until, who=staff.staff_id, why=body.why)
    return await have_done(request, parts, staff, key=key, plan_id=plan_id, deed=deed)


@router.post("/resume", summary="Resume collection", response_model=SupportPlan, responses=_WRITES)
async def resume(
    request: Request,
    parts: Parts,
    staff: _Holder,
    key: IdempotencyKey,
    plan_id: PlanId,
    body: Reasoned,
) -> Response:
    """End a pause, or say that the customer can be reached. What was planned stays planned."""
    deed = ResumeCollection(who=staff.staff_id, why=body.why)
    return await have_done(request, parts, staff, key=key, plan_id=plan_id, deed=deed)


@router.post(
    "/refund/retry",
    summary="Send a refused refund again",
    response_model=SupportPlan,
    responses=_WRITES,
)
async def retry_refund(
    request: Request,
    parts: Parts,
    staff: _Refunder,
    key: IdempotencyKey,
    plan_id: PlanId,
    body: Reasoned,
) -> Response:
    """The payment at checkout of a plan that did not become active goes back, under a new id."""
    deed = RetryMoneyOut(who=staff.staff_id, why=body.why)
    return await have_done(
        request, parts, staff, key=key, plan_id=plan_id, deed=deed, update="retry_refund"
    )


@router.post(
    "/payout/retry",
    summary="Send a refused payout again",
    response_model=SupportPlan,
    responses=_WRITES,
)
async def retry_payout(
    request: Request,
    parts: Parts,
    staff: _Payer,
    key: IdempotencyKey,
    plan_id: PlanId,
    body: Reasoned,
) -> Response:
    """The merchant is paid under a new id, to the account that is on file by now."""
    deed = RetryMoneyOut(who=staff.staff_id, why=body.why)
    return await have_done(
        request, parts, staff, key=key, plan_id=plan_id, deed=deed, update="retry_payout"
    )


_UPDATES: Final[dict[type[SupportDeed], str]] = {
    RetryInstallment: "retry_installment",
    AddWallet: "add_wallet",
    PayByAnotherWallet: "pay_by_another_wallet",
    PauseCollection: "pause_collection",
    MarkUnreachable: "mark_unreachable_until",
    ResumeCollection: "resume_collection",
    WaiveFee: "waive_fee",
    ChargeOff: "charge_off",
    WriteOff: "write_off",
    GrantHardship: "grant_hardship",
    VoidForMerchant: "void_for_merchant",
    ReplayPayment: "replay_payment",
}


async def have_done(
    request: Request,
    parts: ApiParts,
    staff: Staff,
    *,
    key: str,
    plan_id: str,
    deed: SupportDeed,
    update: str | None = None,
) -> Response:
    """Have the plan do what staff ask for; the same request under the same key is done once."""
    name = update or _UPDATES[type(deed)]

    async def act() -> Answer:
        plan = await found_plan(parts, plan_id=plan_id)
        handle = handle_of(parts, plan_id=plan_id)
        update_id = derived_id(prefix=name, parts=(staff.staff_id, key))
        status = await status_of(
            lambda: handle.execute_update(name, deed, id=update_id, result_type=PlanAnswer),
            gone=closed(plan),
            wait_seconds_max=parts.answer_seconds_max,
        )
        now = await found_plan(parts, plan_id=plan_id)
        return Answer(status=status, body=await told_plan(parts, now))

    return await once(request=request, parts=parts, asker=staff, key=key, act=act)


async def told_plan(parts: ApiParts, plan: PlanView) -> SupportPlan:
    """A plan for staff, with what its payments and its process say now."""
    async with parts.stores["payments"].write() as session:
        attempts = await attempts_of(session=session, plan_id=plan.plan_id)
        found = await credits_of(session=session, plan_id=plan.plan_id)
        wallets = await wallets_of(session=session, plan_id=plan.plan_id)
    standing = await _standing(parts, plan)
    return support_plan(
        plan=plan, attempts=attempts, wallets=wallets, surpluses=found, standing=standing
    )


async def _standing(parts: ApiParts, plan: PlanView) -> SupportStanding | None:
    """What its process says; None when it is over, or does not answer now."""
    if not ALLOWED[plan.state]:
        return None
    handle = handle_of(parts, plan_id=plan.plan_id)
    try:
        return await asked(
            lambda: handle.query(PaymentPlanWorkflow.support), wait_seconds_max=_QUERY_SECONDS_MAX
        )
    except (ProcessGone, StillWorking, Unavailable, WorkflowQueryFailedError):
        return None


async def found_plan(parts: ApiParts, *, plan_id: str) -> PlanView:
    """Read where it is written, so that staff see what they have just done."""
    async with parts.bnpl.write() as session:
        plan = await plan_view(session=session, plan_id=plan_id)
    if plan is None:
        raise Problem(status=404, code="plan_unknown", detail="plan_id: there is no such plan")
    return plan


def closed(plan: PlanView) -> Problem:
    """Why a plan without a process does nothing."""
    if ALLOWED[plan.state]:
        return Problem(
            status=409,
            code="plan_process_missing",
            detail="the plan's process is not running; an operator begins it again with "
            "`meqenet rehydrate`",
            mender=Mender.MEQENET,
        )
    return Problem(
        status=409,
        code="plan_closed",
        detail=f"a plan that is {plan.state} does not change any more",
        mender=Mender.NOBODY,
    )
