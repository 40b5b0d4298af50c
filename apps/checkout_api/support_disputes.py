"""Disputes, for staff: opened for a customer, with evidence, withdrawn on their word, decided."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ConfigDict

from apps.checkout_api.dispute_process import (
    DOWNLOAD,
    UPLOAD,
    FileNumber,
    Number,
    file_added,
    file_read,
    found,
    moved,
    opened,
)
from apps.checkout_api.dispute_resource import (
    EvidenceList,
    EvidenceTold,
    SupportDisputeRead,
    SupportDisputes,
    evidence_told,
    support_dispute,
    support_dispute_read,
)
from apps.checkout_api.disputes import DisputeRequest
from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import Answer, IdempotencyKey, once
from apps.checkout_api.parts import ApiParts, Parts
from apps.checkout_api.problems import openapi_responses
from apps.checkout_api.staff_authentication import Staff, staff_who
from apps.checkout_api.support_plans import found_plan
from apps.checkout_api.wire import PlanId, Sent, Why
from meqenet.auth.roles import Deed
from meqenet.disputes.dispute_states import Move, Outcome
from meqenet.disputes.evidence import Side

router = APIRouter(
    prefix="/v1/support",
    tags=["support"],
    route_class=ExactRoute,
    responses=openapi_responses(401, 403, 422, 503),
)
_Reader = Annotated[Staff, Depends(staff_who(Deed.READ_DISPUTE))]
_Handler = Annotated[Staff, Depends(staff_who(Deed.HANDLE_DISPUTE))]
_Decider = Annotated[Staff, Depends(staff_who(Deed.DECIDE_DISPUTE))]
_WRITES: Final = openapi_responses(400, 404, 409)
_OF_A_PLAN: Final = "/plans/{plan_id}/disputes"


class ReasonRequest(Sent):
    """Why it is done."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"why": "the customer called: the parcel came"}]}
    )

    why: Why
    """Kept for ever: no names, phones or identity numbers."""


class DecisionRequest(ReasonRequest):
    """For whom the evidence speaks."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"outcome": "lost", "why": "signed for at the door, file 2"}]
        }
    )

    outcome: Literal[Outcome.WON, Outcome.LOST]
    """``won``: for the customer, who is made whole; ``lost``: for the merchant, who is paid."""


@router.get("/disputes", summary="List disputes that wait for somebody")
async def under_way(parts: Parts, staff: _Reader) -> SupportDisputes:
    """Those whose review is late at the top, then by deadline; 200 at most."""
    del staff  # the dependency has judged the role
    views = await parts.disputes.under_way()
    return SupportDisputes(disputes=[support_dispute(each) for each in views])


@router.post(
    _OF_A_PLAN,
    summary="Open a dispute for a customer",
    status_code=201,
    response_model=SupportDisputeRead,
    responses=_WRITES,
)
async def make(
    request: Request,
    parts: Parts,
    staff: _Handler,
    key: IdempotencyKey,
    plan_id: PlanId,
    body: DisputeRequest,
) -> Response:
    """Of a plan in force or completed, within 120 days of its start."""

    async def act() -> Answer:
        plan = await found_plan(parts, plan_id=plan_id)
        file = await opened(
            parts=parts,
            plan=plan,
            kind=body.kind,
            amount=body.amount,
            by=staff.staff_id,
            key=key,
        )
        return Answer(status=201, body=support_dispute_read(file))

    return await once(request=request, parts=parts, asker=staff, key=key, act=act)


@router.get(_OF_A_PLAN, summary="Disputes of a plan, for staff")
async def listed(parts: Parts, staff: _Reader, plan_id: PlanId) -> SupportDisputes:
    """All of them, the first one first."""
    del staff  # the dependency has judged the role
    views = await parts.disputes.disputes(plan_id=plan_id)
    return SupportDisputes(disputes=[support_dispute(each) for each in views])


@router.get(
    f"{_OF_A_PLAN}/{{number}}",
    summary="Read a dispute, for staff",
    responses=openapi_responses(404),
)
async def read(parts: Parts, staff: _Reader, plan_id: PlanId, number: Number) -> SupportDisputeRead:
    """What was done, by whom and why, and which files there are."""
    del staff  # the dependency has judged the role
    return support_dispute_read(await found(parts, plan_id=plan_id, number=number))


@router.post(
    f"{_OF_A_PLAN}/{{number}}/withdraw",
    summary="Withdraw a dispute",
    response_model=SupportDisputeRead,
    responses=_WRITES,
)
async def withdraw(
    request: Request,
    parts: Parts,
    staff: _Handler,
    key: IdempotencyKey,
    plan_id: PlanId,
    number: Number,
    body: ReasonRequest,
) -> Response:
    """On the customer's word: everything goes on as before."""
    move, of = Move.CUSTOMER_WITHDRAWS, (plan_id, number)
    return await _moved(request, parts, staff, key=key, of=of, move=move, why=body.why)


@router.post(
    f"{_OF_A_PLAN}/{{number}}/decide",
    summary="Decide a dispute",
    response_model=SupportDisputeRead,
    responses=_WRITES,
)
async def decide(
    request: Request,
    parts: Parts,
    staff: _Decider,
    key: IdempotencyKey,
    plan_id: PlanId,
    number: Number,
    body: DecisionRequest,
) -> Response:
    """Once the merchant has answered. `won` or `lost`; every other outcome comes by itself."""
    is_won = body.outcome is Outcome.WON
    move = Move.DECIDE_FOR_CUSTOMER if is_won else Move.DECIDE_FOR_MERCHANT
    of = (plan_id, number)
    return await _moved(request, parts, staff, key=key, of=of, move=move, why=body.why)


@router.post(
    f"{_OF_A_PLAN}/{{number}}/evidence",
    summary="Add a file for the customer",
    status_code=201,
    response_model=EvidenceTold,
    responses=openapi_responses(400, 404, 409, 413),
    openapi_extra=UPLOAD,
)
async def add(
    request: Request,
    parts: Parts,
    staff: _Handler,
    key: IdempotencyKey,
    plan_id: PlanId,
    number: Number,
) -> Response:
    """What the customer shows, or what you have found for them. It is kept sealed."""

    async def act() -> Answer:
        added = await file_added(
            parts=parts,
            file=await found(parts, plan_id=plan_id, number=number),
            content=await request.body(),
            side=Side.CUSTOMER,
            by=staff.staff_id,
        )
        return Answer(status=201, body=added)

    return await once(request=request, parts=parts, asker=staff, key=key, act=act, is_json=False)


@router.get(
    f"{_OF_A_PLAN}/{{number}}/evidence",
    summary="Files of a dispute, for staff",
    responses=openapi_responses(404),
)
async def files(parts: Parts, staff: _Reader, plan_id: PlanId, number: Number) -> EvidenceList:
    """Those of both sides."""
    del staff  # the dependency has judged the role
    file = await found(parts, plan_id=plan_id, number=number)
    return EvidenceList(evidence=evidence_told(file))


@router.get(
    f"{_OF_A_PLAN}/{{number}}/evidence/{{file_number}}",
    summary="Download a file of a dispute, for staff",
    response_class=Response,
    responses={**DOWNLOAD, **openapi_responses(404)},
)
async def download(
    parts: Parts, staff: _Reader, plan_id: PlanId, number: Number, file_number: FileNumber
) -> Response:
    """Of either side."""
    del staff  # the dependency has judged the role
    file = await found(parts, plan_id=plan_id, number=number)
    return await file_read(parts, file, number=file_number)


async def _moved(
    request: Request,
    parts: ApiParts,
    staff: Staff,
    *,
    key: str,
    of: tuple[str, int],
    move: Move,
    why: str,
) -> Response:
    async def act() -> Answer:
        now = await moved(
            parts=parts,
            file=await found(parts, plan_id=of[0], number=of[1]),
            move=move,
            by=staff.staff_id,
            why=why,
            key=key,
        )
        return Answer(status=200, body=support_dispute_read(now))

    return await once(request=request, parts=parts, asker=staff, key=key, act=act)
