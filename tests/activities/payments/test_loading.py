"""What is known of a plan's payments without its process."""

from datetime import UTC, datetime, timedelta

import pytest

from activities.contracts.payments import (
    AnswerSource,
    AttemptFound,
    AttemptState,
    Channel,
    LoadedPayments,
    LoadPayments,
    OpenAttempt,
    OpenRefund,
    PaymentsSteps,
    RecordAnswer,
    RefundFound,
    RegisterWallet,
)
from activities.payments import PaymentsActivities
from db.kernel.encryption import Keyring
from meqenet.identity import attempt_id, installment_id, refund_id
from meqenet.money import Money
from meqenet.payments.rail import PaymentAnswer, RailStatus, WalletProvider
from tests.backing import Databases

AT = datetime(2026, 11, 23, 6, tzinfo=UTC)
MSISDN = "251700000001"


@pytest.fixture
def steps(databases: Databases, keyring: Keyring) -> PaymentsSteps:
    return PaymentsActivities(database=databases["payments"], keyring=keyring)


def opening(plan_id: str, *, number: int, minutes: int) -> OpenAttempt:
    parent = installment_id(plan_id=plan_id, number=1)
    return OpenAttempt(
        attempt_id=attempt_id(installment_id=parent, number=number),
        plan_id=plan_id,
        installment_id=parent,
        channel=Channel.PUSH,
        amount=Money(25_000),
        at=AT + timedelta(minutes=minutes),
    )


def said(order: OpenAttempt, status: RailStatus) -> RecordAnswer:
    code = "1" if status is RailStatus.FAILED else None
    return RecordAnswer(
        attempt_id=order.attempt_id,
        answer=PaymentAnswer(
            order_id=order.attempt_id, status=status, receipt="R1", failure_code=code
        ),
        source=AnswerSource.QUERY,
        at=order.at,
    )


async def registered(steps: PaymentsSteps, plan_id: str) -> None:
    await steps.register_wallet(
        RegisterWallet(
            plan_id=plan_id, provider=WalletProvider.MPESA, msisdn=MSISDN, contract_no=None, at=AT
        )
    )


async def test_a_plan_that_is_unknown_here_has_no_wallet_and_no_orders(
    steps: PaymentsSteps, unique: str
) -> None:
    loaded = await steps.load_payments(LoadPayments(plan_id=f"pln_{unique}"))
    assert loaded == LoadedPayments(msisdn=None, attempts=(), refunds=())


async def test_a_plans_orders_come_oldest_first_with_the_wallets_phone(
    steps: PaymentsSteps, unique: str
) -> None:
    plan = f"pln_{unique}"
    await registered(steps, plan)
    first, second = (opening(plan, number=n, minutes=n) for n in (1, 2))
    await steps.open_attempt(first)
    await steps.record_answer(said(first, RailStatus.FAILED))
    await steps.open_attempt(second)
    await steps.record_answer(said(second, RailStatus.SUCCEEDED))
    refund = OpenRefund(
        refund_id=refund_id(attempt_id=second.attempt_id, number=1),
        attempt_id=second.attempt_id,
        amount=second.amount,
        reason="plan not activated",
        at=AT,
    )
    await steps.open_refund(refund)
    loaded = await steps.load_payments(LoadPayments(plan_id=plan))
    assert loaded == LoadedPayments(
        msisdn=MSISDN,
        attempts=(
            AttemptFound(
                attempt_id=first.attempt_id,
                state=AttemptState.FAILED,
                channel=Channel.PUSH,
                amount=first.amount,
                provider=WalletProvider.MPESA,
                wallet_id=f"{plan}-w1",
            ),
            AttemptFound(
                attempt_id=second.attempt_id,
                state=AttemptState.SUCCEEDED,
                channel=Channel.PUSH,
                succeeded_at=second.at,
                amount=second.amount,
                provider=WalletProvider.MPESA,
                wallet_id=f"{plan}-w1",
            ),
        ),
        refunds=(
            RefundFound(
                refund_id=refund.refund_id,
                attempt_id=second.attempt_id,
                state=AttemptState.CREATED,
            ),
        ),
    )
    assert loaded.attempt(attempt_id=first.attempt_id) == loaded.attempts[0]
    assert loaded.attempt(attempt_id="pln_x-i01-a1") is None


async def test_an_attempt_that_has_ended_is_opened_again_with_its_end(
    steps: PaymentsSteps, unique: str
) -> None:
    plan = f"pln_{unique}"
    await registered(steps, plan)
    order = opening(plan, number=1, minutes=0)
    fresh = await steps.open_attempt(order)
    assert fresh.standing is not None
    assert fresh.standing.state is AttemptState.CREATED
    ended = await steps.record_answer(said(order, RailStatus.SUCCEEDED))
    again = await steps.open_attempt(order)
    assert again.standing == ended
