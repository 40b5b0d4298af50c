from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from db.kernel.engine import Database
from db.kernel.events import read_stream, require_unbroken
from db.ledger import reversals, store, views
from meqenet.errors import Defect, Refusal
from meqenet.ledger.accounts import Side
from meqenet.ledger.happenings import CheckoutPaymentReceived, PlanBecameActive, PostingReversed
from meqenet.money import Money
from tests.backing import fingerprint

_AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.fixture
async def received(ledger: Database, plan_id: str) -> CheckoutPaymentReceived:
    happening = CheckoutPaymentReceived(
        plan_id=plan_id,
        attempt_id=f"{plan_id}-i01-a1",
        provider=f"provider-{plan_id}",
        amount=Money(25_000),
    )
    async with ledger.write() as session:
        await store.post(
            session=session,
            posting_id=happening.attempt_id,
            happening=happening,
            effective_at=_AT,
        )
    return happening


@pytest.fixture
def correction(received: CheckoutPaymentReceived) -> PostingReversed:
    return PostingReversed(
        plan_id=received.plan_id,
        reverses=received.attempt_id,
        reason="the provider named another plan's payment",
        reversed_by="finance-1",
    )


def _changed(correction: PostingReversed, change: dict[str, Any]) -> PostingReversed:
    return replace(correction, **change)


async def _reverse(ledger: Database, correction: PostingReversed, part: str = "fix") -> None:
    async with ledger.write() as session:
        await reversals.reverse(
            session=session,
            posting_id=f"{correction.plan_id}-{part}",
            correction=correction,
            effective_at=_AT + timedelta(days=1),
        )


async def test_a_reversal_takes_back_every_entry_and_names_what_it_takes_back(
    ledger: Database, plan_id: str, correction: PostingReversed
) -> None:
    for _ in range(2):
        await _reverse(ledger, correction)
    async with ledger.read() as session:
        entries = await views.entries_of(session=session, plan_id=plan_id)
        deposits = await views.balance(session=session, prefix=f"customer_deposits:{plan_id}")
        told = await read_stream(session=session, stream=plan_id)
        await require_unbroken(session=session, stream=plan_id)
        reverses = await session.scalar(
            text("SELECT reverses FROM transactions WHERE plan_id = :plan AND posting_id = :fix"),
            {"plan": plan_id, "fix": f"{plan_id}-fix"},
        )
    assert [(e.kind, e.line, e.side, e.account_code, e.amount) for e in entries[2:]] == [
        (
            "posting_reversed",
            1,
            Side.CREDIT,
            f"provider_clearing:provider-{plan_id}",
            Money(25_000),
        ),
        ("posting_reversed", 2, Side.DEBIT, f"customer_deposits:{plan_id}", Money(25_000)),
    ]
    assert (deposits, reverses) == (Money.zero(), correction.reverses)
    assert told[1].content.data["happening"] == {
        "kind": "posting_reversed",
        "plan_id": plan_id,
        "reason": correction.reason,
        "reversed_by": "finance-1",
        "reverses": correction.reverses,
    }


@pytest.mark.parametrize(
    ("change", "part", "code"),
    [
        ({}, "again", "already_reversed"),
        ({"reason": "another reason"}, "fix", "posting_differs"),
        ({"reverses": "pln_-none"}, "other", "posting_unknown"),
        ({"reason": " "}, "other", "reason_missing"),
        ({"reversed_by": ""}, "other", "reason_missing"),
    ],
)
async def test_what_cannot_be_reversed_is_refused_and_leaves_no_trace(
    ledger: Database, correction: PostingReversed, change: dict[str, str], part: str, code: str
) -> None:
    await _reverse(ledger, correction)
    before = await fingerprint(ledger)
    with pytest.raises(Refusal) as refused:
        await _reverse(ledger, _changed(correction, change), part)
    assert refused.value.code == code
    assert await fingerprint(ledger) == before


async def test_a_reversal_is_final(
    ledger: Database, plan_id: str, correction: PostingReversed
) -> None:
    await _reverse(ledger, correction)
    before = await fingerprint(ledger)
    with pytest.raises(Refusal) as refused:
        await _reverse(ledger, replace(correction, reverses=f"{plan_id}-fix"), "refix")
    assert refused.value.code == "reversal_final"
    with pytest.raises(Defect, match="not derived from"):
        async with ledger.write() as session:
            await reversals.reverse(
                session=session,
                posting_id="pln_other-fix",
                correction=correction,
                effective_at=_AT,
            )
    assert await fingerprint(ledger) == before


async def test_what_was_taken_back_is_posted_again_under_another_id(
    ledger: Database, plan_id: str, received: CheckoutPaymentReceived, correction: PostingReversed
) -> None:
    await _reverse(ledger, correction)
    async with ledger.write() as session:
        await store.post(
            session=session,
            posting_id=f"{plan_id}-i01-a1-right",
            happening=replace(received, amount=Money(52_000)),
            effective_at=_AT,
        )
    async with ledger.read() as session:
        deposits = await views.balance(session=session, prefix=f"customer_deposits:{plan_id}")
    assert deposits == Money(52_000)


async def test_a_held_posting_is_not_reversed_before_its_hold_is_voided(
    ledger: Database, plan_id: str
) -> None:
    activation = f"{plan_id}-activation"
    active = PlanBecameActive(
        plan_id=plan_id,
        merchant_id=f"mrc_{plan_id}",
        lender="lender-1",
        amount=Money(100_000),
        merchant_fee=Money(2_500),
        paid_at_checkout=Money.zero(),
        protected=True,
    )
    async with ledger.write() as session:
        await store.post(session=session, posting_id=activation, happening=active, effective_at=_AT)
    before = await fingerprint(ledger)
    wrong = PostingReversed(
        plan_id=plan_id, reverses=activation, reason="posted twice", reversed_by="finance-1"
    )
    with pytest.raises(Refusal) as refused:
        await _reverse(ledger, wrong)
    assert refused.value.code == "funds_not_free"
    assert await fingerprint(ledger) == before


_FORGED = """
    WITH forged AS (
        INSERT INTO transactions (plan_id, posting_id, kind, happening, content_hash, effective_at,
            reverses)
        VALUES (:plan, :plan || '-forged', 'posting_reversed', '{"kind": "posting_reversed"}',
            sha256('x'), now(), :original)
        RETURNING plan_id, posting_id, effective_at
    )
    SELECT count(*) FROM forged
"""
_LINES = """
    INSERT INTO entries (plan_id, posting_id, line, account_code, side, amount_santim, effective_at)
    SELECT plan_id, posting_id, 1, 'customer_deposits:' || plan_id, CAST(:side AS text),
        CAST(:santim AS bigint), effective_at
    FROM transactions WHERE posting_id = :plan || '-forged'
    UNION ALL
    SELECT plan_id, posting_id, 2, 'provider_clearing:provider-' || plan_id,
        CASE :side WHEN 'debit' THEN 'credit' ELSE 'debit' END, CAST(:santim AS bigint),
        effective_at
    FROM transactions WHERE posting_id = :plan || '-forged'
"""


@pytest.mark.parametrize(
    ("side", "santim", "is_let_in"),
    [("debit", 25_000, True), ("debit", 25_001, False), ("credit", 25_000, False)],
)
async def test_the_database_itself_refuses_a_reversal_that_does_not_mirror(
    ledger: Database,
    plan_id: str,
    correction: PostingReversed,
    side: str,
    santim: int,
    *,
    is_let_in: bool,
) -> None:
    async def forge() -> None:
        async with ledger.write() as session:
            await session.execute(text(_FORGED), {"plan": plan_id, "original": correction.reverses})
            await session.execute(text(_LINES), {"plan": plan_id, "side": side, "santim": santim})

    if is_let_in:
        await forge()
    else:
        with pytest.raises(IntegrityError, match="does not mirror"):
            await forge()
