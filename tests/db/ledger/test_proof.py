"""The books in which everything has happened hold, and whatever is changed in them is named."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest
import pytest_asyncio
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from apps.runtime.backing import Backing
from db.kernel.engine import Database
from db.ledger import holds, periods, proof, snapshots, store
from db.ledger.proof import BooksBreak
from db.ledger.reversals import reverse
from db.ledger.waiting_proof import first_bad_wait
from meqenet.ledger import happenings as h
from meqenet.ledger.periods import PeriodKind
from meqenet.money import Money

_AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
_PLAN = "pln_proven"
_OVERPAID = f"{_PLAN}-i01-a1"
_REVERSAL = f"{_PLAN}-wrong"
_LATE = f"{_PLAN}-late"
_RETURN = f"{_PLAN}-i01-a1-r1"


@pytest_asyncio.fixture(loop_scope="session")
async def books(own_ledger: Database) -> Database:
    """A posting, one that was wrong and is reversed, a closed day, a late posting, and holds."""
    paid = h.InstallmentCollected(
        plan_id=_PLAN,
        attempt_id=_OVERPAID,
        provider="telebirr",
        lender="lender-1",
        principal=Money.zero(),
        interest=Money.zero(),
        overpaid=Money(500_000),
    )
    late = h.LateFeeCharged(plan_id=_PLAN, lender="lender-1", number=1, amount=Money(5_000))
    async with own_ledger.write() as session:
        await store.post(session=session, posting_id=_OVERPAID, happening=paid, effective_at=_AT)
    async with own_ledger.write() as session:
        charged = f"{_PLAN}-charged"
        await store.post(session=session, posting_id=charged, happening=late, effective_at=_AT)
    async with own_ledger.write() as session:
        correction = h.PostingReversed(
            plan_id=_PLAN, reverses=charged, reason="not late", reversed_by="finance"
        )
        await reverse(
            session=session, posting_id=_REVERSAL, correction=correction, effective_at=_AT
        )
    for hold_id, amount in ((_RETURN, 100_000), (f"{_PLAN}-i01-a1-r2", 50_000)):
        async with own_ledger.write() as session:
            await holds.place(
                session=session,
                hold_id=hold_id,
                happening=h.CustomerCreditReturned(
                    plan_id=_PLAN, refund_id=hold_id, provider="telebirr", amount=Money(amount)
                ),
                placed_at=_AT,
                expires_at=_AT + timedelta(days=2),
            )
    async with own_ledger.write() as session:
        await holds.void(session=session, plan_id=_PLAN, hold_id=_RETURN, reason="kept", at=_AT)
    async with own_ledger.write() as session:
        await periods.close_period(
            session=session,
            kind=PeriodKind.DAY,
            last_day=date(2026, 11, 23),
            closed_by="finance",
            reason="the day is over",
            at=_AT + timedelta(days=1),
        )
    async with own_ledger.write() as session:
        await store.post(session=session, posting_id=_LATE, happening=late, effective_at=_AT)
    return own_ledger


@pytest_asyncio.fixture(loop_scope="session")
async def admin(
    books: Database,  # noqa: ARG001 - its database must be there first
    backing: Backing,
    unique: str,
) -> AsyncIterator[AsyncEngine]:
    """Somebody whom no rule of the store stops."""
    url = make_url(backing.admin_url).set(database=f"ledger_{unique}")
    engine = create_async_engine(url)
    yield engine
    await engine.dispose()


async def _first_bad(books: Database) -> BooksBreak | None:
    async with books.read() as session:
        bad = await proof.first_bad_posting(
            session=session, plan_id=None, since=None, advance=lambda _count: None
        )
        bad = bad or await first_bad_wait(
            session=session, plan_id=None, advance=lambda _count: None
        )
        return bad or await proof.first_bad_snapshot(session=session)


async def test_books_in_which_everything_has_happened_hold(books: Database) -> None:
    counted: list[int] = []
    assert await _first_bad(books) is None
    async with books.read() as session:
        assert await first_bad_wait(session=session, plan_id=_PLAN, advance=counted.append) is None
        totals = await proof.totals(session=session)
    assert sum(counted) == 3, "two holds, of which one has ended"
    assert totals.debit == totals.credit > Money.zero()
    assert totals.transactions == 4


@pytest.mark.parametrize(
    ("deed", "stream", "what"),
    [
        (
            "UPDATE transactions SET reverses = 'pln_proven-i01-a1' WHERE reverses IS NOT NULL",
            _PLAN,
            "pln_proven-wrong: reverses is not that of the happening",
        ),
        (
            "UPDATE transactions SET backdated_from = backdated_from + interval '1 microsecond'",
            _PLAN,
            "pln_proven-late: backdated_from is not that of its event",
        ),
        (
            "UPDATE holds SET amount_santim = amount_santim + 1 WHERE hold_id LIKE '%-r2'",
            _PLAN,
            "hold pln_proven-i01-a1-r2: not as its event tells",
        ),
        (
            "UPDATE holds SET content_hash = sha256('x') WHERE hold_id LIKE '%-r2'",
            _PLAN,
            "hold pln_proven-i01-a1-r2: content_hash is not that of the happening",
        ),
        (
            "DELETE FROM holds WHERE hold_id LIKE '%-r2'",
            _PLAN,
            "hold pln_proven-i01-a1-r2: an event tells of it, and there is none",
        ),
        (
            "UPDATE hold_ends SET state = 'expired'",
            _PLAN,
            "end of hold pln_proven-i01-a1-r1: not as its event tells",
        ),
        (
            "UPDATE hold_ends SET hold_id = hold_id || '2'",
            _PLAN,
            "end of hold pln_proven-i01-a1-r1: an event tells of it, and there is none",
        ),
        (
            "UPDATE closed_periods SET closed_until = closed_until - interval '1 day'",
            "ledger_periods",
            "closed period 2026-11-23: not as its event tells",
        ),
    ],
)
async def test_what_was_changed_is_named(
    books: Database, admin: AsyncEngine, deed: str, stream: str, what: str
) -> None:
    async with admin.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text(deed))
    bad = await _first_bad(books)
    assert bad is not None
    assert (bad.stream, bad.what) == (stream, what)


async def test_a_snapshot_that_is_not_the_sum_of_its_entries_is_named(
    books: Database, admin: AsyncEngine
) -> None:
    async with books.write() as session:
        await snapshots.take_snapshots(session=session, last_day=date(2026, 11, 23))
    assert await _first_bad(books) is None
    async with admin.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(
            text(
                "UPDATE snapshots SET credit_santim = credit_santim + 1"
                " WHERE account_code = 'customer_credit:pln_proven'"
            )
        )
    bad = await _first_bad(books)
    assert bad is not None
    assert bad.stream == "customer_credit:pln_proven"
    assert bad.what == "the snapshot of 2026-11-23 is not the sum of its entries"
