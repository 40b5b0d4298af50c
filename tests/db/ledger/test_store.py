import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from db.kernel.engine import Database
from db.kernel.events import read_stream, require_unbroken
from db.ledger import store, views
from meqenet.errors import Defect, Refusal
from meqenet.ledger.accounts import Side
from meqenet.ledger.happenings import CheckoutPaymentReceived, PlanBecameActive
from meqenet.money import Money

_AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.fixture
def received(plan_id: str) -> CheckoutPaymentReceived:
    return CheckoutPaymentReceived(
        plan_id=plan_id,
        attempt_id=f"{plan_id}-i01-a1",
        provider="telebirr",
        amount=Money(25_000),
    )


@pytest.fixture
def active(plan_id: str) -> PlanBecameActive:
    return PlanBecameActive(
        plan_id=plan_id,
        merchant_id=f"mrc_of_{plan_id}",
        lender="lender-1",
        amount=Money(100_000),
        merchant_fee=Money(2_500),
        paid_at_checkout=Money(25_000),
        protected=False,
    )


async def _post(
    ledger: Database, happening: PlanBecameActive | CheckoutPaymentReceived, posting_id: str
) -> None:
    async with ledger.write() as session:
        await store.post(
            session=session, posting_id=posting_id, happening=happening, effective_at=_AT
        )


async def _rows(ledger: Database, plan_id: str) -> dict[str, int]:
    """How much there is of a plan in each table."""
    counts = {}
    async with ledger.read() as session:
        for table, column in (
            ("transactions", "plan_id"),
            ("entries", "plan_id"),
            ("events", "stream"),
        ):
            counts[table] = await session.scalar(
                text(f"SELECT count(*) FROM {table} WHERE {column} = :plan"),  # noqa: S608 - constants
                {"plan": plan_id},
            )
        counts["accounts"] = await session.scalar(
            text("SELECT count(*) FROM accounts WHERE owner_id LIKE '%' || :plan"),
            {"plan": plan_id},
        )
    return {table: count or 0 for table, count in counts.items()}


async def test_a_happening_is_posted_with_its_entries_and_its_event(
    ledger: Database, plan_id: str, received: CheckoutPaymentReceived, active: PlanBecameActive
) -> None:
    await _post(ledger, received, received.attempt_id)
    await _post(ledger, active, f"{plan_id}-activation")
    async with ledger.read() as session:
        entries = await views.entries_of(session=session, plan_id=plan_id)
        events = await read_stream(session=session, stream=plan_id)
        await require_unbroken(session=session, stream=plan_id)
    assert [(e.kind, e.line, e.side, e.account_code, str(e.amount)) for e in entries] == [
        ("checkout_payment_received", 1, Side.DEBIT, "provider_clearing:telebirr", "250.00"),
        ("checkout_payment_received", 2, Side.CREDIT, f"customer_deposits:{plan_id}", "250.00"),
        ("plan_became_active", 1, Side.DEBIT, f"plan_receivable:{plan_id}", "1000.00"),
        ("plan_became_active", 2, Side.CREDIT, f"merchant_payable:mrc_of_{plan_id}", "975.00"),
        ("plan_became_active", 3, Side.CREDIT, "merchant_fee_income:lender-1", "25.00"),
        ("plan_became_active", 4, Side.DEBIT, f"customer_deposits:{plan_id}", "250.00"),
        ("plan_became_active", 5, Side.CREDIT, f"plan_receivable:{plan_id}", "250.00"),
    ]
    assert [event.content.event_id for event in events] == [
        received.attempt_id,
        f"{plan_id}-activation",
    ]
    assert events[0].content.data["happening"]["amount"] == {"currency": "ETB", "santim": 25_000}


async def test_repeated_it_is_posted_once(
    ledger: Database, plan_id: str, received: CheckoutPaymentReceived
) -> None:
    await _post(ledger, received, received.attempt_id)
    before = await _rows(ledger, plan_id)
    await _post(ledger, received, received.attempt_id)
    async with ledger.write() as session:
        await store.post(
            session=session,
            posting_id=received.attempt_id,
            happening=received,
            effective_at=_AT + timedelta(days=1),
        )
    assert await _rows(ledger, plan_id) == before
    assert before == {"transactions": 1, "entries": 2, "events": 1, "accounts": 1}


async def test_posted_by_many_at_once_it_is_posted_once(
    ledger: Database, plan_id: str, received: CheckoutPaymentReceived, active: PlanBecameActive
) -> None:
    await asyncio.gather(
        *(_post(ledger, received, received.attempt_id) for _ in range(6)),
        *(_post(ledger, active, f"{plan_id}-activation") for _ in range(6)),
    )
    assert await _rows(ledger, plan_id) == {
        "transactions": 2,
        "entries": 7,
        "events": 2,
        "accounts": 3,
    }
    async with ledger.read() as session:
        await require_unbroken(session=session, stream=plan_id)


async def test_other_content_under_the_id_is_refused_and_changes_nothing(
    ledger: Database, plan_id: str, received: CheckoutPaymentReceived
) -> None:
    await _post(ledger, received, received.attempt_id)
    before = await _rows(ledger, plan_id)
    with pytest.raises(Refusal) as refused:
        await _post(ledger, replace(received, amount=Money(25_001)), received.attempt_id)
    assert refused.value.code == "posting_differs"
    assert await _rows(ledger, plan_id) == before


@pytest.mark.parametrize("posting_id", ["pln_other-i01-a1", "activation", ""])
async def test_an_id_of_another_plan_is_a_defect(
    ledger: Database, plan_id: str, received: CheckoutPaymentReceived, posting_id: str
) -> None:
    with pytest.raises(Defect) as broken:
        await _post(ledger, received, posting_id)
    assert broken.value.code == "posting_id_foreign"
    assert await _rows(ledger, plan_id) == dict.fromkeys(
        ("transactions", "entries", "events", "accounts"), 0
    )


_TRANSACTION = """
    INSERT INTO transactions (plan_id, posting_id, kind, happening, content_hash, effective_at)
    VALUES (:plan, :plan || '-x', 'by_hand', '{"kind": "by_hand"}', sha256('x'), now())
"""
_ENTRIES = """
    INSERT INTO entries (plan_id, posting_id, line, account_code, side, amount_santim, effective_at)
    SELECT :plan, :posting, line + :behind, :account, side, santim, now()
    FROM unnest(CAST(:sides AS text[]), CAST(:santim AS bigint[])) WITH ORDINALITY
        AS given(side, santim, line)
"""
_PAIR = (("debit", 100), ("credit", 100))


async def _by_hand(
    ledger: Database,
    plan_id: str,
    *lines: tuple[str, int],
    transaction: str = _TRANSACTION,
    entries: str = _ENTRIES,
    account: str | None = None,
    behind: int = 0,
) -> None:
    """Write a transaction past the rules, as the domain's own role; ``behind``: after a pair."""
    given = {
        "plan": plan_id,
        "posting": f"{plan_id}-x",
        "account": account or f"customer_deposits:{plan_id}",
        "sides": [side for side, _ in lines],
        "santim": [santim for _, santim in lines],
        "behind": behind,
    }
    async with ledger.write() as session:
        if transaction:
            await session.execute(text(transaction), {"plan": plan_id})
        if behind:
            pair = {"sides": ["debit", "credit"], "santim": [100, 100], "behind": 0}
            await session.execute(text(_ENTRIES), given | pair)
            await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        await session.execute(text(entries), given)


@pytest.mark.parametrize(
    ("lines", "constraint"),
    [
        ((), "transaction_balances"),
        ((("debit", 100),), "transaction_balances"),
        ((("debit", 100), ("credit", 99)), "transaction_balances"),
        ((("debit", 100), ("debit", 100)), "transaction_balances"),
        ((("debit", 0), ("credit", 0)), "ck_entries_amount_is_something"),
        ((("debit", -5), ("credit", -5)), "ck_entries_amount_is_something"),
        ((("left", 5), ("credit", 5)), "ck_entries_side_is_one_of_two"),
    ],
)
async def test_the_database_itself_refuses_what_does_not_balance(
    ledger: Database,
    plan_id: str,
    received: CheckoutPaymentReceived,
    lines: tuple[tuple[str, int], ...],
    constraint: str,
) -> None:
    await _post(ledger, received, received.attempt_id)
    before = await _rows(ledger, plan_id)
    with pytest.raises(IntegrityError, match=constraint.replace("transaction_balances", "debit")):
        await _by_hand(ledger, plan_id, *lines)
    assert await _rows(ledger, plan_id) == before


async def test_balanced_by_hand_it_is_let_in(
    ledger: Database, plan_id: str, received: CheckoutPaymentReceived
) -> None:
    await _post(ledger, received, received.attempt_id)
    await _by_hand(ledger, plan_id, ("debit", 100), ("credit", 60), ("credit", 40))
    assert (await _rows(ledger, plan_id))["entries"] == 5


async def test_nothing_is_added_to_a_transaction_that_is_in_the_books(
    ledger: Database, plan_id: str, received: CheckoutPaymentReceived
) -> None:
    await _post(ledger, received, received.attempt_id)
    await _by_hand(ledger, plan_id, *_PAIR)
    before = await _rows(ledger, plan_id)
    for line in (("debit", 1), ("credit", 1)):
        with pytest.raises(IntegrityError, match="duplicate key"):
            await _by_hand(ledger, plan_id, line, transaction="")
    renumbered = _ENTRIES.replace("line + :behind", "line + 7")
    with pytest.raises(IntegrityError, match="is closed"):
        await _by_hand(ledger, plan_id, *_PAIR, transaction="", entries=renumbered)
    assert await _rows(ledger, plan_id) == before


async def test_the_entries_of_a_transaction_come_all_at_once(
    ledger: Database, plan_id: str, received: CheckoutPaymentReceived
) -> None:
    await _post(ledger, received, received.attempt_id)
    for lines in ((("debit", 5),), _PAIR):
        with pytest.raises(IntegrityError, match="all at once"):
            await _by_hand(ledger, plan_id, *lines, behind=2)


async def test_an_entry_has_the_instant_of_its_transaction(
    ledger: Database, plan_id: str, received: CheckoutPaymentReceived
) -> None:
    await _post(ledger, received, received.attempt_id)
    tomorrow = _TRANSACTION.replace("now()", "now() + interval '1 day'")
    with pytest.raises(IntegrityError, match="another instant"):
        await _by_hand(ledger, plan_id, *_PAIR, transaction=tomorrow)


async def test_an_entry_needs_its_transaction_and_its_account(
    ledger: Database, plan_id: str, received: CheckoutPaymentReceived
) -> None:
    await _post(ledger, received, received.attempt_id)
    with pytest.raises(IntegrityError, match=f"transaction {plan_id}-x is not there"):
        await _by_hand(ledger, plan_id, *_PAIR, transaction="")
    with pytest.raises(IntegrityError, match="account none is not there"):
        await _by_hand(ledger, plan_id, *_PAIR, account="none")


@pytest.mark.parametrize("table", ["accounts", "transactions", "entries", "events"])
@pytest.mark.parametrize("deed", ["UPDATE {} SET {} = NULL", "DELETE FROM {}", "TRUNCATE {}"])
async def test_nothing_in_the_books_is_changed_or_deleted(
    ledger: Database, table: str, deed: str
) -> None:
    column = {"accounts": "code", "events": "id"}.get(table, "posting_id")
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with ledger.write() as session:
            await session.execute(text(deed.format(table, column)))


async def test_a_posting_id_of_another_plan_is_refused_by_the_database_too(
    ledger: Database, plan_id: str
) -> None:
    with pytest.raises(IntegrityError, match="posting_is_the_plans"):
        async with ledger.write() as session:
            await session.execute(
                text(_TRANSACTION.replace(":plan || '-x'", "'pln_other-x'")), {"plan": plan_id}
            )
