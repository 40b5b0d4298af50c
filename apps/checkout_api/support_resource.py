"""A plan as staff see it: what was tried, what comes next and why, what may be done now."""

from datetime import date, datetime
from typing import Final

from pydantic import ConfigDict

from apps.checkout_api.amounts import Birr, Day, day_of
from apps.checkout_api.credits import CreditState, SupportCredit, state_of, support_credit
from apps.checkout_api.order_block import ORDER_EXAMPLE, OrderBlock, order_block
from apps.checkout_api.plan_resource import NextStep
from apps.checkout_api.told import Told
from db.bnpl.views import InstallmentView, PlanView
from db.payments.views import AttemptView
from db.payments.views.credit import CreditView
from db.payments.views.wallets import WalletView
from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.states import ALLOWED, InstallmentState, PlanState
from meqenet.errors import Mender
from meqenet.identity import OWN_PAYMENT_FROM, installment_id
from meqenet.money import total
from meqenet.payments.attempts import OrderState
from meqenet.payments.causes import FailureCause, remedy_for
from meqenet.payments.orders import installment_number
from meqenet.payments.rail import WalletProvider
from workflows.messages import SupportStanding

_PATHS: Final = {
    "retry_installment": "/installments/{number}/retry",
    "pay_by_another_wallet": "/installments/{number}/pay-by-wallet",
    "add_wallet": "/wallets",
    "waive_fee": "/installments/{number}/fee/waive",
    "pause_collection": "/pause",
    "mark_unreachable_until": "/unreachable",
    "resume_collection": "/resume",
    "retry_refund": "/refund/retry",
    "retry_payout": "/payout/retry",
    "charge_off": "/charge-off",
    "write_off": "/write-off",
    "grant_hardship": "/hardship",
    "void_for_merchant": "/void",
    "replay_payment": "/payments/{{attempt}}/replay",
}
_NO_RETURN: Final = {
    CreditState.RETURNING: ("return_under_way", "The money is on its way back already."),
    CreditState.RETURNED: ("credit_returned", "The money is back in the wallet."),
}
"""Why a credit cannot be sent back now."""


class CauseTold(Told):
    """Why an attempt failed, who can mend it, and what to tell the customer."""

    cause: str
    """In our own words."""
    provider_code: str | None
    """In the provider's, verbatim."""
    mender: Mender
    retryable: bool
    """Whether a later attempt may succeed with nobody doing anything."""
    english: str
    """For the customer."""
    amharic: str
    """For the customer."""


class AttemptTold(Told):
    """One attempt to collect."""

    id: str
    state: OrderState
    """``unknown``: it was sent and not answered; the provider is being asked, and nothing is sent
    before it has told."""
    channel: str
    wallet: str
    """Which of the plan's wallets it asks."""
    amount: Birr
    receipt: str | None
    """The provider's, to quote to the customer."""
    failure: CauseTold | None
    opened_at: datetime
    changed_at: datetime
    reversed_at: datetime | None
    """Since when its money is known to be gone, though it had come."""


class WalletTold(Told):
    """A wallet from which the plan may be paid. Its phone is not told."""

    id: str
    """``w1`` is the plan's own."""
    provider: WalletProvider
    is_own: bool
    """The customer named it at checkout; the others are asked after it, in their order."""
    since: datetime


class SupportInstallment(Told):
    """An installment with its attempts, the oldest first."""

    number: int
    due_on: Day
    amount: Birr
    """Principal and interest."""
    late_fee: Birr
    """Charged because it was late, less what was waived."""
    late_fee_paid: Birr
    paid: Birr
    """What has come for it so far, late fees included."""
    state: InstallmentState
    failed_attempts: int
    next_attempt_at: datetime | None
    paid_at: datetime | None
    attempts: list[AttemptTold]


class Hold(Told):
    """Why nothing is collected by itself now."""

    reason: str
    """``paused`` or ``unreachable``."""
    until: Day
    """The first day on which it is collected again."""


class DeedTold(Told):
    """Something that staff can have the plan do."""

    deed: str
    number: int | None
    """The installment, where it is about one."""
    path: str
    """Where to post it."""
    possible: bool
    """Whether the plan takes it now; your role may still not allow it."""
    why_not: str | None
    code: str | None
    """Stable; the same that the refusal would have."""


class SupportPlan(Told):
    """A plan, for staff. Neither the customer's name nor a phone is in it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "pln_abcdefghijklmnopqrst",
                    "merchant": "mer_abcdefghijklmnopqrst",
                    "reference": "order-1042",
                    "state": "past_due",
                    "option": "pay_in_30",
                    "amount": "1000.00",
                    "outstanding": "1000.00",
                    "order": ORDER_EXAMPLE,
                    "charged_off_on": None,
                    "wallet_provider": "mpesa",
                    "wallets": [
                        {
                            "id": "w1",
                            "provider": "mpesa",
                            "is_own": True,
                            "since": "2026-11-23T06:00:00Z",
                        }
                    ],
                    "installments": [
                        {
                            "number": 1,
                            "due_on": {"gregorian": "2026-12-23", "ethiopian": "2019-04-14"},
                            "amount": "1000.00",
                            "late_fee": "0.00",
                            "late_fee_paid": "0.00",
                            "paid": "0.00",
                            "state": "failed",
                            "failed_attempts": 1,
                            "next_attempt_at": None,
                            "paid_at": None,
                            "attempts": [
                                {
                                    "id": "pln_abcdefghijklmnopqrst-i01-a1",
                                    "state": "failed",
                                    "channel": "push",
                                    "wallet": "w1",
                                    "amount": "1000.00",
                                    "receipt": None,
                                    "failure": {
                                        "cause": "customer_unreachable",
                                        "provider_code": "1037",
                                        "mender": "customer",
                                        "retryable": True,
                                        "english": "Your phone could not be reached.",
                                        "amharic": "ስልክዎን ማግኘት አልተቻለም።",
                                    },
                                    "opened_at": "2026-12-23T07:00:00Z",
                                    "changed_at": "2026-12-23T07:01:00Z",
                                    "reversed_at": None,
                                }
                            ],
                        }
                    ],
                    "own_payments": [],
                    "next_step": {"what": "a failed installment waits for a retry", "at": None},
                    "hold": None,
                    "credits": [],
                    "deeds": [
                        {
                            "deed": "retry_installment",
                            "number": 1,
                            "path": "/v1/support/plans/pln_abcdefghijklmnopqrst"
                            "/installments/1/retry",
                            "possible": True,
                            "why_not": None,
                            "code": None,
                        }
                    ],
                    "test_clock": None,
                    "opened_at": "2026-11-23T06:00:00Z",
                    "changed_at": "2026-12-30T07:01:00Z",
                }
            ]
        }
    )

    id: str
    merchant: str
    reference: str
    state: PlanState
    option: PaymentOption
    amount: Birr
    outstanding: Birr
    """What the customer still owes, late fees included; nothing before the plan is active."""
    order: OrderBlock
    """What of the order's price is captured, voided and refunded."""
    charged_off_on: Day | None
    """When it was given up as a loss; what comes from then on is a recovery."""
    wallet_provider: WalletProvider
    wallets: list[WalletTold]
    installments: list[SupportInstallment]
    own_payments: list[AttemptTold]
    """What the customer was asked for by their own will, beside the schedule; the oldest first."""
    next_step: NextStep | None
    """What happens next by itself, and when."""
    hold: Hold | None
    credits: list[SupportCredit]
    """What the customer has paid beyond what was owed, the oldest first."""
    deeds: list[DeedTold]
    """Of the plan itself, none when its process is over or cannot be asked; credit can be sent
    back at any time."""
    test_clock: str | None
    opened_at: datetime
    changed_at: datetime


def support_plan(
    *,
    plan: PlanView,
    attempts: tuple[AttemptView, ...],
    wallets: tuple[WalletView, ...],
    surpluses: tuple[CreditView, ...],
    standing: SupportStanding | None,
) -> SupportPlan:
    """The plan as staff see it.

    Args:
        plan: by the plans' store.
        attempts: by the payments store, the oldest first.
        wallets: by the same store, its own first.
        surpluses: by the same store.
        standing: what its process says may be done; None when there is none to ask.
    """
    owed = plan.installments if plan.activated_on else ()
    return SupportPlan(
        id=plan.plan_id,
        merchant=plan.merchant_id,
        reference=plan.reference,
        state=plan.state,
        option=plan.option,
        amount=plan.amount,
        outstanding=total(row.owed for row in owed),
        order=order_block(plan),
        charged_off_on=None if plan.charged_off_on is None else day_of(plan.charged_off_on),
        wallet_provider=WalletProvider(plan.wallet_provider),
        wallets=[
            WalletTold(
                id=_short(each.wallet_id),
                provider=each.provider,
                is_own=each.is_own,
                since=each.since,
            )
            for each in wallets
        ],
        installments=[_installment(plan, row, attempts) for row in plan.installments],
        own_payments=[
            _attempt(each)
            for each in attempts
            if installment_number(order_id=each.attempt_id) > OWN_PAYMENT_FROM
        ],
        next_step=NextStep(what=plan.next_step, at=plan.next_step_at)
        if ALLOWED[plan.state]
        else None,
        hold=_hold(standing),
        credits=[support_credit(each) for each in surpluses],
        deeds=[*_deeds(plan, standing), *(_returning(plan, each) for each in surpluses)],
        test_clock=plan.test_clock_id,
        opened_at=plan.opened_at,
        changed_at=plan.changed_at,
    )


def cause_told(*, cause: str, provider_code: str | None) -> CauseTold:
    """A cause with its remedy."""
    remedy = remedy_for(cause=FailureCause(cause))
    return CauseTold(
        cause=cause,
        provider_code=provider_code,
        mender=remedy.mender,
        retryable=remedy.retryable,
        english=remedy.english,
        amharic=remedy.amharic,
    )


def _installment(
    plan: PlanView, row: InstallmentView, attempts: tuple[AttemptView, ...]
) -> SupportInstallment:
    own_id = installment_id(plan_id=plan.plan_id, number=row.number)
    return SupportInstallment(
        number=row.number,
        due_on=day_of(row.due_on),
        amount=row.amount,
        late_fee=row.late_fee,
        late_fee_paid=row.late_fee_paid,
        paid=row.paid,
        state=row.state,
        failed_attempts=row.failed_attempts,
        next_attempt_at=row.next_attempt_at,
        paid_at=row.paid_at,
        attempts=[_attempt(each) for each in attempts if each.installment_id == own_id],
    )


def _short(wallet_id: str) -> str:
    """A wallet's id within its plan."""
    return wallet_id.rpartition("-")[2]


def _attempt(attempt: AttemptView) -> AttemptTold:
    failure = None
    if attempt.cause is not None:
        failure = cause_told(cause=attempt.cause, provider_code=attempt.failure_code)
    return AttemptTold(
        id=attempt.attempt_id,
        state=attempt.state,
        channel=attempt.channel,
        wallet=_short(attempt.wallet_id),
        amount=attempt.asked,
        receipt=attempt.receipt,
        failure=failure,
        opened_at=attempt.opened_at,
        changed_at=attempt.changed_at,
        reversed_at=attempt.reversed_at,
    )


def _hold(standing: SupportStanding | None) -> Hold | None:
    if standing is None or standing.held_because is None:
        return None
    until: date | None = standing.held_until
    return None if until is None else Hold(reason=standing.held_because, until=day_of(until))


def _returning(plan: PlanView, credit: CreditView) -> DeedTold:
    told = support_credit(credit)
    code, why_not = _NO_RETURN.get(state_of(credit), (None, None))
    return DeedTold(
        deed="return_credit",
        number=told.number,
        path=f"/v1/support/plans/{plan.plan_id}/credits/{told.attempt}/return",
        possible=code is None,
        why_not=why_not,
        code=code,
    )


def _deeds(plan: PlanView, standing: SupportStanding | None) -> list[DeedTold]:
    if standing is None:
        return []
    base = f"/v1/support/plans/{plan.plan_id}"
    return [
        DeedTold(
            deed=each.deed,
            number=each.number,
            path=base + _PATHS[each.deed].format(number=each.number),
            possible=each.code is None,
            why_not=each.text,
            code=each.code,
        )
        for each in standing.deeds
    ]
