"""``meqenet ledger``, as finance meets it."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from apps.runtime.backing import Backing
from db.kernel.engine import Database
from db.ledger import holds, store, views
from meqenet.ledger.happenings import (
    CheckoutPaymentReceived,
    CustomerCreditReturned,
    InstallmentCollected,
)
from meqenet.money import Money
from tests.apps.cli.operating import Ran, meqenet
from tests.backing import Databases, own_store

_AT = datetime(2026, 3, 2, 6, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Books:
    """A ledger that nobody else writes to, and how an operator meets it."""

    url: str
    database: Database

    async def run(self, *words: str) -> Ran:
        return await meqenet("ledger", *words, MEQENET_LEDGER_DATABASE_URL=self.url)

    async def told(self, *words: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
        ran = await self.run(*words, "--json")
        assert (ran.code, ran.err) == (0, "")
        return json.loads(ran.out)

    async def receive(self, plan_id: str, *, santim: int, at: datetime = _AT) -> None:
        async with self.database.write() as session:
            await store.post(
                session=session,
                posting_id=f"{plan_id}-a1",
                happening=CheckoutPaymentReceived(
                    plan_id=plan_id, attempt_id="a1", provider="telebirr", amount=Money(santim)
                ),
                effective_at=at,
            )


@pytest_asyncio.fixture(loop_scope="session")
async def books(backing: Backing, unique: str) -> AsyncIterator[Books]:
    async with own_store(admin_url=backing.admin_url, domain="ledger", name=f"cli_{unique}") as url:
        database = Database(url=url)
        yield Books(url=url, database=database)
        await database.dispose()


async def test_balances_are_shown_as_they_are_and_as_they_were(books: Books) -> None:
    await books.receive("pln_a", santim=125_050)
    await books.receive("pln_b", santim=100, at=_AT + timedelta(days=1))
    page = await books.run("balances")
    assert (page.code, page.err) == (0, "")
    assert [line.split() for line in page.out.splitlines() if "1,251.50" in line] == [
        ["customer_deposits", "liability", "0.00", "1,251.50", "1,251.50"],
        ["provider_clearing", "asset", "1,251.50", "0.00", "1,251.50"],
        ["together", "1,251.50", "1,251.50"],
    ]
    before = await books.told("balances", "--at", "2026-03-02T09:00:00+03:00")
    assert (before["debit"], before["as_of"]["effective_until"]) == (
        "1250.50",
        "2026-03-02T06:00:00Z",
    )
    unknown = await books.told("balances", "--recorded-at", "2026-03-02T06:00:00Z")
    assert unknown["accounts"] == []
    (one,) = (await books.told("balances", "--account", "customer_deposits:pln_b"))["accounts"]
    assert one == {
        "account": "customer_deposits:pln_b",
        "type": "liability",
        "debit": "0.00",
        "credit": "1.00",
        "balance": "1.00",
    }


async def test_a_period_is_closed_once_and_late_news_count_from_then_on(books: Books) -> None:
    await books.receive("pln_a", santim=100)
    words = ("close", "--month", "2026-03", "--by", "finance-1", "--reason", "month end")
    for said, accounts in (("is closed", 2), ("was closed before", 0)):
        assert (await books.run(*words)).out == (
            f"the month 2026-03 {said}: entries count from 2026-03-31T21:00:00Z on; "
            f"{accounts} accounts summed up\n"
        )
    await books.receive("pln_b", santim=100)
    async with books.database.read() as session:
        entries = await views.entries_of(session=session, plan_id="pln_b")
    assert {entry.effective_at for entry in entries} == {datetime(2026, 3, 31, 21, tzinfo=UTC)}
    next_day = await books.told(
        "close", "--day", "2026-04-01", "--by", "finance-1", "--reason", "day end"
    )
    assert (next_day["is_new"], next_day["open_from"]) == (True, "2026-04-01T21:00:00Z")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("close", "--by", "me", "--reason", "r"), "give --day or --month"),
        (("close", "--by", "me", "--reason", "r", "--day", "23.11.2026"), "--day: must be"),
        (("close", "--by", "me", "--reason", "r", "--month", "2026-13"), "--month: must be"),
        (("close", "--by", "me", "--reason", "r", "--day", "2999-01-01"), "is not over"),
        (("close", "--by", "me", "--reason", " ", "--day", "2026-03-01"), "reason: say why"),
        (("balances", "--at", "yesterday"), "--at: must be a time with its zone"),
        (("balances", "--account", "cash"), "--account: begins with one of bank_clearing"),
        (("reverse", "pln_a", "pln_a-none", "--by", "me", "--reason", "r"), "has no posting"),
    ],
)
async def test_what_cannot_be_done_is_said_in_a_line(
    databases: Databases, words: tuple[str, ...], says: str
) -> None:
    ran = await meqenet("ledger", *words, MEQENET_LEDGER_DATABASE_URL=databases.urls["ledger"])
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err
    assert ran.err.startswith(f"meqenet ledger {words[0]}: ")
    assert ran.err.count("\n") == 1


async def test_a_posting_is_taken_back(books: Books) -> None:
    await books.receive("pln_a", santim=100)
    words = ("reverse", "pln_a", "pln_a-a1", "--by", "finance-1", "--reason", "of another plan")
    for _ in range(2):
        assert (await books.run(*words)).out == "pln_a-a1 is taken back by pln_a-a1-reversed\n"
    accounts = (await books.told("balances"))["accounts"]
    assert {line["balance"] for line in accounts} == {"0.00"}


async def test_holds_expire_when_they_are_asked_to(books: Books) -> None:
    overpaid = InstallmentCollected(
        plan_id="pln_a",
        attempt_id="a1",
        provider="telebirr",
        lender="lender-1",
        principal=Money.zero(),
        interest=Money.zero(),
        overpaid=Money(100),
    )
    back = CustomerCreditReturned(
        plan_id="pln_a", refund_id="r1", provider="telebirr", amount=Money(100)
    )
    async with books.database.write() as session:
        await store.post(
            session=session, posting_id="pln_a-a1", happening=overpaid, effective_at=_AT
        )
        await holds.place(
            session=session,
            hold_id="pln_a-r1",
            happening=back,
            placed_at=_AT,
            expires_at=_AT + timedelta(hours=1),
        )
    assert await books.told("expire-holds") == {"expired": ["pln_a-r1"]}
    assert (await books.run("expire-holds")).out == "0 holds have expired\n"
