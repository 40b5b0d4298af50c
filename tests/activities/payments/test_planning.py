"""The next attempt is decided by what is stored, and by the policy of the plan's own date."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from activities.contracts.collecting import NO_POLICY, CollectingSteps, PlanNextAttempt, PolicyTerms
from activities.contracts.payments import (
    AnswerSource,
    Channel,
    OpenAttempt,
    RecordAnswer,
    RecordMandate,
    RegisterWallet,
)
from activities.payments import PaymentsActivities
from db.kernel.encryption import Keyring
from meqenet.identity import attempt_id, contract_number, installment_id
from meqenet.money import Money
from meqenet.payments.rail import (
    MandateAnswer,
    MandateStatus,
    PaymentAnswer,
    RailStatus,
    WalletProvider,
)
from meqenet.payments.retry import spread_within
from tests.backing import Databases

DUE_ON = date(2026, 12, 7)
NOW = datetime(2026, 12, 7, 7, tzinfo=UTC)
"""10:00 of the due date in Addis Ababa."""
SMALL, LARGE = Money.from_birr("1000.00"), Money.from_birr("5000.01")


@pytest.fixture
def steps(databases: Databases, keyring: Keyring) -> PaymentsActivities:
    return PaymentsActivities(database=databases["payments"], keyring=keyring)


@pytest.fixture
async def plan_id(steps: PaymentsActivities, unique: str) -> str:
    """A plan that is paid from a Telebirr wallet, with an active mandate."""
    plan = f"pln_{unique}"
    contract_no = contract_number(plan_id=plan)
    await steps.register_wallet(
        RegisterWallet(
            plan_id=plan,
            provider=WalletProvider.TELEBIRR,
            msisdn=f"2519{int(unique, 16) % 10**8:08d}",
            contract_no=contract_no,
            at=NOW,
        )
    )
    await mandate_is(steps, plan, MandateStatus.ACTIVE, at=NOW - timedelta(days=14))
    return plan


async def mandate_is(
    steps: PaymentsActivities, plan_id: str, status: MandateStatus, *, at: datetime
) -> None:
    answer = MandateAnswer(contract_no=contract_number(plan_id=plan_id), status=status)
    await steps.record_mandate(RecordMandate(plan_id=plan_id, answer=answer, at=at))


def question(plan_id: str, *, amount: Money = SMALL, at: datetime = NOW) -> PlanNextAttempt:
    return PlanNextAttempt(
        plan_id=plan_id,
        installment_id=installment_id(plan_id=plan_id, number=2),
        amount=amount,
        terms=PolicyTerms(option="pay_in_4", signed_on=date(2026, 11, 23), due_on=DUE_ON),
        at=at,
    )


async def fail(
    steps: PaymentsActivities, plan_id: str, *, number: int, code: str, at: datetime
) -> None:
    parent = installment_id(plan_id=plan_id, number=2)
    order = OpenAttempt(
        attempt_id=attempt_id(installment_id=parent, number=number),
        plan_id=plan_id,
        installment_id=parent,
        channel=Channel.MANDATE,
        amount=SMALL,
        at=at,
    )
    await steps.open_attempt(order)
    answer = PaymentAnswer(order_id=order.attempt_id, status=RailStatus.FAILED, failure_code=code)
    await steps.record_answer(
        RecordAnswer(attempt_id=order.attempt_id, answer=answer, source=AnswerSource.CALL, at=at)
    )


async def test_the_first_attempt_is_made_within_the_hour_under_the_mandate(
    steps: CollectingSteps, plan_id: str
) -> None:
    told = await steps.plan_next_attempt(question(plan_id))
    spread = spread_within(key=plan_id, window=timedelta(hours=1))
    assert (told.at, told.reason, told.channel) == (NOW + spread, "due", Channel.MANDATE)
    assert (told.way, told.second_factor) == ("mandate", False)
    assert told.contract_no == contract_number(plan_id=plan_id)
    assert told.mandate is MandateStatus.ACTIVE


async def test_an_ended_mandate_and_a_large_amount_are_asked_for(
    steps: PaymentsActivities, plan_id: str
) -> None:
    large = await steps.plan_next_attempt(question(plan_id, amount=LARGE))
    assert (large.channel, large.way, large.second_factor) == (
        Channel.CHECKOUT,
        "second_factor",
        True,
    )
    await mandate_is(steps, plan_id, MandateStatus.ENDED, at=NOW)
    ended = await steps.plan_next_attempt(question(plan_id))
    assert (ended.channel, ended.way) == (Channel.CHECKOUT, "mandate_ended")


async def test_faults_and_empty_wallets_are_counted_apart(
    steps: PaymentsActivities, plan_id: str
) -> None:
    at = NOW
    for number in range(1, 5):
        await fail(steps, plan_id, number=number, code="4003", at=at)
        at += timedelta(days=1)
    await fail(steps, plan_id, number=5, code="4006", at=at)
    fault = await steps.plan_next_attempt(question(plan_id, at=at))
    assert fault.reason == "after_fault"
    assert fault.at is not None
    assert timedelta(minutes=5) <= fault.at - at <= timedelta(minutes=10)
    await fail(steps, plan_id, number=6, code="4003", at=fault.at)
    empty = await steps.plan_next_attempt(question(plan_id, at=fault.at))
    assert (empty.at, empty.reason) == (None, "failures_used_up")


async def test_a_code_of_a_debit_under_a_mandate_is_read_as_the_mandates(
    steps: PaymentsActivities, plan_id: str
) -> None:
    await fail(steps, plan_id, number=1, code="3016", at=NOW)
    told = await steps.plan_next_attempt(question(plan_id, at=NOW))
    assert (told.reason, told.channel) == ("another_way", Channel.CHECKOUT)
    assert told.way == "mandate_refused"


async def test_what_needs_mending_is_tried_at_once_when_somebody_asks_for_it(
    steps: PaymentsActivities, plan_id: str
) -> None:
    await fail(steps, plan_id, number=1, code="3007", at=NOW)
    asked = question(plan_id, at=NOW + timedelta(hours=2))
    stuck = await steps.plan_next_attempt(asked)
    assert (stuck.at, stuck.reason, stuck.channel) == (None, "needs_mending", None)
    mended = replace(asked, terms=replace(asked.terms, mended_at=asked.at))
    again = await steps.plan_next_attempt(mended)
    assert (again.at, again.reason, again.channel) == (asked.at, "asked_for", Channel.MANDATE)


async def test_holidays_are_passed_over_by_the_calendar_of_the_country(
    steps: PaymentsActivities, plan_id: str
) -> None:
    on_the_eve = datetime(2027, 1, 6, 7, tzinfo=UTC)
    terms = PolicyTerms(option="pay_in_4", signed_on=DUE_ON, due_on=date(2027, 1, 6))
    await fail(steps, plan_id, number=1, code="4003", at=on_the_eve)
    told = await steps.plan_next_attempt(replace(question(plan_id, at=on_the_eve), terms=terms))
    spread = spread_within(key=plan_id, window=timedelta(hours=1))
    assert told.at == datetime(2027, 1, 8, 7, tzinfo=UTC) + spread
    assert told.delays == ("holiday",)


async def test_before_the_first_version_the_products_own_dates_decide(
    steps: CollectingSteps, plan_id: str
) -> None:
    asked = question(plan_id)
    early = replace(asked, terms=replace(asked.terms, signed_on=date(2025, 12, 31)))
    told = await steps.plan_next_attempt(early)
    assert (told.at, told.reason) == (None, NO_POLICY)
