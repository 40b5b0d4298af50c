"""Posting in a transaction of its own: in one round trip, and the same in every way."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from db.kernel.engine import Database
from db.kernel.events import require_unbroken
from db.ledger import periods, store, views
from meqenet.errors import Refusal, Unavailable
from meqenet.ledger import happenings as h
from meqenet.ledger.holds import HoldState, protection_id
from meqenet.ledger.periods import PeriodKind
from meqenet.money import Money
from tests.backing import fingerprint

_AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.fixture
def received(plan_id: str) -> h.CheckoutPaymentReceived:
    return h.CheckoutPaymentReceived(
        plan_id=plan_id, attempt_id=f"{plan_id}-a1", provider="telebirr", amount=Money(25_000)
    )


async def _post(ledger: Database, posting_id: str, happening: h.Happening) -> None:
    await store.post_alone(
        database=ledger, posting_id=posting_id, happening=happening, effective_at=_AT
    )


async def test_it_is_posted_once_however_many_ask(
    ledger: Database, plan_id: str, received: h.CheckoutPaymentReceived
) -> None:
    async def beside() -> None:
        async with ledger.write() as session:
            await store.post(
                session=session,
                posting_id=f"{plan_id}-a1",
                happening=received,
                effective_at=_AT,
            )

    await asyncio.gather(*(_post(ledger, f"{plan_id}-a1", received) for _ in range(4)), beside())
    before = await fingerprint(ledger)
    await _post(ledger, f"{plan_id}-a1", received)
    with pytest.raises(Refusal) as refused:
        await _post(ledger, f"{plan_id}-a1", replace(received, amount=Money(1)))
    assert refused.value.code == "posting_differs"
    assert await fingerprint(ledger) == before
    async with ledger.read() as session:
        entries = await views.entries_of(session=session, plan_id=plan_id)
        await require_unbroken(session=session, stream=plan_id)
    assert len(entries) == 2


async def test_what_is_told_of_late_counts_from_the_first_open_instant_on(
    own_ledger: Database, plan_id: str, received: h.CheckoutPaymentReceived
) -> None:
    async with own_ledger.write() as session:
        await periods.close_period(
            session=session,
            kind=PeriodKind.DAY,
            last_day=date(2026, 11, 23),
            closed_by="finance-1",
            reason="day end",
            at=_AT + timedelta(days=2),
        )
    await _post(own_ledger, f"{plan_id}-a1", received)
    async with own_ledger.read() as session:
        entries = await views.entries_of(session=session, plan_id=plan_id)
    open_from = datetime(2026, 11, 23, 21, tzinfo=UTC)
    assert {(e.effective_at, e.backdated_from) for e in entries} == {(open_from, _AT)}


async def test_holds_are_placed_and_ended_as_ever(ledger: Database, plan_id: str) -> None:
    active = h.PlanBecameActive(
        plan_id=plan_id,
        merchant_id=f"mrc_{plan_id}",
        lender="lender-1",
        amount=Money(100_000),
        merchant_fee=Money(2_500),
        paid_at_checkout=Money.zero(),
        protected=True,
    )
    ended = h.ProtectionEnded(plan_id=plan_id, merchant_id=active.merchant_id, amount=Money(97_500))
    hold_id = protection_id(plan_id=plan_id)
    for _ in range(2):
        await _post(ledger, f"{plan_id}-activation", active)
        await _post(ledger, hold_id, ended)
    async with ledger.read() as session:
        (hold,) = await views.holds_of(session=session, plan_id=plan_id)
    assert hold.ended is not None
    assert hold.ended.state is HoldState.POSTED


async def test_a_statement_alone_commits_or_leaves_nothing(ledger: Database, plan_id: str) -> None:
    wrong = (
        "WITH t AS (INSERT INTO transactions (plan_id, posting_id, kind, happening, content_hash, "
        "effective_at) VALUES ($1, $1 || '-x', 'x', '{\"kind\": \"x\"}', sha256('x'), now()) "
        "RETURNING 1 AS one) SELECT one FROM t"
    )
    before = await fingerprint(ledger)
    with pytest.raises(IntegrityError, match="debit 0 and credit 0"):
        await ledger.write_alone(statement=wrong, arguments=(plan_id,))
    with pytest.raises(Unavailable):
        await ledger.write_alone(
            statement="SELECT pg_terminate_backend(pg_backend_pid())", arguments=()
        )
    assert (await ledger.write_alone(statement="SELECT 1 AS one", arguments=())).one == 1
    assert await fingerprint(ledger) == before
