import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from activities.contracts.payments import (
    AnswerSource,
    AttemptState,
    Channel,
    OpenAttempt,
    OpenRefund,
    PaymentsSteps,
    RecordAnswer,
    RecordRefund,
    RegisterWallet,
)
from activities.payments import PaymentsActivities
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.kernel.events import read_stream
from db.payments import views
from meqenet.errors import Defect, Refusal
from meqenet.identity import attempt_id, installment_id, refund_id
from meqenet.money import Money
from meqenet.payments.attempts import Finding
from meqenet.payments.rail import (
    PaymentAnswer,
    RailStatus,
    RefundAnswer,
    RefundPayment,
    WalletProvider,
)
from tests.backing import Databases

_AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
_PAID = Money(25_000)


@pytest.fixture
def payments(databases: Databases) -> Database:
    return databases["payments"]


@pytest.fixture
def steps(payments: Database, keyring: Keyring) -> PaymentsSteps:
    return PaymentsActivities(database=payments, keyring=keyring)


async def _paid(
    steps: PaymentsSteps,
    unique: str,
    *,
    provider: WalletProvider = WalletProvider.MPESA,
    receipt: str | None = "ABC123DEF4",
    status: RailStatus = RailStatus.SUCCEEDED,
) -> str:
    """An attempt that has ended so."""
    plan_id = f"pln_{unique}"
    parent = installment_id(plan_id=plan_id, number=1)
    attempt = attempt_id(installment_id=parent, number=1)
    await steps.register_wallet(
        RegisterWallet(
            plan_id=plan_id, provider=provider, msisdn="251700000001", contract_no=None, at=_AT
        )
    )
    await steps.open_attempt(
        OpenAttempt(
            attempt_id=attempt,
            plan_id=plan_id,
            installment_id=parent,
            channel=Channel.PUSH,
            amount=_PAID,
            at=_AT,
        )
    )
    await steps.record_answer(_answer(attempt, status, receipt=receipt))
    return attempt


def _answer(attempt: str, status: RailStatus, *, receipt: str | None) -> RecordAnswer:
    return RecordAnswer(
        attempt_id=attempt,
        answer=PaymentAnswer(order_id=attempt, status=status, receipt=receipt),
        source=AnswerSource.QUERY,
        at=_AT,
    )


def _refund(attempt: str, *, number: int = 1, amount: Money = _PAID) -> OpenRefund:
    return OpenRefund(
        refund_id=refund_id(attempt_id=attempt, number=number),
        attempt_id=attempt,
        amount=amount,
        reason="plan not activated",
        at=_AT,
    )


def _heard(command: OpenRefund, status: RailStatus | None, *, minutes: int = 1) -> RecordRefund:
    answer = None if status is None else RefundAnswer(refund_id=command.refund_id, status=status)
    return RecordRefund(
        refund_id=command.refund_id, answer=answer, at=_AT + timedelta(minutes=minutes)
    )


async def test_a_refund_is_opened_with_the_order_for_the_provider(
    steps: PaymentsSteps, unique: str
) -> None:
    attempt = await _paid(steps, unique)
    command = _refund(attempt)
    opened = await steps.open_refund(command)
    assert opened.provider is WalletProvider.MPESA
    assert opened.state is AttemptState.CREATED
    assert opened.order == RefundPayment(
        refund_id=command.refund_id,
        order_id=attempt,
        receipt="ABC123DEF4",
        amount=_PAID,
        msisdn="251700000001",
    )
    assert await steps.open_refund(command) == opened


@pytest.mark.parametrize(
    ("status", "amount"),
    [
        (RailStatus.SUCCEEDED, Money(25_001)),
        (RailStatus.SUCCEEDED, Money.zero()),
        (RailStatus.SUCCEEDED, Money(-1)),
        (RailStatus.FAILED, Money(1)),
        (RailStatus.PENDING, Money(1)),
    ],
)
async def test_never_more_goes_back_than_came(
    steps: PaymentsSteps, unique: str, status: RailStatus, amount: Money
) -> None:
    attempt = await _paid(steps, unique, status=status)
    with pytest.raises(Refusal) as refused:
        await steps.open_refund(_refund(attempt, amount=amount))
    assert (refused.value.code, refused.value.field) == ("refund_exceeds_payment", "amount")


async def test_many_refunds_at_once_never_exceed_the_payment(
    steps: PaymentsSteps, payments: Database, unique: str
) -> None:
    attempt = await _paid(steps, unique)
    commands = [_refund(attempt, number=n, amount=Money(10_000)) for n in range(1, 8)]
    outcomes = await asyncio.gather(
        *(steps.open_refund(command) for command in commands), return_exceptions=True
    )
    assert [each.code for each in outcomes if isinstance(each, Refusal)] == [
        "refund_exceeds_payment"
    ] * 5
    async with payments.read() as session:
        events = await read_stream(session=session, stream=f"pln_{unique}")
    assert [e.content.event_type for e in events].count("refund_opened") == 2


async def test_a_failed_refund_leaves_room_for_another(steps: PaymentsSteps, unique: str) -> None:
    attempt = await _paid(steps, unique)
    first = _refund(attempt)
    await steps.open_refund(first)
    with pytest.raises(Refusal):
        await steps.open_refund(_refund(attempt, number=2))
    await steps.record_refund(_heard(first, RailStatus.FAILED))
    second = await steps.open_refund(_refund(attempt, number=2))
    assert second.state is AttemptState.CREATED


async def test_a_final_refund_never_changes_and_a_contradiction_is_a_finding(
    steps: PaymentsSteps, payments: Database, unique: str
) -> None:
    attempt = await _paid(steps, unique)
    command = _refund(attempt)
    await steps.open_refund(command)
    for status, state in (
        (None, AttemptState.UNKNOWN),
        (RailStatus.NOT_FOUND, AttemptState.CREATED),
        (RailStatus.PENDING, AttemptState.PENDING),
        (RailStatus.SUCCEEDED, AttemptState.SUCCEEDED),
        (RailStatus.FAILED, AttemptState.SUCCEEDED),
        (RailStatus.SUCCEEDED, AttemptState.SUCCEEDED),
    ):
        for _ in range(2):
            await steps.record_refund(_heard(command, status))
        assert (await steps.open_refund(command)).state is state
    async with payments.read() as session:
        found = await views.findings(session=session, plan_id=f"pln_{unique}")
    assert [(each.order_id, each.finding) for each in found] == [
        (command.refund_id, Finding.FAILURE_AFTER_MONEY)
    ]


async def test_money_that_came_after_a_failure_can_be_given_back(
    steps: PaymentsSteps, unique: str
) -> None:
    attempt = await _paid(steps, unique, status=RailStatus.FAILED)
    await steps.record_answer(_answer(attempt, RailStatus.SUCCEEDED, receipt="LATE567890"))
    command = _refund(attempt)
    opened = await steps.open_refund(command)
    assert (opened.order.receipt, opened.order.amount) == ("LATE567890", _PAID)
    await steps.record_refund(_heard(command, RailStatus.SUCCEEDED))
    # Then the installment may be asked for again.
    again = OpenAttempt(
        attempt_id=attempt.replace("-a1", "-a2"),
        plan_id=f"pln_{unique}",
        installment_id=installment_id(plan_id=f"pln_{unique}", number=1),
        channel=Channel.PUSH,
        amount=_PAID,
        at=_AT,
    )
    assert (await steps.open_attempt(again)).state is AttemptState.CREATED


async def test_telebirr_needs_no_receipt_and_mpesa_does(steps: PaymentsSteps, unique: str) -> None:
    telebirr = await _paid(steps, f"t{unique}", provider=WalletProvider.TELEBIRR, receipt=None)
    assert (await steps.open_refund(_refund(telebirr))).order.receipt == ""
    mpesa = await _paid(steps, f"m{unique}", receipt=None)
    with pytest.raises(Defect) as broken:
        await steps.open_refund(_refund(mpesa))
    assert broken.value.code == "receipt_missing"
    # The receipt comes later, and with it the refund.
    await steps.record_answer(_answer(mpesa, RailStatus.SUCCEEDED, receipt="LATE567890"))
    assert (await steps.open_refund(_refund(mpesa))).order.receipt == "LATE567890"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": Money(1)}, "refund_differs"),
        ({"reason": "another"}, "refund_differs"),
        ({"attempt_id": "pln_x-i01-a1"}, "order_id_foreign"),
    ],
)
async def test_an_id_stands_for_one_refund(
    steps: PaymentsSteps, unique: str, changes: dict[str, object], code: str
) -> None:
    attempt = await _paid(steps, unique)
    command = _refund(attempt)
    await steps.open_refund(command)
    with pytest.raises(Defect) as broken:
        await steps.open_refund(replace(command, **changes))  # type: ignore[arg-type]  # any field
    assert broken.value.code == code


async def test_a_refund_that_was_never_opened_is_a_defect(
    steps: PaymentsSteps, unique: str
) -> None:
    attempt = await _paid(steps, unique)
    with pytest.raises(Defect) as broken:
        await steps.record_refund(_heard(_refund(attempt), RailStatus.SUCCEEDED))
    assert broken.value.code == "refund_missing"
    command = _refund(attempt)
    await steps.open_refund(command)
    foreign = replace(
        _heard(command, None),
        answer=RefundAnswer(refund_id="pln_x-i01-a1-r1", status=RailStatus.SUCCEEDED),
    )
    with pytest.raises(Defect) as broken:
        await steps.record_refund(foreign)
    assert broken.value.code == "answer_foreign"


async def test_collected_by_provider_is_what_came_less_what_went_back(
    steps: PaymentsSteps, payments: Database, unique: str
) -> None:
    async def now() -> dict[WalletProvider, views.Collected]:
        async with payments.read() as session:
            found = await views.collected_by_provider(session=session)
        return {each.provider: each for each in found}

    await _paid(steps, f"z{unique}")
    before = (await now())[WalletProvider.MPESA]
    attempt = await _paid(steps, unique)
    command = _refund(attempt, amount=Money(5_000))
    await steps.open_refund(command)
    await steps.record_refund(_heard(command, RailStatus.SUCCEEDED))
    after = (await now())[WalletProvider.MPESA]
    assert after.payments - before.payments == 1
    assert after.refunds - before.refunds == 1
    assert after.held - before.held == Money(20_000)
