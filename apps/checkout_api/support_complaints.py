"""Complaints, for staff: put on file, looked after, answered in the customer's language, closed."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ConfigDict, Field

from apps.checkout_api.complaint_handlers import handler_named, handles_of_staff
from apps.checkout_api.complaint_process import (
    TypedNumber,
    Words,
    complain,
    found_complaint,
    have_done,
    unknown_complaint,
)
from apps.checkout_api.complaint_resource import (
    Complaints,
    SupportComplaint,
    SupportComplaintRead,
    complaints_listed,
    support_complaint,
    support_complaint_read,
)
from apps.checkout_api.complaints import ComplaintRequest, LanguageTag, PrivateText
from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import Answer, IdempotencyKey, once
from apps.checkout_api.parts import ApiParts, Parts
from apps.checkout_api.problems import openapi_responses
from apps.checkout_api.staff_authentication import Staff, require_role, staff_who
from apps.checkout_api.support_plans import found_plan
from apps.checkout_api.wire import PLAN_ID, Sent, Why
from db.disputes.views.complaints import ComplaintView
from meqenet.auth.roles import Deed as StaffDeed
from meqenet.disputes.complaint_rules import Deed
from meqenet.disputes.complaint_states import (
    AnswerOutcome,
    ComplaintChannel,
    ComplaintDeed,
)
from meqenet.disputes.tracking_numbers import read_tracking_number

router = APIRouter(
    prefix="/v1/support/complaints",
    tags=["support"],
    route_class=ExactRoute,
    responses=openapi_responses(401, 403, 422, 503),
)
_Reader = Annotated[Staff, Depends(staff_who(StaffDeed.READ_COMPLAINT))]
_Handler = Annotated[Staff, Depends(staff_who(StaffDeed.HANDLE_COMPLAINT))]
_WRITES: Final = openapi_responses(400, 404, 409)
_STAFF: Final = r"^(stf_[a-z2-7]{20}|[a-z][a-z0-9-]{1,39})$"


class StaffComplaintRequest(ComplaintRequest):
    """What a customer says by phone, on paper or at an office."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "plan": "pln_abcdefghijklmnopqrst",
                    "language": "om",
                    "channel": "phone",
                    "category": "charges",
                    "text": "Kaffaltiin dabalataa maaliif na gaafatame?",
                }
            ]
        }
    )

    plan: str = Field(pattern=PLAN_ID)
    """The plan that it is about."""
    channel: ComplaintChannel


class ReasonedDeed(Sent):
    """Why it is done."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"why": "the customer called: it is settled"}]}
    )

    why: Why
    """Kept in the complaint's log for ever: no names, phones or identity numbers."""


class AssignRequest(ReasonedDeed):
    """Who looks after it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"why": "speaks Afaan Oromo", "to": "abebe"}]}
    )

    to: str | None = Field(default=None, pattern=_STAFF)
    """A staff id or a handle; without it yourself. Another than yourself is for supervisors."""


class AnswerRequest(ReasonedDeed):
    """What the customer is answered."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "why": "charged twice by mistake",
                    "outcome": "upheld",
                    "language": "am",
                    "text": "ሁለተኛው ክፍያ ተመልሷል። ይቅርታ እንጠይቃለን።",
                }
            ]
        }
    )

    outcome: AnswerOutcome
    language: LanguageTag
    """Of the text: the language in which the customer complained."""
    text: PrivateText
    """Kept sealed."""


class StaffReopenRequest(ReasonedDeed):
    """Why the answer does not content the customer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"why": "the customer called", "text": "The money did not come."}]
        }
    )

    text: PrivateText
    """In the customer's words; kept sealed."""


@router.post(
    "",
    summary="Put a complaint on file",
    status_code=201,
    response_model=SupportComplaint,
    responses=_WRITES,
)
async def make(
    request: Request,
    parts: Parts,
    staff: _Handler,
    key: IdempotencyKey,
    body: StaffComplaintRequest,
) -> Response:
    """For a customer who called, wrote or came. You look after it until somebody else does."""

    async def act() -> Answer:
        plan = await found_plan(parts, plan_id=body.plan)
        made = await complain(
            parts=parts,
            plan=plan,
            words=Words(body.language, body.channel, body.category, body.text),
            by=staff.staff_id,
            key=key,
            assignee=staff.staff_id,
        )
        return Answer(status=201, body=await _told(parts, made))

    return await once(request=request, parts=parts, asker=staff, key=key, act=act)


@router.get("", summary="List complaints under way")
async def listed(
    parts: Parts,
    staff: _Reader,
    plan: Annotated[
        str | None, Query(pattern=PLAN_ID, description="Of a plan, closed too.")
    ] = None,
    mine: Annotated[bool, Query(description="Those that you look after.")] = False,  # noqa: FBT002 - FastAPI calls by name
    escalated: Annotated[bool, Query(description="Those that have come up.")] = False,  # noqa: FBT002 - the same
) -> Complaints:
    """Those that have come up to supervisors first, the overdue at the top; then by last day."""
    found = await parts.complaints.complaints(
        plan_id=plan, assignee=staff.staff_id if mine else None, escalated=escalated
    )
    return complaints_listed(found, handles=await handles_of_staff(parts))


@router.get(
    "/{tracking_number}", summary="Read a complaint, for staff", responses=openapi_responses(404)
)
async def read(parts: Parts, staff: _Reader, tracking_number: TypedNumber) -> SupportComplaintRead:
    """What was said and done, by whom and why."""
    del staff  # the dependency has judged the role
    number = read_tracking_number(text=tracking_number)
    found = await parts.complaints.file(tracking_number=number)
    if found is None:
        raise unknown_complaint()
    return support_complaint_read(found, handles=await handles_of_staff(parts))


@router.post(
    "/{tracking_number}/assign",
    summary="Look after a complaint, or have somebody",
    response_model=SupportComplaint,
    responses=_WRITES,
)
async def assign(
    request: Request,
    parts: Parts,
    staff: _Handler,
    key: IdempotencyKey,
    tracking_number: TypedNumber,
    body: AssignRequest,
) -> Response:
    """Whoever looks after it is reminded before its last day."""
    to = staff.staff_id
    if body.to not in (None, to):
        require_role(staff=staff, deed=StaffDeed.ASSIGN_COMPLAINT)
        to = await handler_named(parts, name=body.to or "")
    deed = Deed(kind=ComplaintDeed.ASSIGN, who=staff.staff_id, why=body.why, to=to)
    return await _done(request, parts, staff, key=key, typed=tracking_number, deed=deed)


@router.post(
    "/{tracking_number}/escalate",
    summary="Have a supervisor look at a complaint",
    response_model=SupportComplaint,
    responses=_WRITES,
)
async def escalate(
    request: Request,
    parts: Parts,
    staff: _Handler,
    key: IdempotencyKey,
    tracking_number: TypedNumber,
    body: ReasonedDeed,
) -> Response:
    """It comes up by itself when its last day is near, and again when that is over."""
    deed = Deed(kind=ComplaintDeed.ESCALATE, who=staff.staff_id, why=body.why)
    return await _done(request, parts, staff, key=key, typed=tracking_number, deed=deed)


@router.post(
    "/{tracking_number}/answer",
    summary="Answer a complaint",
    response_model=SupportComplaint,
    responses=_WRITES,
)
async def answer(
    request: Request,
    parts: Parts,
    staff: _Handler,
    key: IdempotencyKey,
    tracking_number: TypedNumber,
    body: AnswerRequest,
) -> Response:
    """In the customer's language; refused in another (`answer_language_differs`)."""
    deed = Deed(
        kind=ComplaintDeed.ANSWER,
        who=staff.staff_id,
        why=body.why,
        outcome=body.outcome,
        language=body.language,
        text=body.text,
    )
    return await _done(request, parts, staff, key=key, typed=tracking_number, deed=deed)


@router.post(
    "/{tracking_number}/reopen",
    summary="Reopen a complaint for the customer",
    response_model=SupportComplaint,
    responses=_WRITES,
)
async def reopen(
    request: Request,
    parts: Parts,
    staff: _Handler,
    key: IdempotencyKey,
    tracking_number: TypedNumber,
    body: StaffReopenRequest,
) -> Response:
    """Once, while the customer may come back to the answer: its clock runs anew."""
    deed = Deed(kind=ComplaintDeed.REOPEN, who=staff.staff_id, why=body.why, text=body.text)
    return await _done(request, parts, staff, key=key, typed=tracking_number, deed=deed)


@router.post(
    "/{tracking_number}/close",
    summary="Close a complaint",
    response_model=SupportComplaint,
    responses=_WRITES,
)
async def close(
    request: Request,
    parts: Parts,
    staff: _Handler,
    key: IdempotencyKey,
    tracking_number: TypedNumber,
    body: ReasonedDeed,
) -> Response:
    """The customer is content, or does not want it followed. Once answered it closes by itself."""
    deed = Deed(kind=ComplaintDeed.CLOSE, who=staff.staff_id, why=body.why)
    return await _done(request, parts, staff, key=key, typed=tracking_number, deed=deed)


async def _told(parts: ApiParts, found: ComplaintView) -> SupportComplaint:
    return support_complaint(found, handles=await handles_of_staff(parts))


async def _done(
    request: Request, parts: ApiParts, staff: Staff, *, key: str, typed: str, deed: Deed
) -> Response:
    async def act() -> Answer:
        found = await found_complaint(parts, typed=typed)
        now = await have_done(parts=parts, complaint=found, deed=deed, key=key)
        return Answer(status=200, body=await _told(parts, now))

    return await once(request=request, parts=parts, asker=staff, key=key, act=act)
