"""Customers dispute their orders at a merchant's checkout; the merchant accepts, or answers."""

from typing import Final

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict

from apps.checkout_api.amounts import PositiveBirr
from apps.checkout_api.authentication import Authenticated, Merchant
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
    DisputeRead,
    Disputes,
    EvidenceList,
    EvidenceTold,
    dispute_read,
    dispute_told,
    evidence_told,
)
from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import Answer, IdempotencyKey, once
from apps.checkout_api.parts import ApiParts, Parts
from apps.checkout_api.plans import own_plan
from apps.checkout_api.problems import openapi_responses
from apps.checkout_api.wire import PlanId, Sent
from meqenet.disputes.dispute_states import DisputeKind, Move
from meqenet.disputes.evidence import Side
from workers.dispute_desk import DisputeFile

router = APIRouter(
    prefix="/v1/plans/{plan_id}/disputes",
    tags=["disputes"],
    route_class=ExactRoute,
    responses=openapi_responses(401, 403, 404, 503),
)
_WRITES: Final = openapi_responses(400, 409, 422)
_ACCEPTS: Final = "the merchant takes the disputed part back"
_ANSWERS: Final = "the merchant contests it"


class DisputeRequest(Sent):
    """What the customer disputes."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "not_received", "amount": "1500.00"}]}
    )

    kind: DisputeKind
    amount: PositiveBirr | None = None
    """Of the order's price; without it, all that has not gone back."""


@router.post(
    "",
    summary="Dispute an order for its customer",
    status_code=201,
    response_model=DisputeRead,
    responses=_WRITES,
)
async def make(
    request: Request,
    parts: Parts,
    merchant: Authenticated,
    key: IdempotencyKey,
    plan_id: PlanId,
    body: DisputeRequest,
) -> Response:
    """Of a plan in force or completed, within 120 days of its start. What a refund of the part
    would make smaller waits, and so does your money of it; you have ten working days to answer."""  # noqa: D205, D209 - shown as one paragraph

    async def act() -> Answer:
        plan = await own_plan(parts, merchant, plan_id=plan_id)
        file = await opened(
            parts=parts,
            plan=plan,
            kind=body.kind,
            amount=body.amount,
            by=merchant.merchant_id,
            key=key,
        )
        return Answer(status=201, body=dispute_read(file))

    return await once(request=request, parts=parts, asker=merchant, key=key, act=act)


@router.get("", summary="Disputes of a plan")
async def listed(parts: Parts, merchant: Authenticated, plan_id: PlanId) -> Disputes:
    """All of them, the first one first."""
    await own_plan(parts, merchant, plan_id=plan_id)
    views = await parts.disputes.disputes(plan_id=plan_id)
    return Disputes(disputes=[dispute_told(each) for each in views])


@router.get("/{number}", summary="Read a dispute")
async def read(
    parts: Parts, merchant: Authenticated, plan_id: PlanId, number: Number
) -> DisputeRead:
    """Where it stands, what has brought it there, and which files there are."""
    return dispute_read(await _own(parts, merchant, plan_id=plan_id, number=number))


@router.post(
    "/{number}/accept",
    summary="Accept a dispute",
    response_model=DisputeRead,
    responses=_WRITES,
)
async def accept(
    request: Request,
    parts: Parts,
    merchant: Authenticated,
    key: IdempotencyKey,
    plan_id: PlanId,
    number: Number,
) -> Response:
    """You take the disputed part back: the customer owes less, and gets back what was paid."""
    return await _moved(
        request, parts, merchant, key=key, of=(plan_id, number), move=Move.MERCHANT_ACCEPTS
    )


@router.post(
    "/{number}/answer",
    summary="Contest a dispute",
    response_model=DisputeRead,
    responses=_WRITES,
)
async def answer(
    request: Request,
    parts: Parts,
    merchant: Authenticated,
    key: IdempotencyKey,
    plan_id: PlanId,
    number: Number,
) -> Response:
    """Add your evidence first, or until the decision. Staff then weigh that of both sides."""
    return await _moved(
        request, parts, merchant, key=key, of=(plan_id, number), move=Move.MERCHANT_ANSWERS
    )


@router.post(
    "/{number}/evidence",
    summary="Add a file to a dispute",
    status_code=201,
    response_model=EvidenceTold,
    responses=openapi_responses(400, 409, 413, 422),
    openapi_extra=UPLOAD,
)
async def add(
    request: Request,
    parts: Parts,
    merchant: Authenticated,
    key: IdempotencyKey,
    plan_id: PlanId,
    number: Number,
) -> Response:
    """A PDF, a JPEG, a PNG or plain text, up to 5 MiB, and twenty of them. It is kept sealed, and
    cannot be taken back. The same file again is the same evidence."""  # noqa: D205, D209 - the same

    async def act() -> Answer:
        added = await file_added(
            parts=parts,
            file=await _own(parts, merchant, plan_id=plan_id, number=number),
            content=await request.body(),
            side=Side.MERCHANT,
            by=merchant.merchant_id,
        )
        return Answer(status=201, body=added)

    return await once(request=request, parts=parts, asker=merchant, key=key, act=act, is_json=False)


@router.get("/{number}/evidence", summary="Files of a dispute")
async def files(
    parts: Parts, merchant: Authenticated, plan_id: PlanId, number: Number
) -> EvidenceList:
    """Those of both sides; only your own can be downloaded."""
    file = await _own(parts, merchant, plan_id=plan_id, number=number)
    return EvidenceList(evidence=evidence_told(file))


@router.get(
    "/{number}/evidence/{file_number}",
    summary="Download a file of a dispute",
    response_class=Response,
    responses=DOWNLOAD,
)
async def download(
    parts: Parts,
    merchant: Authenticated,
    plan_id: PlanId,
    number: Number,
    file_number: FileNumber,
) -> Response:
    """Your own. What the customer has shown is read by staff alone (`evidence_of_other_side`)."""
    file = await _own(parts, merchant, plan_id=plan_id, number=number)
    return await file_read(parts, file, number=file_number, only=Side.MERCHANT)


async def _own(parts: ApiParts, merchant: Merchant, *, plan_id: str, number: int) -> DisputeFile:
    await own_plan(parts, merchant, plan_id=plan_id)
    return await found(parts, plan_id=plan_id, number=number)


async def _moved(
    request: Request,
    parts: ApiParts,
    merchant: Merchant,
    *,
    key: str,
    of: tuple[str, int],
    move: Move,
) -> Response:
    async def act() -> Answer:
        now = await moved(
            parts=parts,
            file=await _own(parts, merchant, plan_id=of[0], number=of[1]),
            move=move,
            by=merchant.merchant_id,
            why=_ACCEPTS if move is Move.MERCHANT_ACCEPTS else _ANSWERS,
            key=key,
        )
        return Answer(status=200, body=dispute_read(now))

    return await once(request=request, parts=parts, asker=merchant, key=key, act=act)
