"""Days on which offices are open or closed against the calendar: deadlines move by them."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ConfigDict

from apps.checkout_api.amounts import Day, day_of
from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import Answer, IdempotencyKey, once
from apps.checkout_api.parts import Parts
from apps.checkout_api.problems import openapi_responses
from apps.checkout_api.staff_authentication import Staff, staff_who
from apps.checkout_api.told import Told
from apps.checkout_api.wire import Sent, Why
from meqenet.auth.roles import Deed
from meqenet.calendar import addis_date

router = APIRouter(
    prefix="/v1/support/office-days",
    tags=["support"],
    route_class=ExactRoute,
    responses=openapi_responses(401, 403, 503),
)
_Reader = Annotated[Staff, Depends(staff_who(Deed.READ_COMPLAINT))]
_Setter = Annotated[Staff, Depends(staff_who(Deed.SET_OFFICE_DAY))]


class OfficeDayRequest(Sent):
    """A day, and whether offices are open."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"day": "2027-03-10", "is_open": False, "why": "Eid al-Fitr"}]
        }
    )

    day: date
    """A Gregorian day of Addis Ababa. Weekends stay closed."""
    is_open: bool
    why: Why
    """Kept for ever."""


class OfficeDayTold(Told):
    """A day that is open or closed otherwise than the calendar says."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "day": {"gregorian": "2027-03-10", "ethiopian": "2019-07-01"},
                    "is_open": False,
                    "why": "Eid al-Fitr",
                }
            ]
        }
    )

    day: Day
    is_open: bool
    why: str


class OfficeDays(Told):
    """Days from today on."""

    days: list[OfficeDayTold]


@router.get("", summary="List days that are not as the calendar says")
async def listed(parts: Parts, staff: _Reader) -> OfficeDays:
    """From today on. All others are as the calendar of Ethiopia's public holidays says."""
    del staff  # the dependency has judged the role
    found = await parts.complaints.office_days(since=addis_date(at=parts.clock()))
    return OfficeDays(
        days=[
            OfficeDayTold(day=day_of(each.day), is_open=each.is_open, why=each.why)
            for each in found
        ]
    )


@router.post(
    "",
    summary="Say that offices are open or closed on a day",
    response_model=OfficeDayTold,
    responses=openapi_responses(400, 422),
)
async def say(
    request: Request, parts: Parts, staff: _Setter, key: IdempotencyKey, body: OfficeDayRequest
) -> Response:
    """For holidays that follow the moon and are announced late. Complaints that are under way look
    at it before each step of their clock, so their last day moves."""  # noqa: D205, D209 - shown as one paragraph

    async def act() -> Answer:
        await parts.complaints.set_office_day(
            day=body.day,
            is_open=body.is_open,
            why=body.why,
            by=staff.staff_id,
            at=parts.clock(),
        )
        told = OfficeDayTold(day=day_of(body.day), is_open=body.is_open, why=body.why)
        return Answer(status=200, body=told)

    return await once(request=request, parts=parts, asker=staff, key=key, act=act)
