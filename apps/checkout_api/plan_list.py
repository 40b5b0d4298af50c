"""A merchant's plans, listed from the read model: behind the plans by moments, never wrong."""

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field, StringConstraints

from apps.checkout_api.amounts import Birr, Day, day_of
from apps.checkout_api.authentication import Authenticated
from apps.checkout_api.own_writes import ReadAfter, shown_after
from apps.checkout_api.parts import Parts
from apps.checkout_api.periods import Period
from apps.checkout_api.plans import unknown_plan
from apps.checkout_api.problems import openapi_responses
from apps.checkout_api.told import Told
from apps.checkout_api.wire import PLAN_ID, Reference
from db.analytics.views import WantedPlans, list_plan_overviews, plan_overview
from db.kernel.engine import ReadSession
from meqenet.analytics.plan_overview import PlanOverview
from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.states import PlanState
from meqenet.errors import Defect
from meqenet.money import Currency, Money
from meqenet.payments.rail import WalletProvider

router = APIRouter(prefix="/v1/plans", tags=["plans"], responses=openapi_responses(401, 403, 503))
_LIMIT_MAX: Final = 100
_MODEL: Final = "plan_overview"
PayoutStateName = Literal["scheduled", "created", "unknown", "pending", "settled", "rejected"]
"""``scheduled``: waits for its day. ``created``, ``unknown``, ``pending``: with the bank.
``settled``: on the merchant's account. ``rejected``: the bank refused it; it is sent again."""
PlanId = Annotated[str, StringConstraints(pattern=PLAN_ID)]


class PlanQuery(Period):
    """Which plans, opened on which days."""

    state: PlanState | None = None
    """Only plans that are in this state now."""
    option: PaymentOption | None = None
    reference: Reference | None = None
    """Only the plan of this order of yours."""
    limit: Annotated[int, Field(ge=1, le=_LIMIT_MAX)] = 20
    after: PlanId | None = None
    """The last plan of the page before: its `next_after`."""


class MerchantsPart(Told):
    """What you get for a plan."""

    net: Birr
    """The price without our fee."""
    paid_out: Birr
    payout_state: PayoutStateName


class PlanSummary(Told):
    """A plan in a list. `GET /v1/plans/{id}` has its schedule, its offer and what comes next."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "pln_abcdefghijklmnopqrst",
                    "reference": "order-1042",
                    "state": "active",
                    "option": "pay_in_4",
                    "amount": "4000.00",
                    "currency": "ETB",
                    "wallet_provider": "telebirr",
                    "total_payable": "4000.00",
                    "outstanding": "3000.00",
                    "next_due_on": {"gregorian": "2026-12-07", "ethiopian": "2019-03-28"},
                    "returned": "0.00",
                    "merchant": {
                        "net": "3880.00",
                        "paid_out": "0.00",
                        "payout_state": "scheduled",
                    },
                    "activated_on": {"gregorian": "2026-11-23", "ethiopian": "2019-03-14"},
                    "test_clock": None,
                    "opened_at": "2026-11-23T06:00:00Z",
                    "ended_at": None,
                }
            ]
        }
    )

    id: str
    reference: str
    """The merchant's own name for the order."""
    state: PlanState
    option: PaymentOption
    amount: Birr
    """Price of the goods."""
    currency: Currency
    wallet_provider: WalletProvider
    total_payable: Birr | None
    """What the customer pays in all; None until there is an offer."""
    outstanding: Birr
    """What the customer still owes, interest as scheduled."""
    next_due_on: Day | None
    """When the oldest installment that is still owed is, or was, due."""
    returned: Birr
    """What went back to the wallet of a plan that did not become active."""
    merchant: MerchantsPart | None
    """None until the plan is active."""
    activated_on: Day | None
    test_clock: str | None
    opened_at: datetime
    ended_at: datetime | None


class PlanList(Told):
    """Plans, newest first. Ask on with ``after`` while ``next_after`` is given."""

    plans: list[PlanSummary]
    next_after: str | None


@router.get("", summary="List plans", responses=openapi_responses(400, 404, 422))
async def listed(
    parts: Parts, merchant: Authenticated, written: ReadAfter, query: Annotated[PlanQuery, Query()]
) -> PlanList:
    """Your plans, newest first, narrowed by state, option, order, and days of opening.

    Plans that are opened while you turn the pages stand before the first page and move nothing.
    """
    query.require_order()
    wanted = WantedPlans(
        merchant_id=merchant.merchant_id,
        state=query.state,
        option=query.option,
        reference=query.reference,
        since=query.since,
        until=query.until,
    )

    async def page(session: ReadSession) -> tuple[PlanOverview, ...]:
        if query.after is not None and not await plan_overview(
            session=session, plan_id=query.after, merchant_id=merchant.merchant_id
        ):
            raise unknown_plan()
        return await list_plan_overviews(
            session=session, wanted=wanted, after=query.after, limit=query.limit + 1
        )

    found = await shown_after(parts=parts, model=_MODEL, written=written, view=page)
    plans = found[: query.limit]
    return PlanList(
        plans=[_summary(plan) for plan in plans],
        next_after=plans[-1].plan_id if len(found) > query.limit else None,
    )


def _summary(plan: PlanOverview) -> PlanSummary:
    if plan.reference is None or plan.amount is None or plan.opened_at is None:
        raise Defect("plan_not_opened", f"{plan.plan_id} is listed and was never opened")
    return PlanSummary(
        id=plan.plan_id,
        reference=plan.reference,
        state=PlanState(plan.state or ""),
        option=PaymentOption(plan.option or ""),
        amount=plan.amount,
        currency=plan.amount.currency,
        wallet_provider=WalletProvider(plan.wallet_provider or ""),
        total_payable=plan.total_payable,
        outstanding=plan.outstanding_principal + plan.outstanding_interest,
        next_due_on=None if plan.next_due_on is None else day_of(plan.next_due_on),
        returned=plan.returned,
        merchant=_merchants_part(plan.merchant_net, plan),
        activated_on=None if plan.activated_on is None else day_of(plan.activated_on),
        test_clock=plan.test_clock_id,
        opened_at=plan.opened_at,
        ended_at=plan.ended_at,
    )


def _merchants_part(net: Money | None, plan: PlanOverview) -> MerchantsPart | None:
    if net is None:
        return None
    return MerchantsPart.model_validate(
        {"net": net, "paid_out": plan.merchant_paid, "payout_state": plan.payout_state}
    )
