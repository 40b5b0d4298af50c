"""Money that comes after its attempt had failed: one attempt pays, the rest is the customer's."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from activities.contracts import late_money as late
from activities.contracts import payments as p
from activities.late_money import LateMoneyActivities
from activities.payments import PaymentsActivities
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.kernel.events import read_stream, require_unbroken
from db.payments.views.credit import CreditView, awaits_money, credits_of
from meqenet.errors import Refusal
from meqenet.identity import attempt_id, installment_id, refund_id
from meqenet.money import Money
from meqenet.payments.attempts import OrderState
from meqenet.payments.late_money import MoneyPlace, Need
from meqenet.payments.rail import PaymentAnswer, RailStatus, RefundAnswer, WalletProvider
from tests.backing import Databases

AT = datetime(2026, 11, 23, 6, tzinfo=UTC)
ASKED = Money(25_000)
WHO, WHY = "stf_aaaaaaaaaaaaaaaaaaaa", "the customer paid twice"


@dataclass
class Desk:
    """One installment of a plan that is paid from an M-PESA wallet."""

    database: Database
    payments: p.PaymentsSteps
    steps: late.LateMoneySteps
    plan: str

    @property
    def parent(self) -> str:
        return installment_id(plan_id=self.plan, number=2)

    def attempt(self, number: int) -> str:
        return attempt_id(installment_id=self.parent, number=number)

    async def open(self, number: int) -> None:
        await self.payments.open_attempt(
            p.OpenAttempt(
                attempt_id=self.attempt(number),
                plan_id=self.plan,
                installment_id=self.parent,
                channel=p.Channel.PUSH,
                amount=ASKED,
                at=AT,
            )
        )

    async def hears(
        self,
        number: int,
        status: RailStatus,
        *,
        source: p.AnswerSource = p.AnswerSource.CALLBACK,
        minutes: int = 1,
    ) -> p.AttemptStanding:
        moved = status is RailStatus.SUCCEEDED
        answer = PaymentAnswer(
            order_id=self.attempt(number),
            status=status,
            receipt=f"R{number}" if moved else None,
            amount=ASKED if moved else None,
            failure_code=None if moved else "1",
            occurred_at=AT if moved else None,
        )
        return await self.payments.record_answer(
            p.RecordAnswer(
                attempt_id=self.attempt(number),
                answer=answer,
                source=source,
                at=AT + timedelta(minutes=minutes),
            )
        )

    async def tried(self, number: int, status: RailStatus) -> None:
        await self.open(number)
        await self.hears(number, status)

    async def place(self, number: int, need: Need = Need.UNDECIDED) -> MoneyPlace:
        placed = await self.steps.place_money(
            late.PlaceMoney(attempt_id=self.attempt(number), need=need, at=AT)
        )
        return placed.place

    async def settled(self) -> str | None:
        told = await self.steps.settle_installment(
            late.SettleInstallment(plan_id=self.plan, installment_id=self.parent, at=AT)
        )
        return None if told.standing is None else told.standing.attempt_id

    async def ask(self, number: int = 1) -> late.CreditReturnOpened:
        return await self.steps.ask_credit_return(
            late.AskCreditReturn(attempt_id=self.attempt(number), by=WHO, why=WHY, at=AT)
        )

    async def refund_hears(self, refund: str, status: RailStatus) -> None:
        await self.payments.record_refund(
            p.RecordRefund(
                refund_id=refund,
                answer=RefundAnswer(refund_id=refund, status=status, failure_code=None),
                at=AT,
            )
        )

    async def credits(self) -> Sequence[CreditView]:
        async with self.database.read() as session:
            return await credits_of(session=session, plan_id=self.plan)

    async def events(self, *kinds: str) -> list[str]:
        async with self.database.read() as session:
            await require_unbroken(session=session, stream=self.plan)
            stream = await read_stream(session=session, stream=self.plan)
        return [e.content.event_type for e in stream if e.content.event_type in kinds]


@pytest.fixture
async def desk(databases: Databases, keyring: Keyring, unique: str) -> Desk:
    store = databases["payments"]
    payments = PaymentsActivities(database=store, keyring=keyring)
    plan = f"pln_{unique}"
    await payments.register_wallet(
        p.RegisterWallet(
            plan_id=plan,
            provider=WalletProvider.MPESA,
            msisdn="251700000001",
            contract_no=None,
            at=AT,
        )
    )
    return Desk(store, payments, LateMoneyActivities(database=store, keyring=keyring), plan)


async def test_money_that_comes_after_another_attempt_has_paid_is_credit_once(desk: Desk) -> None:
    await desk.tried(1, RailStatus.FAILED)
    await desk.tried(2, RailStatus.SUCCEEDED)
    for turn, source in enumerate(
        (p.AnswerSource.CALLBACK, p.AnswerSource.QUERY, p.AnswerSource.STATEMENT, "callback")
    ):
        standing = await desk.hears(
            1, RailStatus.SUCCEEDED, source=p.AnswerSource(source), minutes=5 + turn
        )
        assert (standing.state, standing.cause) == (p.AttemptState.SUCCEEDED, None)
        assert await desk.place(1, Need.OVER) is MoneyPlace.SURPLUS
    (credit,) = await desk.credits()
    assert (credit.attempt_id, credit.amount, credit.provider) == (
        desk.attempt(1),
        ASKED,
        WalletProvider.MPESA,
    )
    assert (credit.since, credit.receipt) == (AT + timedelta(minutes=5), "R1")
    assert await desk.events("surplus_received", "finding_made") == ["surplus_received"]
    assert await desk.settled() == desk.attempt(2)
    with pytest.raises(Refusal, match="has been paid"):
        await desk.open(3)


async def test_while_another_attempt_is_open_its_end_decides(desk: Desk) -> None:
    await desk.tried(1, RailStatus.FAILED)
    await desk.open(2)
    assert (await desk.hears(1, RailStatus.SUCCEEDED)).state is p.AttemptState.FAILED
    for need in Need:
        assert await desk.place(1, need) is MoneyPlace.WAITS
    assert await desk.settled() is None
    assert await desk.credits() == ()
    await desk.hears(2, RailStatus.SUCCEEDED)
    assert await desk.place(1) is MoneyPlace.SURPLUS
    assert await desk.settled() == desk.attempt(2)
    assert [each.attempt_id for each in await desk.credits()] == [desk.attempt(1)]


async def test_late_money_pays_an_installment_that_is_still_owed(desk: Desk) -> None:
    await desk.tried(1, RailStatus.FAILED)
    await desk.tried(2, RailStatus.FAILED)
    await desk.hears(1, RailStatus.SUCCEEDED)
    assert await desk.place(1) is MoneyPlace.WAITS
    for _ in range(2):
        assert await desk.settled() == desk.attempt(1)
    assert await desk.place(1) is MoneyPlace.INSTALLMENT
    await desk.hears(2, RailStatus.SUCCEEDED)
    assert [each.attempt_id for each in await desk.credits()] == [desk.attempt(2)]
    assert await desk.events("attempt_succeeded", "surplus_received") == [
        "attempt_succeeded",
        "attempt_succeeded",
        "surplus_received",
    ]


async def test_whoever_asks_at_once_one_attempt_pays_and_one_is_credit(desk: Desk) -> None:
    for number in (1, 2):
        await desk.tried(number, RailStatus.FAILED)
    for number in (1, 2):
        await desk.hears(number, RailStatus.SUCCEEDED)
    found = await asyncio.gather(
        *(desk.settled() for _ in range(4)), *(desk.place(number) for number in (1, 2, 1, 2))
    )
    assert set(found[:4]) == {desk.attempt(1)}
    assert await desk.place(2) is MoneyPlace.SURPLUS
    assert await desk.events("surplus_received") == ["surplus_received"]


async def test_what_a_plan_that_is_over_does_not_take_is_credit(desk: Desk) -> None:
    await desk.tried(1, RailStatus.FAILED)
    async with desk.database.read() as session:
        assert await awaits_money(session=session, attempt_id=desk.attempt(1))
        assert not await awaits_money(session=session, attempt_id=desk.attempt(9))
        assert not await awaits_money(session=session, attempt_id="no-order")
    assert await desk.place(1, Need.OVER) is MoneyPlace.NOWHERE
    await desk.hears(1, RailStatus.SUCCEEDED)
    assert await desk.place(1, Need.OVER) is MoneyPlace.SURPLUS
    assert await desk.settled() is None


@pytest.mark.parametrize(
    "change",
    ["surplus_at = NULL", "surplus_at = now()", "state = 'failed', cause = 'no_funds'"],
)
async def test_the_database_itself_keeps_a_surplus(desk: Desk, change: str) -> None:
    await desk.tried(1, RailStatus.FAILED)
    await desk.tried(2, RailStatus.SUCCEEDED)
    await desk.hears(1, RailStatus.SUCCEEDED)
    statement = text(f"UPDATE attempts SET {change} WHERE attempt_id = :id")  # noqa: S608 - constants
    with pytest.raises(IntegrityError, match=r"a surplus stays one|is final"):
        async with desk.database.write() as session:
            await session.execute(statement, {"id": desk.attempt(1)})


async def test_credit_goes_back_once_and_again_only_after_a_refusal(desk: Desk) -> None:
    await desk.tried(1, RailStatus.FAILED)
    await desk.tried(2, RailStatus.SUCCEEDED)
    for number in (1, 2, 3):
        with pytest.raises(Refusal) as refused:
            await desk.ask(number)
        assert refused.value.code == "credit_unknown"
    await desk.hears(1, RailStatus.SUCCEEDED)
    first = refund_id(attempt_id=desk.attempt(1), number=1)
    asked = await asyncio.gather(*(desk.ask() for _ in range(5)))
    assert {each.refund_id for each in asked} == {first}
    assert [each.is_new for each in asked].count(True) == 1
    await desk.refund_hears(first, RailStatus.FAILED)
    second = await desk.ask()
    assert (second.refund_id, second.is_new) == (f"{desk.attempt(1)}-r2", True)
    await desk.refund_hears(second.refund_id, RailStatus.SUCCEEDED)
    over = await desk.ask()
    assert (over.refund_id, over.is_new, over.is_returned) == (second.refund_id, False, True)
    (credit,) = await desk.credits()
    assert (credit.refund, credit.returned_at) == (OrderState.SUCCEEDED, AT)
    assert await desk.events("credit_return_asked") == ["credit_return_asked"] * 2
