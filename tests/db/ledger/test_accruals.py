import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from db.kernel.engine import Database
from db.kernel.events import require_unbroken
from db.ledger import accruals, store, views
from db.ledger.accruals import NOTHING_EARNED, Earned
from db.ledger.periods import close_period
from meqenet.ledger.accruals import end_of_day
from meqenet.ledger.as_of import AsOf
from meqenet.ledger.day_counts import DayCount
from meqenet.ledger.financed import FinancedInstallment
from meqenet.ledger.happenings import PlanBecameActive
from meqenet.ledger.periods import PeriodKind
from meqenet.money import Money

_START = date(2026, 11, 23)
_AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
_FIRST_DUE, _LAST_DUE = date(2026, 12, 23), date(2027, 1, 23)


@pytest.fixture
def active(unique: str) -> PlanBecameActive:
    """Two months at 9.00 and 4.53 birr of interest, and a fee of 25.01."""
    return PlanBecameActive(
        plan_id=f"pln_{unique}",
        merchant_id=f"mrc_{unique}",
        lender=f"lender-{unique}",
        amount=Money(100_000),
        merchant_fee=Money(2_501),
        paid_at_checkout=Money.zero(),
        protected=False,
        installments=(
            FinancedInstallment(
                number=1,
                principal=Money(49_000),
                interest=Money(900),
                starts_on=_START,
                ends_on=_FIRST_DUE,
            ),
            FinancedInstallment(
                number=2,
                principal=Money(51_000),
                interest=Money(453),
                starts_on=_FIRST_DUE,
                ends_on=_LAST_DUE,
            ),
        ),
        day_count=DayCount.THIRTY_360,
    )


async def _activate(ledger: Database, active: PlanBecameActive) -> None:
    async with ledger.write() as session:
        await store.post(
            session=session,
            posting_id=f"{active.plan_id}-activation",
            happening=active,
            effective_at=_AT,
        )
        await accruals.begin(session=session, happening=active)


async def _accrue(ledger: Database, active: PlanBecameActive, until: datetime) -> Money:
    async with ledger.write() as session:
        return await accruals.accrue(session=session, plan_id=active.plan_id, until=until)


async def _receivable(
    ledger: Database, active: PlanBecameActive, *, at: datetime | None = None
) -> Money:
    async with ledger.read() as session:
        prefix = f"interest_receivable:{active.plan_id}"
        return await views.balance(session=session, prefix=prefix, as_of=AsOf(effective_until=at))


async def _accrued_days(ledger: Database, active: PlanBecameActive) -> list[str]:
    async with ledger.read() as session:
        entries = await views.entries_of(session=session, plan_id=active.plan_id)
    return [e.posting_id for e in entries if e.kind == "interest_accrued" and e.line == 1]


async def test_each_day_is_posted_at_its_end_and_not_before(
    ledger: Database, active: PlanBecameActive
) -> None:
    await _activate(ledger, active)
    tomorrow = end_of_day(day=_START)
    assert await _accrue(ledger, active, tomorrow) == Money.zero()
    assert await _accrue(ledger, active, tomorrow + timedelta(microseconds=1)) == Money(30)
    assert await _accrue(ledger, active, tomorrow + timedelta(days=2, hours=5)) == Money(60)
    plan_id = active.plan_id
    assert await _accrued_days(ledger, active) == [
        f"{plan_id}-i01-d20261123",
        f"{plan_id}-i01-d20261124",
        f"{plan_id}-i01-d20261125",
    ]
    for days, owed in enumerate((30, 60, 90)):
        end = end_of_day(day=_START + timedelta(days=days))
        assert await _receivable(ledger, active, at=end) == Money(owed)
        before = end - timedelta(microseconds=1)
        assert await _receivable(ledger, active, at=before) == Money(owed - 30)


async def test_accrued_again_nothing_changes(ledger: Database, active: PlanBecameActive) -> None:
    await _activate(ledger, active)
    until = datetime(2027, 1, 10, 9, tzinfo=UTC)
    assert await _accrue(ledger, active, until) > Money(900)
    posted = await _accrued_days(ledger, active)
    assert await _accrue(ledger, active, until) == Money.zero()
    assert await _accrue(ledger, active, until - timedelta(days=3)) == Money.zero()
    assert await _accrued_days(ledger, active) == posted
    async with ledger.read() as session:
        await require_unbroken(session=session, stream=active.plan_id)


async def test_accrued_by_many_at_once_each_day_is_earned_once(
    ledger: Database, active: PlanBecameActive
) -> None:
    await _activate(ledger, active)
    until = datetime(2026, 12, 10, 9, tzinfo=UTC)
    earned = await asyncio.gather(*(_accrue(ledger, active, until) for _ in range(6)))
    assert sorted(earned) == [Money.zero()] * 5 + [Money(17 * 30)]
    assert await _receivable(ledger, active) == Money(17 * 30)


async def test_when_the_periods_are_over_all_interest_is_receivable(
    ledger: Database, active: PlanBecameActive
) -> None:
    await _activate(ledger, active)
    far = datetime(2030, 1, 1, tzinfo=UTC)
    assert await _accrue(ledger, active, far) == Money(1_353)
    assert await _receivable(ledger, active) == Money(1_353)
    days = await _accrued_days(ledger, active)
    # Thirty days of thirty, the 31st of December among none of them.
    assert len(days) == 30 + 30
    assert f"{active.plan_id}-i02-d20261230" not in days


async def test_an_installment_that_is_paid_accrues_no_more(
    ledger: Database, active: PlanBecameActive
) -> None:
    await _activate(ledger, active)
    # Ten days before it is due.
    early = datetime(2026, 12, 13, 7, tzinfo=UTC)
    for _ in range(2):
        async with ledger.write() as session:
            earned = await accruals.accrue_and_close(
                session=session, plan_id=active.plan_id, number=1, at=early
            )
        assert earned == Earned(interest=Money(600), merchant_fee=Money(1_225))
    assert await _accrue(ledger, active, datetime(2026, 12, 24, 7, tzinfo=UTC)) == Money(15)
    assert await _receivable(ledger, active) == Money(615)


async def test_what_the_books_do_not_know_has_earned_nothing(
    ledger: Database, active: PlanBecameActive
) -> None:
    await _activate(ledger, replace(active, installments=()))
    async with ledger.write() as session:
        earned = await accruals.accrue_and_close(
            session=session, plan_id=active.plan_id, number=1, at=_AT
        )
    assert earned == NOTHING_EARNED


async def test_activated_again_what_was_earned_stays(
    ledger: Database, active: PlanBecameActive
) -> None:
    await _activate(ledger, active)
    until = datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert await _accrue(ledger, active, until) == Money(240)
    await _activate(ledger, active)
    assert await _accrue(ledger, active, until) == Money.zero()


async def _behind(ledger: Database, unique: str, until: datetime) -> list[str]:
    async with ledger.write() as session:
        found = await accruals.take_plans_behind(
            session=session, until=until, after_plan=f"pln_{unique}", limit=2
        )
    return [plan_id for plan_id in found if unique in plan_id]


async def test_plans_in_real_time_are_behind_until_they_are_accrued(
    ledger: Database, active: PlanBecameActive, unique: str
) -> None:
    for letter, on_test_clock in (("a", False), ("b", True), ("c", False), ("d", False)):
        plan_id = f"pln_{unique}_{letter}"
        await _activate(ledger, replace(active, plan_id=plan_id, on_test_clock=on_test_clock))
    assert await _behind(ledger, unique, _AT) == []
    night = datetime(2026, 11, 23, 21, 5, tzinfo=UTC)
    assert await _behind(ledger, unique, night) == [f"pln_{unique}_a", f"pln_{unique}_c"]
    await _accrue(ledger, replace(active, plan_id=f"pln_{unique}_a"), night)
    assert await _behind(ledger, unique, night) == [f"pln_{unique}_c", f"pln_{unique}_d"]


async def test_what_is_accrued_after_its_day_was_closed_counts_from_the_first_open_instant(
    own_ledger: Database, active: PlanBecameActive
) -> None:
    await _activate(own_ledger, active)
    at = datetime(2026, 11, 25, 6, tzinfo=UTC)
    async with own_ledger.write() as session:
        await close_period(
            session=session,
            kind=PeriodKind.DAY,
            last_day=_START,
            closed_by="accountant",
            reason="daily closing",
            at=at,
        )
    for earned in (60, 0):
        assert await _accrue(own_ledger, active, at) == Money(earned)
    first_open = end_of_day(day=_START) + timedelta(microseconds=1)
    before = first_open - timedelta(microseconds=1)
    assert await _receivable(own_ledger, active, at=before) == Money.zero()
    assert await _receivable(own_ledger, active, at=first_open) == Money(30)
    assert await _receivable(own_ledger, active) == Money(60)


async def test_a_plan_accrues_no_more_than_its_interest(
    ledger: Database, active: PlanBecameActive
) -> None:
    await _activate(ledger, active)
    with pytest.raises(IntegrityError, match="accrues_its_interest_only"):
        async with ledger.write() as session:
            await session.execute(
                text("UPDATE earning_installments SET accrued_santim = 901 WHERE plan_id = :plan"),
                {"plan": active.plan_id},
            )
