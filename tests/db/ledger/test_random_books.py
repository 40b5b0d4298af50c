"""Random histories: whatever is asked in whatever order, the books stay right."""

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from db.kernel.engine import Database, WriteSession
from db.kernel.events import require_unbroken
from db.ledger import holds, periods, proof, reversals, snapshots, store, views
from meqenet.errors import Refusal
from meqenet.ledger import happenings as h
from meqenet.ledger.as_of import AsOf
from meqenet.ledger.periods import PeriodKind
from meqenet.money import Money
from tests.backing import fingerprint

_BEGIN = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
_STEPS = 90
_DEEDS = ("post", "post", "post", "backdate", "again", "differ", "reverse", "hold", "void")
_AT_TIMES = {8: "expire", 14: "close"}
"""What is done every few steps, whatever else chance wants."""
_SUM = """
    SELECT coalesce(sum(amount_santim) FILTER (WHERE side = 'debit'), 0),
        coalesce(sum(amount_santim) FILTER (WHERE side = 'credit'), 0)
    FROM entries JOIN transactions USING (plan_id, posting_id)
    WHERE account_code = :code AND entries.effective_at <= :effective AND recorded_at <= :recorded
"""


@dataclass(kw_only=True)
class Books:
    """A ledger, what was asked of it, and the instants that lie between."""

    ledger: Database
    chance: random.Random
    now: datetime = _BEGIN
    posted: list[tuple[str, h.Happening]] = field(default_factory=list)
    held: list[tuple[str, h.Happening]] = field(default_factory=list)
    recorded: list[datetime] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    number: int = 0
    traces: dict[str, str] | None = None
    """What stands in all tables, unless something has been done since."""

    async def step(self) -> None:
        """Ask for something; what is refused must have left no trace."""
        self.now += timedelta(minutes=self.chance.randrange(1, 300))
        self.number += 1
        deed = _AT_TIMES.get(self.number % 15) or self.chance.choice(_DEEDS)
        self.traces = self.traces or await fingerprint(self.ledger)
        refused = await self._try(deed)
        if refused or deed == "again":
            assert await fingerprint(self.ledger) == self.traces, f"{deed}: {refused}"
        else:
            self.traces = None
        if deed == "close" and not refused:
            await self._sum_up()
        self.outcomes[refused or deed] += 1
        async with self.ledger.read() as session:
            clock = await session.execute(text("SELECT clock_timestamp()"))
            self.recorded.append(clock.scalar_one())

    async def _try(self, deed: str) -> str | None:
        """Do it; the code of the refusal, if it is refused."""
        try:
            async with self.ledger.write() as session:
                await getattr(self, f"_{deed}")(session)
        except Refusal as refusal:
            return refusal.code
        return None

    def _plan(self) -> str:
        return f"pln_{self.chance.randrange(6)}"

    def _id(self, plan_id: str) -> str:
        return f"{plan_id}-n{self.number}"

    def _any(self) -> h.Happening:
        plan_id, amount = self._plan(), Money(self.chance.randrange(1, 9_000))
        common: dict[str, Any] = {"plan_id": plan_id, "provider": "telebirr", "lender": "lnd"}
        match self.chance.randrange(4):
            case 0:
                return h.PlanBecameActive(
                    plan_id=plan_id,
                    merchant_id=f"mrc_{self.chance.randrange(2)}",
                    lender="lnd",
                    amount=amount + Money(500),
                    merchant_fee=Money(200),
                    paid_at_checkout=Money.zero(),
                    protected=False,
                )
            case 1:
                return self._returned(plan_id, amount)
            case 2:
                return h.LateFeeCharged(plan_id=plan_id, lender="lnd", number=1, amount=amount)
            case _:
                return h.InstallmentCollected(
                    **common, attempt_id="a", principal=amount, interest=Money(7), overpaid=amount
                )

    def _returned(self, plan_id: str, amount: Money) -> h.Happening:
        return h.CustomerCreditReturned(
            plan_id=plan_id, refund_id="r", provider="telebirr", amount=amount
        )

    async def _put(self, session: WriteSession, at: datetime) -> None:
        happening = self._any()
        posting_id = self._id(happening.plan_id)
        await store.post(
            session=session, posting_id=posting_id, happening=happening, effective_at=at
        )
        self.posted.append((posting_id, happening))

    async def _post(self, session: WriteSession) -> None:
        await self._put(session, self.now)

    async def _backdate(self, session: WriteSession) -> None:
        await self._put(session, self.now - timedelta(hours=self.chance.randrange(1, 200)))

    async def _again(self, session: WriteSession) -> None:
        if self.posted:
            posting_id, happening = self.chance.choice(self.posted)
            await store.post(
                session=session, posting_id=posting_id, happening=happening, effective_at=self.now
            )

    async def _differ(self, session: WriteSession) -> None:
        posting_id, happening = self.chance.choice(self.posted or [("pln_0-x", self._any())])
        other = h.ProviderCharged(
            plan_id=happening.plan_id, charge_id="c", provider="telebirr", amount=Money(3)
        )
        await store.post(
            session=session, posting_id=posting_id, happening=other, effective_at=self.now
        )
        assert not self.posted, "other content under the same id was let in"

    async def _reverse(self, session: WriteSession) -> None:
        posting_id, happening = self.chance.choice(self.posted or [("pln_0-x", self._any())])
        await reversals.reverse(
            session=session,
            posting_id=self._id(happening.plan_id),
            correction=h.PostingReversed(
                plan_id=happening.plan_id,
                reverses=posting_id,
                reason="it was wrong",
                reversed_by="chance",
            ),
            effective_at=self.now,
        )

    async def _hold(self, session: WriteSession) -> None:
        plan_id = self._plan()
        happening = self._returned(plan_id, Money(self.chance.randrange(1, 5_000)))
        expires_at = self.now + timedelta(hours=self.chance.randrange(1, 90))
        await holds.place(
            session=session,
            hold_id=self._id(plan_id),
            happening=happening,
            placed_at=self.now,
            expires_at=expires_at,
        )
        self.held.append((self._id(plan_id), happening))

    async def _void(self, session: WriteSession) -> None:
        hold_id, happening = self.chance.choice(self.held or [("pln_0-x", self._any())])
        if self.chance.randrange(2):
            await store.post_held(
                session=session,
                plan_id=happening.plan_id,
                hold_id=hold_id,
                effective_at=self.now,
            )
        else:
            await holds.void(
                session=session,
                plan_id=happening.plan_id,
                hold_id=hold_id,
                reason="not wanted",
                at=self.now,
            )

    async def _expire(self, session: WriteSession) -> None:
        await holds.expire_due(session=session, at=self.now, limit=50)

    def _closing(self) -> date:
        return (self.now - timedelta(days=self.chance.randrange(1, 4))).date()

    async def _close(self, session: WriteSession) -> None:
        await periods.close_period(
            session=session,
            kind=PeriodKind.DAY,
            last_day=self._closing(),
            closed_by="chance",
            reason="day end",
            at=self.now,
        )

    async def _sum_up(self) -> None:
        async with self.ledger.write() as session:
            last = (
                await session.execute(text("SELECT max(last_day) FROM closed_periods"))
            ).scalar_one()
            await snapshots.take_snapshots(session=session, last_day=last)


@pytest.mark.parametrize("seed", [1, 2])
async def test_random_histories_keep_the_books_right(own_ledger: Database, seed: int) -> None:
    books = Books(ledger=own_ledger, chance=random.Random(seed))  # noqa: S311 - for a test's histories
    for _ in range(_STEPS):
        await books.step()
    assert {"post", "backdate", "reverse", "hold", "close", "posting_differs"} <= set(
        books.outcomes
    )
    await _require_whole(own_ledger)
    await _require_sums(books)


async def _require_whole(ledger: Database) -> None:
    """Debits are credits, each posting is told, no account is overdrawn, each snapshot is right."""
    async with ledger.read() as session:
        trial = await views.trial_balance(session=session)
        assert trial.debit == trial.credit > Money.zero()
        bad = await proof.first_bad_posting(
            session=session, plan_id=None, since=None, advance=lambda _count: None
        )
        assert bad is None
        assert await proof.first_bad_account(session=session, advance=lambda _: None) is None
        assert await proof.first_bad_snapshot(session=session) is None
        assert await session.scalar(text("SELECT count(*) FROM snapshots"))
        assert await session.scalar(
            text("SELECT count(*) FROM transactions WHERE backdated_from IS NOT NULL")
        )
        for plan in range(6):
            plan_id = f"pln_{plan}"
            await require_unbroken(session=session, stream=plan_id)
            credit = await views.balance(session=session, prefix=f"customer_credit:{plan_id}")
            pending = [
                hold.amount.santim
                for hold in await views.holds_of(session=session, plan_id=plan_id)
                if hold.ended is None
            ]
            assert sum(pending) <= credit.santim


async def _require_sums(books: Books) -> None:
    """At random points of both times a balance is the plain sum of the entries until then."""
    hours = int((books.now - _BEGIN) / timedelta(hours=1)) + 24
    for _ in range(60):
        as_of = AsOf(
            effective_until=_BEGIN + timedelta(hours=books.chance.randrange(hours)),
            recorded_until=books.chance.choice(books.recorded),
        )
        anytime = replace(as_of, recorded_until=books.recorded[-1])
        for point in (as_of, anytime):
            async with books.ledger.read() as session:
                whole = await views.trial_balance(session=session, as_of=point)
                assert whole.debit == whole.credit
                shared = await views.totals(session=session, prefix="merchant_payable", as_of=point)
                clearing = await views.totals(
                    session=session, prefix="provider_clearing:telebirr", as_of=point
                )
                for line in (*shared, *clearing):
                    plain = await session.execute(
                        text(_SUM),
                        {
                            "code": line.code,
                            "effective": point.effective_until,
                            "recorded": point.recorded_until,
                        },
                    )
                    assert (line.debit.santim, line.credit.santim) == tuple(map(int, plain.one()))
