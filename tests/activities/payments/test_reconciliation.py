"""Statements kept as they came, judged beside orders and postings, in the real store."""

import base64
import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from activities.contracts import reconciliation as r
from activities.contracts.late_money import PlaceMoney
from activities.contracts.payments import (
    AnswerSource,
    AttemptState,
    Channel,
    OpenAttempt,
    PaymentsSteps,
    RecordAnswer,
    RegisterWallet,
)
from activities.late_money import LateMoneyActivities
from activities.payments import PaymentsActivities
from activities.reconciliation import ReconciliationActivities
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.kernel.events import read_stream, require_unbroken
from db.payments import statements, views
from db.payments.reconciliation import accept_item
from meqenet.errors import Refusal
from meqenet.identity import attempt_id, installment_id, plan_id, wire_id
from meqenet.money import Money
from meqenet.payments.late_money import MoneyPlace, Need
from meqenet.payments.rail import PaymentAnswer, RailStatus, WalletProvider
from meqenet.payments.reconciliation import Order
from meqenet.payments.statement_document import StatementForm
from tests.backing import Databases

AT = datetime(2026, 11, 26, 1, tzinfo=UTC)
ASKED = Money.from_birr(250)
PENDING_HOURS = 36


@dataclass
class Desk:
    """A plan paid from M-PESA, and a day's statement that no other test has."""

    database: Database
    keyring: Keyring
    payments: PaymentsSteps
    steps: r.ReconciliationSteps
    plan: str
    day: date
    attempts: int = 0

    async def attempt(self, status: RailStatus | None) -> str:
        """An attempt of another installment, of which the provider has said this."""
        self.attempts += 1
        parent = installment_id(plan_id=self.plan, number=self.attempts)
        order_id = attempt_id(installment_id=parent, number=1)
        await self.payments.open_attempt(
            OpenAttempt(
                attempt_id=order_id,
                plan_id=self.plan,
                installment_id=parent,
                channel=Channel.PUSH,
                amount=ASKED,
                at=AT,
            )
        )
        if status is not None:
            await self.hears(order_id, status)
        return order_id

    async def hears(
        self, order_id: str, status: RailStatus, *, source: AnswerSource = AnswerSource.QUERY
    ) -> None:
        failed = status is RailStatus.FAILED
        answer = PaymentAnswer(
            order_id=order_id, status=status, failure_code="1" if failed else None
        )
        await self.payments.record_answer(
            RecordAnswer(attempt_id=order_id, answer=answer, source=source, at=AT)
        )

    async def keep(self, *rows: tuple[str, str, str]) -> r.StatementKept:
        """A statement of payments: line, order, birr."""
        lines = ["id,at,kind,reference,receipt,amount,charge"]
        lines += [
            f"{line},{self.day}T10:00:00+03:00,payment,{wire_id(meqenet_id=order)},,{birr},0.00"
            for line, order, birr in rows
        ]
        packed = base64.b64encode(zlib.compress("\r\n".join(lines).encode())).decode()
        return await self.steps.keep_statement(
            r.KeepStatement(
                provider="mpesa",
                day=self.day,
                document=r.FetchedStatement(form=StatementForm.CSV, packed=packed),
                source="provider",
                at=AT,
            )
        )

    async def orders(self) -> tuple[Order, ...]:
        parents = [installment_id(plan_id=self.plan, number=n + 1) for n in range(self.attempts)]
        keys = tuple(wire_id(meqenet_id=f"{parent}-a1") for parent in parents)
        found = await self.steps.find_orders(r.FindOrders(provider="mpesa", keys=keys))
        return found.orders

    async def judge(
        self, *posted: str, hours: int = 1, unknown: tuple[str, ...] = ()
    ) -> tuple[r.FoundPayment, ...]:
        """Judge all of the plan, so long after its orders have moved."""
        orders = await self.orders()
        moved = [order.moved_since for order in orders if order.moved_since is not None]
        judged = await self.steps.judge_keys(
            r.JudgeKeys(
                provider="mpesa",
                keys=(*(order.key for order in orders), *unknown),
                orders=orders,
                posted=dict.fromkeys(posted, ASKED),
                at=max(moved, default=AT) + timedelta(hours=hours),
                pending_hours_max=PENDING_HOURS,
            )
        )
        return judged.found

    async def verdicts(self) -> dict[str, str]:
        """How the day's lines stand, by the provider's name of the line."""
        async with self.database.read() as session:
            lines = await views.lines_of_day(session=session, provider="mpesa", day=self.day)
        return {line.item_id.rpartition(f"{self.day:%Y%m%d}-")[2]: line.verdict for line in lines}

    def item(self, line: str) -> str:
        return statements.line_item(provider="mpesa", day=self.day, line_id=line)

    async def told(self, item_id: str) -> list[str]:
        """The events of a difference."""
        stream = f"difference-{item_id}"
        async with self.database.read() as session:
            found = await read_stream(session=session, stream=stream)
            await require_unbroken(session=session, stream=stream)
        return [event.content.event_type for event in found]

    async def is_open(self, item_id: str) -> bool:
        async with self.database.read() as session:
            found = await views.open_items(session=session, provider="mpesa")
        return item_id in {item.item_id for item in found}

    async def accept(self, item_id: str) -> None:
        async with self.database.write() as session:
            await accept_item(session=session, item_id=item_id, by="st_1", reason="on paper", at=AT)


@pytest.fixture
async def desk(databases: Databases, keyring: Keyring, unique: str) -> Desk:
    database = databases["payments"]
    payments: PaymentsSteps = PaymentsActivities(database=database, keyring=keyring)
    plan = plan_id(merchant_id=unique, reference="reconciled")
    await payments.register_wallet(
        RegisterWallet(
            plan_id=plan,
            provider=WalletProvider.MPESA,
            msisdn="251700000001",
            contract_no=None,
            at=AT,
        )
    )
    return Desk(
        database=database,
        keyring=keyring,
        payments=payments,
        steps=ReconciliationActivities(database=database, keyring=keyring),
        plan=plan,
        day=date(1900, 1, 1) + timedelta(days=int(unique, 16) % 40_000),
    )


async def test_a_day_is_kept_once_and_other_content_is_another_version(desk: Desk) -> None:
    order = await desk.attempt(RailStatus.SUCCEEDED)
    first = await desk.keep(("1", order, "250.00"))
    again = await desk.keep(("1", order, "250.00"))
    other = await desk.keep(("1", order, "251.00"))
    assert (first.version, first.is_new, first.line_count) == (1, True, 1)
    assert (again.version, again.is_new) == (1, False)
    assert (other.version, other.is_new) == (2, True)
    async with desk.database.read() as session:
        contents = [
            await statements.read_content(
                session=session,
                keyring=desk.keyring,
                provider="mpesa",
                day=desk.day,
                version=version,
            )
            for version in (1, 2)
        ]
        stream = statements.stream_of(provider="mpesa", day=desk.day)
        told = await read_stream(session=session, stream=stream)
    assert b"250.00" in contents[0]
    assert b"251.00" in contents[1]
    assert [event.content.event_type for event in told] == ["statement_received"] * 2


async def test_what_all_three_have_is_matched_and_told_to_nobody(desk: Desk) -> None:
    order = await desk.attempt(RailStatus.SUCCEEDED)
    await desk.keep(("1", order, "250.00"))
    assert await desk.judge(order) == ()
    assert await desk.verdicts() == {"1": "matched"}
    assert await desk.told(desk.item("1")) == []
    assert not await desk.is_open(order)


async def test_the_same_judgement_again_is_not_kept_again(desk: Desk) -> None:
    order = await desk.attempt(RailStatus.SUCCEEDED)
    await desk.keep(("1", order, "251.00"))
    for _ in range(3):
        await desk.judge(order)
    async with desk.database.read() as session:
        history = await views.history_of(session=session, item_id=desk.item("1"))
    assert [each.verdict for each in history] == ["amount_differs"]


async def test_an_expected_order_ages_alarms_and_is_settled_by_a_late_line(desk: Desk) -> None:
    order = await desk.attempt(RailStatus.SUCCEEDED)
    (moved,) = await desk.orders()
    assert moved.moved_since is not None
    await desk.steps.expect_moved(r.ExpectMoved(provider="mpesa", since=moved.moved_since, at=AT))
    await desk.judge(order, hours=PENDING_HOURS - 1)
    assert not await desk.is_open(order)
    await desk.judge(order, hours=PENDING_HOURS)
    assert await desk.is_open(order)
    await desk.keep(("1", order, "250.00"))
    await desk.judge(order, hours=PENDING_HOURS + 1)
    assert await desk.verdicts() == {"1": "matched"}
    assert await desk.told(order) == ["difference_found", "difference_settled"]


@pytest.mark.parametrize("status", [None, RailStatus.PENDING])
async def test_money_of_an_open_order_is_found_and_resolves_it(
    desk: Desk, status: RailStatus | None
) -> None:
    order = await desk.attempt(status)
    await desk.keep(("1", order, "250.00"))
    for _ in range(2):
        (found,) = await desk.judge()
        assert (found.order_id, found.amount) == (order, ASKED)
    assert await desk.verdicts() == {"1": "missing_here"}
    await desk.hears(order, RailStatus.SUCCEEDED, source=AnswerSource.STATEMENT)
    assert await desk.judge(order) == ()
    assert await desk.verdicts() == {"1": "matched"}
    assert await desk.told(desk.item("1")) == ["difference_found", "difference_settled"]


async def test_money_of_a_failed_order_is_told_until_it_counts_and_is_posted(desk: Desk) -> None:
    order = await desk.attempt(RailStatus.FAILED)
    await desk.keep(("1", order, "250.00"))
    for _ in range(2):
        (found,) = await desk.judge()
        assert found.order_id == order
    assert await desk.is_open(desk.item("1"))
    standing = await desk.payments.record_answer(
        RecordAnswer(
            attempt_id=order,
            answer=PaymentAnswer(order_id=order, status=RailStatus.SUCCEEDED, amount=ASKED),
            source=AnswerSource.STATEMENT,
            at=AT,
        )
    )
    assert standing.state is AttemptState.FAILED
    async with desk.database.read() as session:
        findings = await views.findings(session=session, plan_id=desk.plan)
    assert [each.finding for each in findings] == ["money_after_failure"]
    late = LateMoneyActivities(database=desk.database, keyring=desk.keyring)
    placed = await late.place_money(PlaceMoney(attempt_id=order, need=Need.OVER, at=AT))
    assert placed.place is MoneyPlace.SURPLUS
    (unposted,) = await desk.judge(hours=PENDING_HOURS)
    assert unposted.order_id == order
    assert await desk.judge(order) == ()
    assert await desk.verdicts() == {"1": "matched"}
    assert not await desk.is_open(desk.item("1"))


async def test_each_line_ends(desk: Desk) -> None:
    paid, other, unlisted = [await desk.attempt(RailStatus.SUCCEEDED) for _ in range(3)]
    failed = await desk.attempt(RailStatus.FAILED)
    stranger = attempt_id(
        installment_id=installment_id(
            plan_id=plan_id(merchant_id="x", reference=desk.plan), number=1
        ),
        number=1,
    )
    await desk.keep(
        ("1", paid, "250.00"),
        ("2", paid, "250.00"),
        ("3", other, "249.00"),
        ("4", failed, "250.00"),
        ("5", stranger, "250.00"),
    )
    posted = (paid, other, unlisted)
    await desk.judge(*posted, hours=PENDING_HOURS, unknown=(wire_id(meqenet_id=stranger),))
    assert await desk.verdicts() == {
        "1": "matched",
        "2": "duplicate",
        "3": "amount_differs",
        "4": "missing_here",
        "5": "missing_here",
    }
    assert await desk.is_open(unlisted)
    finished = await desk.steps.finish_day(
        r.FinishDay(provider="mpesa", day=desk.day, version=1, at=AT)
    )
    assert finished.line_counts == {
        "matched": 1,
        "duplicate": 1,
        "amount_differs": 1,
        "missing_here": 2,
    }


async def test_a_newer_statement_takes_back_what_an_older_one_said(desk: Desk) -> None:
    kept, dropped = [await desk.attempt(RailStatus.SUCCEEDED) for _ in range(2)]
    await desk.keep(("1", kept, "251.00"), ("2", dropped, "250.00"))
    await desk.judge(kept, dropped)
    assert await desk.verdicts() == {"1": "amount_differs", "2": "matched"}
    await desk.keep(("1", kept, "250.00"))
    await desk.judge(kept, dropped, hours=PENDING_HOURS)
    assert await desk.verdicts() == {"1": "matched"}
    assert await desk.is_open(dropped)
    async with desk.database.read() as session:
        history = await views.history_of(session=session, item_id=desk.item("2"))
    assert [each.verdict for each in history][-1] == "withdrawn"


async def test_a_person_closes_a_difference_and_runs_leave_it_closed(desk: Desk) -> None:
    order = await desk.attempt(RailStatus.SUCCEEDED)
    await desk.keep(("1", order, "251.00"))
    await desk.judge(order)
    assert await desk.is_open(desk.item("1"))
    await desk.accept(desk.item("1"))
    await desk.judge(order)
    assert not await desk.is_open(desk.item("1"))
    assert not await desk.is_open(order)
    async with desk.database.read() as session:
        history = await views.history_of(session=session, item_id=desk.item("1"))
    last = history[-1]
    assert (last.because, last.judged_by, last.reason) == ("accepted", "st_1", "on paper")
    assert await desk.told(desk.item("1")) == ["difference_found", "difference_settled"]
    with pytest.raises(Refusal, match="accepted by st_1"):
        await desk.accept(desk.item("1"))


async def test_there_is_nothing_to_accept_where_all_agree_or_nothing_is(desk: Desk) -> None:
    order = await desk.attempt(RailStatus.SUCCEEDED)
    await desk.keep(("1", order, "250.00"))
    await desk.judge(order)
    with pytest.raises(Refusal, match="is matched: nothing to accept"):
        await desk.accept(desk.item("1"))
    with pytest.raises(Refusal, match="there is no such line"):
        await desk.accept(desk.item("2"))


async def test_days_without_the_statement_of_the_whole_day_are_due(desk: Desk, unique: str) -> None:
    async def due(until: date) -> list[int]:
        found = await desk.steps.find_days_due(r.FindDaysDue(provider=unique, until=until))
        return [day.day for day in found.days]

    async def keep(day: date, *, at: datetime) -> None:
        async with desk.database.write() as session:
            await statements.keep_statement(
                session=session,
                keyring=desk.keyring,
                provider=unique,
                day=day,
                form=StatementForm.JSON,
                content=b"[]",
                source="provider",
                at=at,
            )

    assert await due(date(2026, 11, 25)) == [25]
    midnight = datetime(2026, 11, 23, 21, tzinfo=UTC)
    await keep(date(2026, 11, 23), at=midnight)
    assert await due(date(2026, 11, 25)) == [24, 25]
    await keep(date(2026, 11, 24), at=midnight + timedelta(days=1, microseconds=-1))
    assert await due(date(2026, 11, 25)) == [24, 25]
