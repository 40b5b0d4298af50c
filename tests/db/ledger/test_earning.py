"""What is earned of a plan that is paid before its time, or whose schedule is changed."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest

from db.kernel.engine import Database
from db.ledger import accruals, earning, store, views
from meqenet.errors import Defect
from meqenet.ledger.as_of import AsOf
from meqenet.ledger.day_counts import DayCount
from meqenet.ledger.earning import EarningTerms, PaidPart, TakePayment, idle_between
from meqenet.ledger.financed import FinancedInstallment
from meqenet.ledger.happenings import PlanBecameActive
from meqenet.money import Money

_START, _FIRST_DUE, _LAST_DUE = date(2026, 11, 23), date(2026, 12, 23), date(2027, 1, 23)
_AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
_TEN_DAYS_LATER = datetime(2026, 12, 3, 9, 0, tzinfo=UTC)
_FAR = datetime(2030, 1, 1, tzinfo=UTC)
_NOTHING = Money.zero()


@pytest.fixture
async def plan(ledger: Database, unique: str) -> PlanBecameActive:
    """Two months at 9.00 and 4.50 birr of interest, 0.30 and 0.15 a day, and a fee of 25.00."""
    active = PlanBecameActive(
        plan_id=f"pln_{unique}",
        merchant_id=f"mrc_{unique}",
        lender=f"lender-{unique}",
        amount=Money(100_000),
        merchant_fee=Money(2_500),
        paid_at_checkout=_NOTHING,
        protected=False,
        installments=(
            FinancedInstallment(
                number=1,
                principal=Money(50_000),
                interest=Money(900),
                starts_on=_START,
                ends_on=_FIRST_DUE,
            ),
            FinancedInstallment(
                number=2,
                principal=Money(50_000),
                interest=Money(450),
                starts_on=_FIRST_DUE,
                ends_on=_LAST_DUE,
            ),
        ),
        day_count=DayCount.THIRTY_360,
    )
    async with ledger.write() as session:
        await store.post(
            session=session,
            posting_id=f"{active.plan_id}-activation",
            happening=active,
            effective_at=_AT,
        )
        await accruals.begin(session=session, happening=active)
    return active


def _part(
    number: int, *, principal: int, interest: int, before: int = 0, is_whole: bool = False
) -> PaidPart:
    return PaidPart(
        number=number,
        financed=Money(50_000),
        returned_before=Money(before),
        principal=Money(principal),
        interest=Money(interest),
        late_fee=_NOTHING,
        is_whole=is_whole,
    )


def _terms(number: int, interest: int, *, carried: int = 0, **dates: date) -> EarningTerms:
    starts, ends = (_START, _FIRST_DUE) if number == 1 else (_FIRST_DUE, _LAST_DUE)
    return EarningTerms(
        number=number,
        interest=Money(interest),
        carried=Money(carried),
        starts_on=dates.get("starts_on", starts),
        ends_on=dates.get("ends_on", ends),
    )


async def _pay(
    ledger: Database,
    plan: PlanBecameActive,
    *parts: PaidPart,
    number: int = 1,
    from_credit: Sequence[PaidPart] = (),
    earnings: Sequence[EarningTerms] = (),
) -> None:
    payment = TakePayment(
        plan_id=plan.plan_id,
        posting_id=f"{plan.plan_id}-i{100 + number}-a1",
        provider="telebirr",
        lender=plan.lender,
        parts=parts,
        from_credit=tuple(from_credit),
        overpaid=_NOTHING,
        earnings=tuple(earnings),
        at=_TEN_DAYS_LATER,
    )
    async with ledger.write() as session:
        await earning.take_payment(session=session, payment=payment)


async def _balance(ledger: Database, plan: PlanBecameActive, name: str, owner: str = "") -> int:
    async with ledger.read() as session:
        prefix = f"{name}:{owner or plan.plan_id}"
        found = await views.balance(session=session, prefix=prefix, as_of=AsOf())
    return found.santim


async def _accrue(ledger: Database, plan: PlanBecameActive, until: datetime = _FAR) -> int:
    async with ledger.write() as session:
        return (await accruals.accrue(session=session, plan_id=plan.plan_id, until=until)).santim


async def test_interest_paid_ahead_of_its_days_is_earned_once(
    ledger: Database, plan: PlanBecameActive
) -> None:
    for _ in range(2):  # the second time changes nothing
        await _pay(ledger, plan, _part(1, principal=10_000, interest=900))
    assert await _balance(ledger, plan, "interest_receivable") == 0
    assert await _balance(ledger, plan, "interest_income", plan.lender) == 900
    assert await _balance(ledger, plan, "plan_receivable") == 90_000
    # A fifth of the first installment's half of the fee.
    assert await _balance(ledger, plan, "merchant_fee_income", plan.lender) == 250
    assert await _accrue(ledger, plan) == 450
    assert await _balance(ledger, plan, "interest_receivable") == 450


async def test_a_part_of_the_interest_leaves_the_rest_to_the_days_to_come(
    ledger: Database, plan: PlanBecameActive
) -> None:
    await _pay(ledger, plan, _part(1, principal=0, interest=400))
    # Ten days had earned 3.00; 1.00 more is earned with the payment, and 5.00 by twenty days.
    assert await _balance(ledger, plan, "interest_income", plan.lender) == 400
    assert await _accrue(ledger, plan, datetime(2026, 12, 13, 9, tzinfo=UTC)) == 250
    async with ledger.write() as session:
        closed = await accruals.accrue_and_close(
            session=session, plan_id=plan.plan_id, number=1, at=_FAR
        )
    assert closed.interest == Money(500)


async def test_a_plan_that_is_paid_off_earns_to_the_day_and_gives_the_rest_back(
    ledger: Database, plan: PlanBecameActive
) -> None:
    await _pay(ledger, plan, _part(1, principal=10_000, interest=900))
    await _pay(
        ledger,
        plan,
        _part(1, principal=40_000 - 620, interest=0, before=10_620, is_whole=True),
        _part(2, principal=50_000, interest=0, is_whole=True),
        number=2,
        from_credit=(_part(1, principal=620, interest=0, before=10_000, is_whole=True),),
        earnings=(_terms(1, 280), _terms(2, 0)),
    )
    for name in ("interest_receivable", "plan_receivable", "customer_credit"):
        assert await _balance(ledger, plan, name) == 0, name
    assert await _balance(ledger, plan, "interest_income", plan.lender) == 280
    assert await _balance(ledger, plan, "merchant_fee_deferred") == 0
    assert await _accrue(ledger, plan) == 0


async def test_interest_that_the_books_had_earned_and_that_is_not_owed_is_taken_back(
    ledger: Database, plan: PlanBecameActive
) -> None:
    assert await _accrue(ledger, plan, _TEN_DAYS_LATER) == 300
    whole = (
        _part(1, principal=50_000, interest=295, is_whole=True),
        _part(2, principal=50_000, interest=0, is_whole=True),
    )
    await _pay(ledger, plan, *whole, earnings=(_terms(1, 295), _terms(2, 0)))
    assert await _balance(ledger, plan, "interest_receivable") == 0
    assert await _balance(ledger, plan, "interest_income", plan.lender) == 295


async def _replan(ledger: Database, plan: PlanBecameActive, *terms: EarningTerms) -> None:
    async with ledger.write() as session:
        await earning.replan(
            session=session,
            plan_id=plan.plan_id,
            change_id=f"{plan.plan_id}-change-1",
            installments=terms,
            at=datetime(2026, 12, 28, 9, 0, tzinfo=UTC),
        )


async def test_interest_of_a_date_that_is_over_is_earned_where_it_went(
    ledger: Database, plan: PlanBecameActive
) -> None:
    for _ in range(2):
        await _replan(ledger, plan, _terms(1, 0), _terms(2, 1_350, carried=900))
    # 9.00 of the first month, and five days of the second.
    assert await _balance(ledger, plan, "interest_receivable") == 975
    assert await _accrue(ledger, plan) == 375
    async with ledger.write() as session:
        closed = await accruals.accrue_and_close(
            session=session, plan_id=plan.plan_id, number=2, at=_FAR
        )
    assert closed.interest == Money(1_350)


async def test_days_of_a_pause_earn_nothing_and_more_installments_share_the_fee(
    ledger: Database, plan: PlanBecameActive
) -> None:
    later = date(2027, 2, 2)
    idle = idle_between(first=date(2027, 1, 2), last=date(2027, 1, 11))
    assert (idle[0], idle[-1], len(idle)) == (date(2027, 1, 1), date(2027, 1, 10), 10)
    second = EarningTerms(
        number=2,
        interest=Money(450),
        carried=_NOTHING,
        starts_on=_FIRST_DUE,
        ends_on=later,
        idle_days=idle,
        merchant_fee=Money(1_000),
    )
    third = EarningTerms(
        number=3,
        interest=Money(90),
        carried=_NOTHING,
        starts_on=later,
        ends_on=date(2027, 3, 2),
        merchant_fee=Money(250),
    )
    await _replan(ledger, plan, second, third)
    assert await _accrue(ledger, plan, datetime(2027, 1, 1, 9, tzinfo=UTC)) > 0
    assert await _accrue(ledger, plan, datetime(2027, 1, 11, 9, tzinfo=UTC)) == 0
    await _accrue(ledger, plan)
    assert await _balance(ledger, plan, "interest_receivable") == 900 + 450 + 90


async def test_no_change_makes_or_loses_a_merchant_fee(
    ledger: Database, plan: PlanBecameActive
) -> None:
    terms = EarningTerms(
        number=2,
        interest=Money(450),
        carried=_NOTHING,
        starts_on=_FIRST_DUE,
        ends_on=_LAST_DUE,
        merchant_fee=Money(1_251),
    )
    with pytest.raises(Defect, match="neither more nor less"):
        await _replan(ledger, plan, terms)
