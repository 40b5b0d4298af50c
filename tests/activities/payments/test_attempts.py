import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from activities.contracts.payments import (
    AnswerSource,
    AttemptOpened,
    AttemptStanding,
    AttemptState,
    Channel,
    OpenAttempt,
    PaymentsSteps,
    RecordAnswer,
    RegisterWallet,
)
from activities.payments import PaymentsActivities
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.kernel.events import read_stream, require_unbroken
from db.payments import views
from db.payments.policies import query_times_on
from meqenet.errors import Defect, Refusal
from meqenet.identity import attempt_id, installment_id
from meqenet.money import Money
from meqenet.payments.attempts import Finding
from meqenet.payments.rail import PaymentAnswer, RailStatus, WalletProvider
from tests.backing import Databases

_AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
_MSISDN = "251700000001"
_ASKED = Money(25_000)
_STANDING = partial(AttemptStanding, provider=WalletProvider.MPESA)


@pytest.fixture
def payments(databases: Databases) -> Database:
    return databases["payments"]


@pytest.fixture
def steps(payments: Database, keyring: Keyring) -> PaymentsSteps:
    return PaymentsActivities(database=payments, keyring=keyring)


@pytest.fixture
async def plan_id(steps: PaymentsSteps, unique: str) -> str:
    """A plan that is paid from an M-PESA wallet."""
    plan = f"pln_{unique}"
    await steps.register_wallet(
        RegisterWallet(
            plan_id=plan,
            provider=WalletProvider.MPESA,
            msisdn=_MSISDN,
            contract_no=None,
            at=_AT,
        )
    )
    return plan


def _open(plan_id: str, *, attempt: int = 1, installment: int = 1) -> OpenAttempt:
    parent = installment_id(plan_id=plan_id, number=installment)
    return OpenAttempt(
        attempt_id=attempt_id(installment_id=parent, number=attempt),
        plan_id=plan_id,
        installment_id=parent,
        channel=Channel.PUSH,
        amount=_ASKED,
        at=_AT,
    )


def _said(status: RailStatus, order: OpenAttempt, *, minutes: int = 1) -> RecordAnswer:
    """What the provider says of the attempt, some minutes later."""
    succeeded, failed = status is RailStatus.SUCCEEDED, status is RailStatus.FAILED
    return RecordAnswer(
        attempt_id=order.attempt_id,
        answer=PaymentAnswer(
            order_id=order.attempt_id,
            status=status,
            provider_reference=f"ws_CO_{order.attempt_id}",
            receipt="ABC123DEF4" if succeeded else None,
            amount=_ASKED if succeeded else None,
            failure_code="1" if failed else None,
            occurred_at=_AT + timedelta(seconds=30) if succeeded else None,
        ),
        source=AnswerSource.CALLBACK,
        at=_AT + timedelta(minutes=minutes),
    )


async def _everything(payments: Database, plan_id: str) -> dict[str, list[str]]:
    """All rows of a plan, to be compared before and after."""
    found = {}
    async with payments.read() as session:
        for table, column in (
            ("wallets", "plan_id"),
            ("mandates", "plan_id"),
            ("attempts", "plan_id"),
            ("refunds", "plan_id"),
            ("answers", "plan_id"),
            ("events", "stream"),
        ):
            rows = await session.scalars(
                text(f"SELECT t::text FROM {table} t WHERE {column} = :plan ORDER BY 1"),  # noqa: S608 - constants
                {"plan": plan_id},
            )
            found[table] = list(rows)
    return found


async def test_an_attempt_is_opened_with_what_the_call_needs(
    steps: PaymentsSteps, payments: Database, plan_id: str
) -> None:
    command = _open(plan_id)
    async with payments.read() as session:
        questions = await query_times_on(session=session, day=_AT.date())
    assert await steps.open_attempt(command) == AttemptOpened(
        attempt_id=command.attempt_id,
        provider=WalletProvider.MPESA,
        msisdn=_MSISDN,
        contract_no=None,
        state=AttemptState.CREATED,
        provider_reference=None,
        standing=_STANDING(attempt_id=command.attempt_id, state=AttemptState.CREATED),
        questions=questions,
    )


async def test_opened_again_it_is_given_as_it_stands(
    steps: PaymentsSteps, payments: Database, plan_id: str
) -> None:
    command = _open(plan_id)
    first = await steps.open_attempt(command)
    standing = await steps.record_answer(_said(RailStatus.PENDING, command))
    before = await _everything(payments, plan_id)
    again = await steps.open_attempt(replace(command, at=_AT + timedelta(hours=1)))
    assert (again.state, again.standing) == (AttemptState.PENDING, standing)
    assert (again.msisdn, again.provider_reference) == (first.msisdn, f"ws_CO_{again.attempt_id}")
    assert await _everything(payments, plan_id) == before


async def test_opened_by_many_at_once_it_is_one(
    steps: PaymentsSteps, payments: Database, plan_id: str
) -> None:
    opened = await asyncio.gather(*(steps.open_attempt(_open(plan_id)) for _ in range(6)))
    assert len(set(opened)) == 1
    assert len((await _everything(payments, plan_id))["events"]) == 1


async def test_of_many_different_attempts_at_once_one_is_opened(
    steps: PaymentsSteps, payments: Database, plan_id: str
) -> None:
    outcomes = await asyncio.gather(
        *(steps.open_attempt(_open(plan_id, attempt=number)) for number in range(1, 7)),
        return_exceptions=True,
    )
    refused = [each.code for each in outcomes if isinstance(each, Refusal)]
    assert refused == ["attempt_open"] * 5
    assert len((await _everything(payments, plan_id))["attempts"]) == 1


async def test_no_second_attempt_while_one_is_open_or_once_one_has_succeeded(
    steps: PaymentsSteps, payments: Database, plan_id: str
) -> None:
    first, second = _open(plan_id), _open(plan_id, attempt=2)
    await steps.open_attempt(first)
    for status, code in ((None, "attempt_open"), (RailStatus.SUCCEEDED, "installment_paid")):
        if status is not None:
            await steps.record_answer(_said(status, first))
        before = await _everything(payments, plan_id)
        with pytest.raises(Refusal) as refused:
            await steps.open_attempt(second)
        assert refused.value.code == code
        assert await _everything(payments, plan_id) == before


async def test_after_a_failure_and_for_another_installment_there_is_a_new_attempt(
    steps: PaymentsSteps, plan_id: str
) -> None:
    first = _open(plan_id)
    await steps.open_attempt(first)
    await steps.record_answer(_said(RailStatus.FAILED, first))
    assert (await steps.open_attempt(_open(plan_id, attempt=2))).state is AttemptState.CREATED
    assert (await steps.open_attempt(_open(plan_id, installment=2))).state is AttemptState.CREATED


async def test_the_database_itself_refuses_a_second_open_attempt_and_a_second_success(
    steps: PaymentsSteps, payments: Database, plan_id: str
) -> None:
    command = _open(plan_id)
    await steps.open_attempt(command)
    copy = text(
        """
        INSERT INTO attempts (plan_id, attempt_id, installment_id, channel, provider,
            asked_santim, state, moved_santim, moved_at, opened_at, changed_at, is_part)
        SELECT plan_id, attempt_id || '0', installment_id, channel, provider,
            asked_santim, state, moved_santim, moved_at, opened_at, changed_at, is_part
        FROM attempts WHERE plan_id = :plan
        """
    )
    for status, index in (
        (RailStatus.PENDING, "uq_attempts_one_open"),
        (RailStatus.SUCCEEDED, "uq_attempts_one_pays"),
    ):
        await steps.record_answer(_said(status, command))
        with pytest.raises(IntegrityError, match=index):
            await _run(payments, copy.text, plan=plan_id)


async def _run(payments: Database, statement: str, **values: str) -> None:
    async with payments.write() as session:
        await session.execute(text(statement), values)


@pytest.mark.parametrize(
    ("statement", "refused_as"),
    [
        ("UPDATE attempts SET state = 'created', cause = NULL WHERE plan_id = :plan", "is final"),
        ("UPDATE attempts SET moved_santim = 1 WHERE plan_id = :plan", "ck_attempts"),
        ("DELETE FROM attempts WHERE plan_id = :plan", "permission denied"),
        ("UPDATE answers SET status = NULL WHERE plan_id = :plan", "permission denied"),
        ("DELETE FROM answers WHERE plan_id = :plan", "permission denied"),
        ("UPDATE wallets SET provider = 'mpesa' WHERE plan_id = :plan", "permission denied"),
        ("DELETE FROM wallets WHERE plan_id = :plan", "permission denied"),
        ("DELETE FROM callbacks", "permission denied"),
    ],
)
async def test_the_database_itself_keeps_what_is_known(
    steps: PaymentsSteps, payments: Database, plan_id: str, statement: str, refused_as: str
) -> None:
    command = _open(plan_id)
    await steps.open_attempt(command)
    await steps.record_answer(_said(RailStatus.FAILED, command))
    before = await _everything(payments, plan_id)
    with pytest.raises((IntegrityError, ProgrammingError), match=refused_as):
        await _run(payments, statement, plan=plan_id)
    assert await _everything(payments, plan_id) == before


async def test_success_is_told_once_and_stays(
    steps: PaymentsSteps, payments: Database, plan_id: str
) -> None:
    command = _open(plan_id)
    await steps.open_attempt(command)
    said = _said(RailStatus.SUCCEEDED, command)
    standing = _STANDING(
        attempt_id=command.attempt_id,
        state=AttemptState.SUCCEEDED,
        receipt="ABC123DEF4",
        amount=_ASKED,
        succeeded_at=_AT + timedelta(seconds=30),
    )
    assert await steps.record_answer(said) == standing
    before = await _everything(payments, plan_id)
    assert await steps.record_answer(said) == standing
    assert await _everything(payments, plan_id) == before
    async with payments.read() as session:
        events = await read_stream(session=session, stream=plan_id)
        await require_unbroken(session=session, stream=plan_id)
    assert [event.content.event_type for event in events] == [
        "attempt_opened",
        "attempt_succeeded",
    ]


async def test_a_failure_names_its_cause(steps: PaymentsSteps, plan_id: str) -> None:
    command = _open(plan_id)
    await steps.open_attempt(command)
    assert await steps.record_answer(_said(RailStatus.FAILED, command)) == _STANDING(
        attempt_id=command.attempt_id, state=AttemptState.FAILED, cause="no_funds", retryable=True
    )


async def test_an_unknown_outcome_and_an_unknown_order(steps: PaymentsSteps, plan_id: str) -> None:
    command = _open(plan_id)
    await steps.open_attempt(command)
    sent = RecordAnswer(
        attempt_id=command.attempt_id, answer=None, source=AnswerSource.CALL, at=_AT
    )
    not_found = _said(RailStatus.NOT_FOUND, command)
    # Under a test clock that stands still the same words come at the same time, and count.
    for _ in range(2):
        assert (await steps.record_answer(sent)).state is AttemptState.UNKNOWN
        assert (await steps.record_answer(not_found)).state is AttemptState.CREATED


@pytest.mark.parametrize(
    ("before", "late", "finding"),
    [
        (RailStatus.FAILED, RailStatus.SUCCEEDED, Finding.MONEY_AFTER_FAILURE),
        (RailStatus.SUCCEEDED, RailStatus.FAILED, Finding.FAILURE_AFTER_MONEY),
        (RailStatus.SUCCEEDED, RailStatus.NOT_FOUND, Finding.FAILURE_AFTER_MONEY),
        (RailStatus.PENDING, RailStatus.NOT_FOUND, Finding.FORGOTTEN),
    ],
)
async def test_a_late_word_that_contradicts_is_kept_as_a_finding(
    steps: PaymentsSteps,
    payments: Database,
    plan_id: str,
    before: RailStatus,
    late: RailStatus,
    finding: Finding,
) -> None:
    command = _open(plan_id)
    await steps.open_attempt(command)
    known = await steps.record_answer(_said(before, command))
    for _ in range(2):
        assert await steps.record_answer(_said(late, command, minutes=9)) == known
    async with payments.read() as session:
        found = await views.findings(session=session, plan_id=plan_id)
        events = await read_stream(session=session, stream=plan_id)
    assert [(each.order_id, each.finding, each.status) for each in found] == [
        (command.attempt_id, finding, late)
    ]
    assert events[-1].content.event_type == "finding_made"


async def test_money_that_came_after_a_failure_keeps_the_installment_from_being_asked_again(
    steps: PaymentsSteps, plan_id: str
) -> None:
    command = _open(plan_id)
    await steps.open_attempt(command)
    await steps.record_answer(_said(RailStatus.FAILED, command))
    await steps.record_answer(_said(RailStatus.SUCCEEDED, command, minutes=9))
    with pytest.raises(Refusal) as refused:
        await steps.open_attempt(_open(plan_id, attempt=2))
    assert refused.value.code == "installment_paid"


async def test_another_amount_is_a_defect_and_its_evidence_stays(
    steps: PaymentsSteps, payments: Database, plan_id: str
) -> None:
    command = _open(plan_id)
    await steps.open_attempt(command)
    await steps.record_answer(_said(RailStatus.PENDING, command))
    said = _said(RailStatus.SUCCEEDED, command, minutes=2)
    assert said.answer is not None
    wrong = replace(said, answer=replace(said.answer, amount=Money(24_999)))
    for _ in range(2):
        with pytest.raises(Defect) as broken:
            await steps.record_answer(wrong)
        assert broken.value.code == "amount_differs"
    async with payments.read() as session:
        (found,) = await views.findings(session=session, plan_id=plan_id)
        (attempt,) = await views.attempts_of(session=session, plan_id=plan_id)
    assert (found.finding, found.amount) == (Finding.AMOUNT_DIFFERS, Money(24_999))
    assert attempt.state.value == "pending"


async def test_an_answer_about_another_order_is_a_defect(
    steps: PaymentsSteps, payments: Database, plan_id: str
) -> None:
    command, other = _open(plan_id), _open(plan_id, installment=2)
    await steps.open_attempt(command)
    before = await _everything(payments, plan_id)
    foreign = replace(_said(RailStatus.SUCCEEDED, other), attempt_id=command.attempt_id)
    with pytest.raises(Defect) as broken:
        await steps.record_answer(foreign)
    assert broken.value.code == "answer_foreign"
    assert await _everything(payments, plan_id) == before


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": Money(1)}, "attempt_differs"),
        ({"channel": Channel.CHECKOUT}, "attempt_differs"),
        ({"installment_id": "pln_x-i01"}, "order_id_foreign"),
        ({"attempt_id": "nonsense"}, "order_id_malformed"),
    ],
)
async def test_an_id_stands_for_one_thing(
    steps: PaymentsSteps, payments: Database, plan_id: str, changes: dict[str, object], code: str
) -> None:
    command = _open(plan_id)
    await steps.open_attempt(command)
    before = await _everything(payments, plan_id)
    with pytest.raises(Defect) as broken:
        await steps.open_attempt(replace(command, **changes))  # type: ignore[arg-type]  # any field
    assert broken.value.code == code
    assert await _everything(payments, plan_id) == before


async def test_an_attempt_needs_a_wallet_and_an_answer_needs_an_attempt(
    steps: PaymentsSteps, unique: str
) -> None:
    command = _open(f"pln_none_{unique}")
    with pytest.raises(Defect) as broken:
        await steps.open_attempt(command)
    assert broken.value.code == "wallet_missing"
    with pytest.raises(Defect) as broken:
        await steps.record_answer(_said(RailStatus.SUCCEEDED, command))
    assert broken.value.code == "attempt_missing"
