"""Payments of unknown end that are alarms: staff see them, take them and release them."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import ConfigDict
from pydantic.config import JsonDict

from apps.checkout_api.amounts import Birr
from apps.checkout_api.exact_json import ExactRoute
from apps.checkout_api.idempotency import Answer, IdempotencyKey, once
from apps.checkout_api.parts import ApiParts, Parts
from apps.checkout_api.problems import Problem, openapi_responses
from apps.checkout_api.staff_authentication import Staff, staff_who
from apps.checkout_api.told import Told
from meqenet.auth.roles import ALLOWED, Deed
from meqenet.errors import Refusal
from workers import alarm_desk

router = APIRouter(
    prefix="/v1/support/alarms",
    tags=["support"],
    route_class=ExactRoute,
    responses=openapi_responses(401, 403, 503),
)
_Attempt = Annotated[
    str,
    Path(
        pattern=r"^pln_[a-z2-7]{20}-[ix][0-9]{2}-a[0-9]{1,4}$",
        description="The attempt whose outcome is unknown, as the list names it.",
    ),
]
_Reader = Annotated[Staff, Depends(staff_who(Deed.READ_PLAN))]
_Taker = Annotated[Staff, Depends(staff_who(Deed.TAKE_ALARM))]
_WRITES: Final = openapi_responses(400, 404, 409, 422)
_OWNER: Final[JsonDict] = {
    "staff": "stf_abcdefghijklmnopqrst",
    "handle": "abebe",
    "since": "2026-12-24T07:00:00Z",
}


class AlarmOwnerTold(Told):
    """Who of the staff looks after it."""

    staff: str
    handle: str | None
    since: datetime


class Alarm(Told):
    """A payment whose outcome has been unknown for too long. Nothing is sent again meanwhile."""

    attempt: str
    """The attempt, and its order id at the provider: ask the provider about it by this id."""
    plan: str
    provider: str
    channel: str
    amount: Birr
    state: str
    provider_reference: str | None
    """The provider's own name of it, where it has given one."""
    opened_at: datetime
    owner: AlarmOwnerTold | None
    """Null: nobody looks after it yet."""


class Alarms(Told):
    """Those that nobody looks after come first, the oldest of them at the top."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "as_of": "2026-12-24T08:00:00Z",
                    "unowned": 0,
                    "owned": 1,
                    "alarms": [
                        {
                            "attempt": "pln_abcdefghijklmnopqrst-i02-a1",
                            "plan": "pln_abcdefghijklmnopqrst",
                            "provider": "mpesa",
                            "channel": "push",
                            "amount": "1000.00",
                            "state": "unknown",
                            "provider_reference": None,
                            "opened_at": "2026-12-23T07:00:00Z",
                            "owner": _OWNER,
                        }
                    ],
                }
            ]
        }
    )

    as_of: datetime
    unowned: int
    """Of all, also where fewer are listed."""
    owned: int
    alarms: list[Alarm]
    """At most 100."""


class AlarmStanding(Told):
    """Whose an alarm is now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"attempt": "pln_abcdefghijklmnopqrst-i02-a1", "owner": _OWNER},
                {"attempt": "pln_abcdefghijklmnopqrst-i02-a1", "owner": None},
            ]
        }
    )

    attempt: str
    owner: AlarmOwnerTold | None


@router.get("", summary="List payments of unknown end that are alarms")
async def listed(parts: Parts, staff: _Reader) -> Alarms:
    """Payments whose outcome has been unknown for longer than the policy's age of an alarm."""
    del staff  # the dependency has judged the role
    now = parts.clock()
    found = await _desk(parts).alarms(at=now)
    return Alarms(
        as_of=now,
        unowned=found.counts.unowned,
        owned=found.counts.owned,
        alarms=[_alarm(each) for each in found.listed],
    )


@router.post(
    "/{attempt}/take", summary="Take an alarm", response_model=AlarmStanding, responses=_WRITES
)
async def take(
    request: Request, parts: Parts, staff: _Taker, key: IdempotencyKey, attempt: _Attempt
) -> Response:
    """Look after it from now on. Whoever has it already keeps it; another is told who has it."""

    async def act() -> Answer:
        try:
            owner = await _desk(parts).take(attempt_id=attempt, by=staff.staff_id, at=parts.clock())
        except Refusal as refusal:
            raise _told(refusal) from None
        return Answer(status=200, body=AlarmStanding(attempt=attempt, owner=_owner(owner)))

    return await once(request=request, parts=parts, asker=staff, key=key, act=act)


@router.post(
    "/{attempt}/release",
    summary="Release an alarm",
    response_model=AlarmStanding,
    responses=_WRITES,
)
async def release(
    request: Request, parts: Parts, staff: _Taker, key: IdempotencyKey, attempt: _Attempt
) -> Response:
    """Leave it to others. A supervisor may release what somebody else has taken."""

    async def act() -> Answer:
        try:
            await _desk(parts).release(
                attempt_id=attempt,
                by=staff.staff_id,
                of_others=Deed.RELEASE_ALARM in ALLOWED[staff.role],
                at=parts.clock(),
            )
        except Refusal as refusal:
            raise _told(refusal) from None
        return Answer(status=200, body=AlarmStanding(attempt=attempt, owner=None))

    return await once(request=request, parts=parts, asker=staff, key=key, act=act)


def _desk(parts: ApiParts) -> alarm_desk.AlarmDesk:
    return alarm_desk.AlarmDesk(payments=parts.stores["payments"], auth=parts.auth)


def _told(refusal: Refusal) -> Problem:
    return Problem(
        status=404 if refusal.code == "attempt_unknown" else 409,
        code=refusal.code,
        detail=refusal.text,
        mender=refusal.mender,
        field="attempt",
    )


def _alarm(alarm: alarm_desk.Alarm) -> Alarm:
    payment = alarm.payment
    return Alarm(
        attempt=payment.attempt_id,
        plan=payment.plan_id,
        provider=payment.provider,
        channel=payment.channel,
        amount=payment.asked,
        state=payment.state,
        provider_reference=payment.provider_reference,
        opened_at=payment.opened_at,
        owner=None if alarm.owner is None else _owner(alarm.owner),
    )


def _owner(owner: alarm_desk.Owner) -> AlarmOwnerTold:
    return AlarmOwnerTold(staff=owner.staff_id, handle=owner.handle, since=owner.since)
