"""Many writers at once on accounts that all plans share."""

import asyncio
from datetime import UTC, datetime

from sqlalchemy import text

from db.kernel.engine import Database
from db.kernel.events import require_unbroken
from db.ledger import store, views
from meqenet.ledger.happenings import InstallmentCollected, PlanBecameActive
from meqenet.money import Money

_AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
_WRITERS = 16
_EACH = 8


def _active(plan_id: str, merchant_id: str) -> PlanBecameActive:
    return PlanBecameActive(
        plan_id=plan_id,
        merchant_id=merchant_id,
        lender=f"lender_of_{merchant_id}",
        amount=Money(100_000),
        merchant_fee=Money(2_500),
        paid_at_checkout=Money.zero(),
        protected=False,
    )


async def _activate(ledger: Database, plan_id: str, merchant_id: str) -> None:
    async with ledger.write() as session:
        await store.post(
            session=session,
            posting_id=f"{plan_id}-activation",
            happening=_active(plan_id, merchant_id),
            effective_at=_AT,
        )


async def test_sixteen_writers_on_one_merchant_lose_nothing(
    own_ledger: Database, unique: str
) -> None:
    merchant = f"mrc_{unique}"

    async def write(writer: int) -> None:
        for number in range(_EACH):
            plan_id = f"pln_{unique}w{writer}n{number}"
            await _activate(own_ledger, plan_id, merchant)
            async with own_ledger.write() as session:
                await store.post(
                    session=session,
                    posting_id=f"{plan_id}-i01-a1",
                    happening=InstallmentCollected(
                        plan_id=plan_id,
                        attempt_id="a1",
                        provider="telebirr",
                        lender=f"lender_of_{merchant}",
                        principal=Money(25_000),
                        interest=Money(1_000),
                    ),
                    effective_at=_AT,
                )

    await asyncio.gather(*(write(writer) for writer in range(_WRITERS)))
    plans = _WRITERS * _EACH
    async with own_ledger.read() as session:
        trial = await views.trial_balance(session=session)
        for writer in range(_WRITERS):
            await require_unbroken(session=session, stream=f"pln_{unique}w{writer}n0")
        events = await session.scalar(text("SELECT count(*) FROM events"))
    by_name = {line.code: line.balance for line in trial.lines}
    assert trial.debit == trial.credit
    assert events == 2 * plans
    assert by_name == {
        "interest_income": Money(1_000) * plans,
        "merchant_fee_income": Money(2_500) * plans,
        "merchant_payable": Money(97_500) * plans,
        "plan_receivable": Money(75_000) * plans,
        "provider_clearing": Money(26_000) * plans,
    }


async def test_nobody_waits_for_another_who_posts_to_the_same_accounts(
    own_ledger: Database, unique: str
) -> None:
    merchant = f"mrc_{unique}"
    await _activate(own_ledger, f"pln_{unique}first", merchant)
    async with own_ledger.write() as slow:
        await store.post(
            session=slow,
            posting_id=f"pln_{unique}slow-activation",
            happening=_active(f"pln_{unique}slow", merchant),
            effective_at=_AT,
        )
        # It has written and not committed; the others would wait for any row that it has locked.
        for number in range(4):
            async with own_ledger.write() as session:
                await session.execute(text("SET LOCAL lock_timeout = '1ms'"))
                await store.post(
                    session=session,
                    posting_id=f"pln_{unique}n{number}-activation",
                    happening=_active(f"pln_{unique}n{number}", merchant),
                    effective_at=_AT,
                )
    async with own_ledger.read() as session:
        payable = await views.balance(session=session, prefix=f"merchant_payable:{merchant}")
        locked = await session.scalar(text("SELECT count(*) FROM accounts WHERE xmax <> '0'"))
    assert payable == Money(97_500) * 6
    assert locked == 0
