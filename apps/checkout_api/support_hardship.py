"""Another schedule for a customer who cannot pay as agreed: previewed, and granted."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ConfigDict, Field

from apps.checkout_api.amounts import Birr, Day, day_of
from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import IdempotencyKey
from apps.checkout_api.parts import Parts
from apps.checkout_api.plan_process import ProcessGone, asked, handle_of, refused_outlook
from apps.checkout_api.problems import openapi_responses
from apps.checkout_api.staff_authentication import Staff, require_role, staff_who
from apps.checkout_api.support_plans import closed, found_plan, have_done
from apps.checkout_api.support_resource import SupportPlan
from apps.checkout_api.told import Told
from apps.checkout_api.wire import PlanId, Sent, Why
from meqenet.auth.roles import Deed
from meqenet.bnpl.servicing.account import HardshipKind
from meqenet.money import Money
from workflows.hardship_messages import GrantHardship, Hardship, HardshipOutlook, HardshipRow
from workflows.plan import PaymentPlanWorkflow

router = APIRouter(
    prefix="/v1/support/plans/{plan_id}/hardship",
    tags=["support"],
    route_class=ExactRoute,
    responses=openapi_responses(401, 403, 404, 503, 400, 409, 422),
)
_Granter = Annotated[Staff, Depends(staff_who(Deed.GRANT_HARDSHIP))]


class ChangeRequest(Sent):
    """Which change. Days are dates in Addis Ababa, by the plan's clock."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"change": "move_due_date", "number": 2, "to": "2027-01-25"}]
        }
    )

    change: HardshipKind
    first_day: date | None = None
    """Of a pause."""
    last_day: date | None = None
    """Of a pause: it counts, too."""
    number: int | None = Field(default=None, ge=1, le=99)
    """Of a due date that is moved: the installment."""
    to: date | None = None
    """Of a due date that is moved: the new one."""
    installments: int | None = Field(default=None, ge=1, le=99)
    """Of an extension: how many more there are."""

    def asked(self) -> Hardship:
        """As the plan's process is asked."""
        return Hardship(
            kind=self.change,
            first_day=self.first_day,
            last_day=self.last_day,
            number=self.number,
            to=self.to,
            installments=self.installments,
        )


class GrantRequest(ChangeRequest):
    """Which change, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "change": "move_due_date",
                    "number": 2,
                    "to": "2027-01-25",
                    "why": "the salary comes later",
                }
            ]
        }
    )

    why: Why
    """Kept in the plan's log for ever: no names, phones or identity numbers."""
    approved: bool = False
    """You approve what goes beyond the limits of support; for supervisors alone."""


class ScheduleRow(Told):
    """An installment before or after the change."""

    number: int
    due_on: Day
    principal: Birr
    interest: Birr
    late_fee: Birr
    left: Birr
    """What is still to be paid of it."""


class Approval(Told):
    """Why somebody has to approve the change."""

    limit: str
    """The field of the product's policy."""
    why: str


class HardshipPreview(Told):
    """What a change would do now. Granting it does exactly that."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "on": {"gregorian": "2027-01-08", "ethiopian": "2019-04-30"},
                    "before": [
                        {
                            "number": 1,
                            "due_on": {"gregorian": "2027-01-11", "ethiopian": "2019-05-03"},
                            "principal": "1000.00",
                            "interest": "0.00",
                            "late_fee": "0.00",
                            "left": "1000.00",
                        }
                    ],
                    "after": [
                        {
                            "number": 1,
                            "due_on": {"gregorian": "2027-01-25", "ethiopian": "2019-05-17"},
                            "principal": "1000.00",
                            "interest": "0.00",
                            "late_fee": "0.00",
                            "left": "1000.00",
                        }
                    ],
                    "cost": "0.00",
                    "approvals": [],
                }
            ]
        }
    )

    on: Day
    """The day in Addis Ababa, by the plan's clock."""
    before: list[ScheduleRow]
    after: list[ScheduleRow]
    cost: Birr
    """What the customer pays more in all."""
    approvals: list[Approval]
    """Why a supervisor has to approve it; none where support may grant it."""


@router.post("/preview", summary="What a change for hardship would do")
async def preview(
    parts: Parts, staff: _Granter, plan_id: PlanId, body: ChangeRequest
) -> HardshipPreview:
    """The schedule before and after, what it costs, and whether somebody has to approve it.
    Refused as the change itself would be. Nothing is stored."""  # noqa: D205, D209 - shown as one paragraph
    del staff  # the dependency has judged the role
    plan = await found_plan(parts, plan_id=plan_id)
    handle, change = handle_of(parts, plan_id=plan_id), body.asked()
    try:
        found = await asked(
            lambda: handle.query(PaymentPlanWorkflow.hardship, change),
            wait_seconds_max=parts.answer_seconds_max,
        )
    except ProcessGone:
        raise closed(plan) from None
    if found.code is not None:
        raise refused_outlook(found, code=found.code, text="the schedule is not changed")
    return _told(found)


@router.post("", summary="Change the schedule for hardship", response_model=SupportPlan)
async def grant(
    request: Request,
    parts: Parts,
    staff: _Granter,
    key: IdempotencyKey,
    plan_id: PlanId,
    body: GrantRequest,
) -> Response:
    """What the preview shows comes into force. A collection that waits is set aside and begins on
    its new day; refused while an attempt or a payment of the customer is under way."""  # noqa: D205, D209 - shown as one paragraph
    if body.approved:
        require_role(staff=staff, deed=Deed.APPROVE_HARDSHIP)
    deed = GrantHardship(
        change=body.asked(), who=staff.staff_id, why=body.why, approved=body.approved
    )
    return await have_done(request, parts, staff, key=key, plan_id=plan_id, deed=deed)


def _told(found: HardshipOutlook) -> HardshipPreview:
    return HardshipPreview(
        on=day_of(found.on),
        before=[_row(row) for row in found.before],
        after=[_row(row) for row in found.after],
        cost=found.cost or Money.zero(),
        approvals=[Approval(limit=limit, why=why) for limit, why in found.approvals],
    )


def _row(row: HardshipRow) -> ScheduleRow:
    return ScheduleRow(
        number=row.number,
        due_on=day_of(row.due_on),
        principal=row.principal,
        interest=row.interest,
        late_fee=row.late_fee,
        left=row.left,
    )
