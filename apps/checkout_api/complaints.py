"""Customers complain at a merchant's checkout, and follow it by its tracking number."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field

from apps.checkout_api.authentication import Authenticated
from apps.checkout_api.complaint_process import (
    TypedNumber,
    Words,
    complain,
    found_complaint,
    have_done,
    unknown_complaint,
)
from apps.checkout_api.complaint_resource import (
    Complaint,
    ComplaintRead,
    complaint_of,
    complaint_read,
)
from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import Answer, IdempotencyKey, once
from apps.checkout_api.parts import Parts
from apps.checkout_api.plans import own_plan
from apps.checkout_api.problems import openapi_responses
from apps.checkout_api.wire import PlanId, Sent
from meqenet.disputes.complaint_rules import TEXT_LENGTH_MAX, Deed
from meqenet.disputes.complaint_states import (
    ComplaintCategory,
    ComplaintChannel,
    ComplaintDeed,
)
from meqenet.disputes.tracking_numbers import read_tracking_number

router = APIRouter(
    prefix="/v1", tags=["complaints"], route_class=ExactRoute, responses=openapi_responses(401, 403)
)
_WRITES = openapi_responses(400, 404, 409, 422, 503)
LanguageTag = Annotated[str, Field(min_length=2, max_length=35, examples=["am", "om-ET"])]
"""A language tag of BCP 47."""
PrivateText = Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH_MAX)]
"""What somebody says; kept sealed, and in no log."""


class ComplaintRequest(Sent):
    """What the customer says, in the customer's own words and language."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "language": "am",
                    "category": "collection",
                    "text": "የተከፈለው ክፍያ ሁለት ጊዜ ተወሰደ።",
                }
            ]
        }
    )

    language: LanguageTag
    """A language tag of BCP 47: the answer is in this language."""
    category: ComplaintCategory
    text: PrivateText
    """Kept sealed."""


class ReopenRequest(Sent):
    """Why the answer does not settle it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "The money did not come."}]})

    text: PrivateText
    """In the customer's words; kept sealed."""


@router.post(
    "/plans/{plan_id}/complaints",
    summary="Complain about a plan",
    status_code=201,
    response_model=Complaint,
    responses=_WRITES,
)
async def make(
    request: Request,
    parts: Parts,
    merchant: Authenticated,
    key: IdempotencyKey,
    plan_id: PlanId,
    body: ComplaintRequest,
) -> Response:
    """For the customer, about a plan in any state. Show them the tracking number and the last day
    of the answer: ten working days, holidays of Ethiopia aside."""  # noqa: D205, D209 - shown as one paragraph

    async def act() -> Answer:
        plan = await own_plan(parts, merchant, plan_id=plan_id)
        words = Words(
            language=body.language,
            channel=ComplaintChannel.CHECKOUT,
            category=body.category,
            text=body.text,
        )
        made = await complain(
            parts=parts, plan=plan, words=words, by=merchant.merchant_id, key=key, assignee=None
        )
        return Answer(status=201, body=complaint_of(made))

    return await once(request=request, parts=parts, asker=merchant, key=key, act=act)


@router.get(
    "/complaints/{tracking_number}",
    summary="Read a complaint",
    responses=openapi_responses(404, 422, 503),
)
async def read(
    parts: Parts, merchant: Authenticated, tracking_number: TypedNumber
) -> ComplaintRead:
    """Where it stands, and what was said: show it to the customer alone."""
    number = read_tracking_number(text=tracking_number)
    found = await parts.complaints.file(tracking_number=number, merchant_id=merchant.merchant_id)
    if found is None:
        raise unknown_complaint()
    return complaint_read(found)


@router.post(
    "/complaints/{tracking_number}/reopen",
    summary="Come back to an answer",
    response_model=Complaint,
    responses=_WRITES,
)
async def reopen(
    request: Request,
    parts: Parts,
    merchant: Authenticated,
    key: IdempotencyKey,
    tracking_number: TypedNumber,
    body: ReopenRequest,
) -> Response:
    """For the customer whom the answer does not content: once, until `reopen_until`."""

    async def act() -> Answer:
        found = await found_complaint(
            parts, typed=tracking_number, merchant_id=merchant.merchant_id
        )
        deed = Deed(
            kind=ComplaintDeed.REOPEN,
            who=merchant.merchant_id,
            why="the customer is not content with the answer",
            text=body.text,
        )
        now = await have_done(parts=parts, complaint=found, deed=deed, key=key)
        return Answer(status=200, body=complaint_of(now))

    return await once(request=request, parts=parts, asker=merchant, key=key, act=act)
