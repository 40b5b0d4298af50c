"""A plan as merchants see it. Neither the customer nor the wallet's phone is in it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

from pydantic import ConfigDict
from pydantic.config import JsonDict

from apps.checkout_api.amounts import Birr, Day, Percent, day_of
from apps.checkout_api.credits import PlanCredit, plan_credit
from apps.checkout_api.late_fee_terms import LateFeeTerms, late_fee_terms
from apps.checkout_api.order_block import ORDER_EXAMPLE, OrderBlock, order_block
from apps.checkout_api.quotes import Reason
from apps.checkout_api.told import Told
from db.bnpl.views import InstallmentView, PlanView
from db.payments.views.credit import CreditView
from meqenet.bnpl.lateness_price import LatenessPrice, lateness_price
from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.states import InstallmentState, PlanState
from meqenet.calendar import addis_date
from meqenet.money import Currency, Money
from meqenet.payments.rail import WalletProvider

_NO_STEP: Final = "none"
_OFFERED_ROW: Final[JsonDict] = {
    "number": 1,
    "due_on": {"gregorian": "2026-11-23", "ethiopian": "2019-03-14"},
    "principal": "1000.00",
    "interest": "0.00",
    "amount": "1000.00",
    "late_fee": "0.00",
    "late_fee_paid": "0.00",
    "paid": "0.00",
    "owed": "1000.00",
    "state": "scheduled",
    "failed_attempts": 0,
    "last_cause": None,
    "next_attempt_at": None,
    "next_attempt_reason": None,
    "in_dispute": None,
    "paid_at": None,
}


class PlanInstallment(Told):
    """One installment as it stands."""

    number: int
    due_on: Day
    """Counts from the day of the offer, and from that of activation once the plan is active."""
    principal: Birr
    interest: Birr
    amount: Birr
    """Principal and interest."""
    late_fee: Birr
    """Charged because it was late, less what was waived."""
    late_fee_paid: Birr
    paid: Birr
    """What has come for it so far, late fees included."""
    owed: Birr
    """What is still to be paid of it, late fees included."""
    state: InstallmentState
    failed_attempts: int
    last_cause: str | None
    """Why the last attempt to collect it failed."""
    next_attempt_at: datetime | None
    next_attempt_reason: str | None
    """Why then; while the installment has failed: why it is not tried again by itself."""
    in_dispute: str | None
    """The dispute for whose end it waits: until then it is not collected, reminded of or late."""
    paid_at: datetime | None


class Offer(Told):
    """What the customer signs."""

    total_payable: Birr
    cost_of_credit: Birr
    nominal_rate_percent: Percent
    nominal_apr_percent: Percent
    effective_apr_percent: Percent
    lender_of_record: str
    expires_at: datetime


class NextAction(Told):
    """What the customer has to do now."""

    kind: Literal["visit", "open_app", "accept_offer", "confirm_on_phone", "retry_payment"]
    """``visit``: open ``url`` in the browser. ``open_app``: hand ``app_link`` to the wallet's app,
    or open ``url``. ``accept_offer``: show the offer, then accept. ``confirm_on_phone``: the
    wallet has sent a prompt. ``retry_payment``: it failed; accept once more to try again."""
    url: str | None
    app_link: str | None
    expires_at: datetime


class NextStep(Told):
    """What happens next by itself, and when."""

    what: str
    at: datetime | None


class PlanResource(Told):
    """A payment plan."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "pln_abcdefghijklmnopqrst",
                    "reference": "order-1042",
                    "state": "offered",
                    "option": "pay_in_4",
                    "amount": "4000.00",
                    "currency": "ETB",
                    "wallet_provider": "telebirr",
                    "schedule": [_OFFERED_ROW],
                    "offer": {
                        "total_payable": "4000.00",
                        "cost_of_credit": "0.00",
                        "nominal_rate_percent": "0.00",
                        "nominal_apr_percent": "0.00",
                        "effective_apr_percent": "0.00",
                        "lender_of_record": "Meqenet Microfinance",
                        "expires_at": "2026-11-23T07:00:00Z",
                    },
                    "late_fees": None,
                    "next_action": {
                        "kind": "accept_offer",
                        "url": None,
                        "app_link": None,
                        "expires_at": "2026-11-23T07:00:00Z",
                    },
                    "next_step": {
                        "what": "the customer accepts the offer",
                        "at": "2026-11-23T07:00:00Z",
                    },
                    "decline_reasons": [],
                    "activated_on": None,
                    "settlement_due_at": None,
                    "merchant_paid": False,
                    "returned": "0.00",
                    "order": ORDER_EXAMPLE,
                    "credits": [],
                    "test_clock": None,
                    "opened_at": "2026-11-23T06:00:00Z",
                    "changed_at": "2026-11-23T06:01:30Z",
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
    schedule: list[PlanInstallment]
    """Empty until there is an offer."""
    offer: Offer | None
    late_fees: LateFeeTerms | None
    """What lateness costs, with the offer; null where it costs nothing."""
    next_action: NextAction | None
    next_step: NextStep | None
    decline_reasons: list[Reason]
    activated_on: Day | None
    settlement_due_at: datetime | None
    """When the merchant's money is due; null where each capture has a day of its own."""
    merchant_paid: bool
    returned: Birr
    """What went back to the wallet of a plan that did not become active."""
    order: OrderBlock
    """What of the order's price is captured, voided and refunded."""
    credits: list[PlanCredit]
    """What the customer has paid beyond what was owed; it is the customer's, and goes back."""
    test_clock: str | None
    opened_at: datetime
    changed_at: datetime


def resource_of(plan: PlanView, *, surpluses: tuple[CreditView, ...]) -> PlanResource:
    """The plan as it stands."""
    step_is_set = plan.next_step not in ("", _NO_STEP)
    return PlanResource(
        id=plan.plan_id,
        reference=plan.reference,
        state=plan.state,
        option=plan.option,
        amount=plan.amount,
        currency=plan.amount.currency,
        wallet_provider=WalletProvider(plan.wallet_provider),
        schedule=[_installment(row) for row in plan.installments],
        offer=None if plan.offer is None else _offer(plan.offer),
        late_fees=None if plan.offer is None else late_fee_terms(_lateness(plan, plan.offer)),
        next_action=None if plan.next_action is None else NextAction(**plan.next_action),
        next_step=NextStep(what=plan.next_step, at=plan.next_step_at) if step_is_set else None,
        decline_reasons=[Reason(code=r["code"], text=r["text"]) for r in plan.decline_reasons],
        activated_on=None if plan.activated_on is None else day_of(plan.activated_on),
        settlement_due_at=plan.settlement_due_at,
        merchant_paid=plan.merchant_paid,
        returned=plan.returned,
        order=order_block(plan),
        credits=[plan_credit(each) for each in surpluses],
        test_clock=plan.test_clock_id,
        opened_at=plan.opened_at,
        changed_at=plan.changed_at,
    )


def _installment(row: InstallmentView) -> PlanInstallment:
    return PlanInstallment(
        number=row.number,
        due_on=day_of(row.due_on),
        principal=row.principal,
        interest=row.interest,
        amount=row.amount,
        late_fee=row.late_fee,
        late_fee_paid=row.late_fee_paid,
        paid=row.paid,
        owed=row.owed,
        state=row.state,
        failed_attempts=row.failed_attempts,
        last_cause=row.last_cause,
        next_attempt_at=row.next_attempt_at,
        next_attempt_reason=row.next_attempt_reason,
        in_dispute=row.waits_for,
        paid_at=row.paid_at,
    )


def _lateness(plan: PlanView, offer: Mapping[str, Any]) -> LatenessPrice | None:
    """Its days count as those of the schedule do."""
    offered_at = datetime.fromisoformat(offer["expires_at"]) - timedelta(
        minutes=plan.product.offer_minutes_max
    )
    return lateness_price(
        product=plan.product,
        amount=plan.amount,
        on=plan.activated_on or addis_date(at=offered_at),
        installment_count=len(plan.installments),
        tier=offer["tier"],
    )


def _offer(stored: Mapping[str, Any]) -> Offer:
    return Offer(
        total_payable=_money(stored["total_payable"]),
        cost_of_credit=_money(stored["cost_of_credit"]),
        nominal_rate_percent=Decimal(stored["nominal_rate_basis_points"]) / 100,
        nominal_apr_percent=Decimal(stored["nominal_apr_percent"]),
        effective_apr_percent=Decimal(stored["effective_apr_percent"]),
        lender_of_record=stored["lender_of_record"],
        expires_at=stored["expires_at"],
    )


def _money(stored: Mapping[str, Any]) -> Money:
    return Money(stored["santim"], Currency(stored["currency"]))
