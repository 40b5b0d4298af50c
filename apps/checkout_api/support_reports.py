"""The reports of finance over HTTP: the same that ``meqenet report`` prints."""

from datetime import date, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query
from pydantic import ConfigDict

from apps.checkout_api.amounts import Birr, Day, day_of
from apps.checkout_api.parts import Parts
from apps.checkout_api.problems import Problem, openapi_responses
from apps.checkout_api.staff_authentication import Staff, staff_who
from apps.checkout_api.told import Told
from apps.checkout_api.wire import Sent
from apps.reports.exposure import customer_exposure
from apps.reports.portfolio import Portfolio, read_portfolio
from db.analytics.views import CollectionRate, CustomerExposure
from meqenet.auth.roles import Deed
from meqenet.bnpl.options import PaymentOption
from meqenet.calendar import addis_date
from meqenet.money import Money

router = APIRouter(
    prefix="/v1/support/reports",
    tags=["support"],
    responses=openapi_responses(401, 403, 422, 503),
)
_Finance = Annotated[Staff, Depends(staff_who(Deed.READ_REPORTS))]
_DAYS: Final = 30
"""Over how many days collections are counted, where nothing else is asked for."""


class PortfolioQuery(Sent):
    """Of which day and plans."""

    at: date | None = None
    """At the end of this day of Addis Ababa; today by default."""
    since: date | None = None
    """Count collections from this day on; 30 days with the last by default."""
    merchant: str | None = None
    """Of this merchant's plans only."""
    option: PaymentOption | None = None
    """Of plans of this option only."""


class LatenessTold(Told):
    """Plans whose oldest owed installment is equally late."""

    days_past_due: str
    plans: int
    outstanding: Birr
    """All principal that they owe, due or not."""
    past_due: Birr
    """Principal and interest of their overdue installments."""


class LossesTold(Told):
    """What was given up as a loss until then: principal, interest and late fees together."""

    plans: int
    charged_off: Birr
    recovered: Birr
    """Paid after all."""
    written_off: Birr
    """Asked for no more."""
    still_owed: Birr


class FailureTold(Told):
    """Attempts that failed for one cause."""

    cause: str
    attempts: int
    amount: Birr


class RateTold(Told):
    """How a provider's attempts to collect ended."""

    provider: str
    attempts: int
    succeeded: int
    asked: Birr
    collected: Birr
    attempts_basis_points: int
    """The share of attempts that brought their money, in 1/100 of a percent."""
    amount_basis_points: int
    """The share of the money asked for that came."""
    failures: list[FailureTold]


class PortfolioTold(Told):
    """What is lent out by days past due, and how collections end."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "as_of": {"gregorian": "2026-12-30", "ethiopian": "2019-04-21"},
                    "merchant": None,
                    "option": None,
                    "plans": 1,
                    "outstanding": "1000.00",
                    "past_due": "1000.00",
                    "at_risk_over_30_days": "0.00",
                    "classes": [
                        {
                            "days_past_due": "1-7",
                            "plans": 1,
                            "outstanding": "1000.00",
                            "past_due": "1000.00",
                        }
                    ],
                    "losses": {
                        "plans": 0,
                        "charged_off": "0.00",
                        "recovered": "0.00",
                        "written_off": "0.00",
                        "still_owed": "0.00",
                    },
                    "collections_since": {"gregorian": "2026-12-01", "ethiopian": "2019-03-22"},
                    "collections": None,
                }
            ]
        }
    )

    as_of: Day
    merchant: str | None
    option: PaymentOption | None
    plans: int
    outstanding: Birr
    past_due: Birr
    at_risk_over_30_days: Birr
    """Principal of plans that are more than 30 days late (PAR 30)."""
    classes: list[LatenessTold]
    losses: LossesTold
    collections_since: Day
    collections: list[RateTold] | None
    """None where plans are narrowed: attempts are counted for all plans together."""


class PlanExposureTold(Told):
    """What one plan takes of its customer's limit."""

    plan: str
    state: str | None
    held: Birr
    owed: Birr
    was_late: bool


class ExposureTold(Told):
    """What of a customer's limit is used."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer": "cus_abcdefghijklmnopqrst",
                    "tier": "B",
                    "decided_at": "2026-11-23T06:00:00Z",
                    "limit": "20000.00",
                    "held": "0.00",
                    "owed": "1000.00",
                    "available": "19000.00",
                    "plans": [
                        {
                            "plan": "pln_abcdefghijklmnopqrst",
                            "state": "owed",
                            "held": "0.00",
                            "owed": "1000.00",
                            "was_late": False,
                        }
                    ],
                }
            ]
        }
    )

    customer: str
    """Our own id; neither a name nor a number."""
    tier: str | None
    decided_at: datetime | None
    limit: Birr | None
    held: Birr
    """Promised to plans that are not active yet."""
    owed: Birr
    """Principal owed on active plans."""
    available: Birr | None
    plans: list[PlanExposureTold]


@router.get("/portfolio", summary="Portfolio by days past due")
async def portfolio(
    parts: Parts, staff: _Finance, query: Annotated[PortfolioQuery, Query()]
) -> PortfolioTold:
    """What is lent out at the end of a day, and how collections ended until then."""
    del staff  # the dependency has judged the role
    as_of = query.at or addis_date(at=parts.clock())
    since = query.since or as_of - timedelta(days=_DAYS - 1)
    if since > as_of:
        raise Problem(
            status=422,
            code="period_backwards",
            detail="since: must not be a day after at",
            field="since",
        )
    async with parts.analytics.read() as session:
        report = await read_portfolio(
            session=session,
            as_of=as_of,
            since=since,
            merchant_id=query.merchant,
            option=query.option,
        )
    return _portfolio(report, option=query.option)


@router.get(
    "/exposure/{customer_id}", summary="A customer's limit", responses=openapi_responses(404)
)
async def exposure(
    parts: Parts,
    staff: _Finance,
    customer_id: Annotated[str, Path(pattern=r"^[a-z]{3}_[a-z2-7]{20}$")],
) -> ExposureTold:
    """What of it is used, and by which plans."""
    del staff  # the dependency has judged the role
    async with parts.analytics.read() as session:
        found = await customer_exposure(session=session, customer_id=customer_id)
    if found is None:
        text = "customer_id: nothing was decided for such a customer"
        raise Problem(status=404, code="customer_unknown", detail=text, field="customer_id")
    return _exposure(found)


def _portfolio(report: Portfolio, *, option: PaymentOption | None) -> PortfolioTold:
    return PortfolioTold(
        as_of=day_of(report.as_of),
        merchant=report.merchant_id,
        option=option,
        plans=report.plans,
        outstanding=report.outstanding,
        past_due=report.past_due,
        at_risk_over_30_days=report.at_risk,
        classes=[
            LatenessTold(
                days_past_due=each.lateness.value,
                plans=each.plans,
                outstanding=each.outstanding,
                past_due=each.past_due,
            )
            for each in report.classes
        ],
        losses=LossesTold(
            plans=report.losses.plans,
            charged_off=report.losses.charged_off,
            recovered=report.losses.recovered,
            written_off=report.losses.written_off,
            still_owed=report.losses.still_owed,
        ),
        collections_since=day_of(report.since),
        collections=None if report.rates is None else [_rate(rate) for rate in report.rates],
    )


def _rate(rate: CollectionRate) -> RateTold:
    return RateTold(
        provider=rate.provider,
        attempts=rate.attempts,
        succeeded=rate.succeeded,
        asked=rate.asked,
        collected=rate.collected,
        attempts_basis_points=rate.attempts_basis_points,
        amount_basis_points=rate.amount_basis_points,
        failures=[
            FailureTold(cause=each.cause, attempts=each.attempts, amount=each.amount)
            for each in rate.failures
        ],
    )


def _exposure(found: CustomerExposure) -> ExposureTold:
    customer = found.customer
    available: Money | None = found.available
    return ExposureTold(
        customer=customer.customer_id,
        tier=customer.tier,
        decided_at=customer.decided_at,
        limit=customer.limit,
        held=found.held,
        owed=found.owed,
        available=available,
        plans=[
            PlanExposureTold(
                plan=line.plan_id,
                state=line.state,
                held=line.held,
                owed=line.owed,
                was_late=line.was_late,
            )
            for line in found.plans
        ],
    )
