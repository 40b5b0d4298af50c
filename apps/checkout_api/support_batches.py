"""Which collections failed for one cause within a time: to be retried together."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import ConfigDict, Field

from apps.checkout_api.amounts import Birr
from apps.checkout_api.parts import Parts
from apps.checkout_api.problems import Problem, openapi_responses
from apps.checkout_api.staff_authentication import Staff, staff_who
from apps.checkout_api.told import Told
from apps.checkout_api.wire import Sent
from db.payments.views import (
    AttemptView,
    FailedFor,
    count_failed_collections,
    failed_collections,
)
from meqenet.auth.roles import Deed
from meqenet.payments.causes import FailureCause
from meqenet.payments.orders import installment_number
from meqenet.payments.rail import WalletProvider

router = APIRouter(
    prefix="/v1/support", tags=["support"], responses=openapi_responses(401, 403, 422, 503)
)
_Lister = Annotated[Staff, Depends(staff_who(Deed.LIST_FAILED))]


class FailedQuery(Sent):
    """Which of them."""

    cause: FailureCause
    """Why their newest attempt failed."""
    provider: WalletProvider
    """Whose wallet was asked."""
    since: datetime = Field(alias="from")
    """The first instant of failure, with its time zone."""
    until: datetime = Field(alias="to")
    """The first instant that does not count any more, with its time zone."""
    after: str | None = Field(default=None, pattern=r"^pln_[a-z2-7]{20}-[ix][0-9]{2}-a[0-9]+$")
    """``next_after`` of the page before."""
    limit: int = Field(default=100, ge=1, le=200)
    """Of one page."""


class FailedInstallment(Told):
    """A collection that can be retried."""

    plan: str
    number: int
    """The installment."""
    attempt: str
    """The attempt that failed. One more attempt has been made by the time it is not listed."""
    amount: Birr
    provider_code: str | None
    """The provider's own reason, verbatim."""
    failed_at: datetime


class FailedInstallments(Told):
    """Collections by the id of their attempt. Ask on with ``after`` while there is more."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "count": 1,
                    "amount": "1000.00",
                    "installments": [
                        {
                            "plan": "pln_abcdefghijklmnopqrst",
                            "number": 2,
                            "attempt": "pln_abcdefghijklmnopqrst-i02-a1",
                            "amount": "1000.00",
                            "provider_code": "1025",
                            "failed_at": "2026-12-23T07:01:00Z",
                        }
                    ],
                    "next_after": None,
                }
            ]
        }
    )

    count: int
    """On all pages."""
    amount: Birr
    """Of all pages together."""
    installments: list[FailedInstallment]
    next_after: str | None


@router.get("/failed-installments", summary="List failed collections by cause")
async def listed(
    parts: Parts, staff: _Lister, query: Annotated[FailedQuery, Query()]
) -> FailedInstallments:
    """Collections whose newest attempt failed for a cause at a provider within a time.

    Whatever was tried again since is not among them, so a list that was worked through is empty.
    """
    del staff  # the dependency has judged the role
    of = FailedFor(
        cause=query.cause,
        provider=query.provider,
        since=_aware(query.since, field="from"),
        until=_aware(query.until, field="to"),
    )
    if of.until <= of.since:
        raise Problem(
            status=422, code="period_backwards", detail="to: must be after from", field="to"
        )
    async with parts.stores["payments"].write() as session:
        count, amount = await count_failed_collections(session=session, of=of)
        found = await failed_collections(
            session=session, of=of, after=query.after, limit=query.limit + 1
        )
    page = found[: query.limit]
    return FailedInstallments(
        count=count,
        amount=amount,
        installments=[_told(attempt) for attempt in page],
        next_after=page[-1].attempt_id if len(found) > query.limit else None,
    )


def _told(attempt: AttemptView) -> FailedInstallment:
    return FailedInstallment(
        plan=attempt.plan_id,
        number=installment_number(order_id=attempt.attempt_id),
        attempt=attempt.attempt_id,
        amount=attempt.asked,
        provider_code=attempt.failure_code,
        failed_at=attempt.changed_at,
    )


def _aware(at: datetime, *, field: str) -> datetime:
    if at.tzinfo is None:
        raise Problem(
            status=422,
            code="request_invalid",
            detail=f"{field}: must name its time zone, like 2026-11-23T06:00:00Z",
            field=field,
        )
    return at
