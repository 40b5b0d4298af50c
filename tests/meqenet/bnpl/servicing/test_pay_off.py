from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from meqenet.bnpl.day_count import DaysInMonth, DaysInYear
from meqenet.bnpl.servicing.account import Account, PausedDays
from meqenet.bnpl.servicing.allocation import allocate, pay_off_from_credit
from meqenet.bnpl.servicing.hardship import (
    ExtendPlan,
    HardshipChange,
    MoveDueDate,
    PausePlan,
    SpreadArrears,
    preview_change,
)
from meqenet.bnpl.servicing.late_fees import charge_late_fees
from meqenet.bnpl.servicing.pay_off import pay_off_quote
from meqenet.bnpl.servicing_policy import PayOffInterest, ServicingPolicy
from meqenet.bnpl.terms import ScheduleTerms
from meqenet.errors import Refusal
from meqenet.money import Money
from tests.meqenet.bnpl.servicing.plans import (
    FIXED_FEE,
    FOUR_PARTS,
    POLICY,
    SIX_MONTHS,
    any_policy,
    any_terms,
    birr,
    opened,
)

_PLAN = opened(SIX_MONTHS)
_PAID_ONCE = allocate(
    account=_PLAN, policy=POLICY, amount=birr("17.01"), on=date(2024, 2, 1)
).account
_TO_REST = replace(POLICY, pay_off_interest=PayOffInterest.TO_NEXT_REST_DATE)


@pytest.mark.parametrize(
    ("policy", "on", "principal", "interest", "total"),
    [
        (POLICY, date(2024, 2, 1), "83.57", "0.00", "83.57"),
        (POLICY, date(2024, 2, 2), "83.57", "0.02", "83.59"),
        (POLICY, date(2024, 2, 15), "83.57", "0.24", "83.81"),
        (POLICY, date(2024, 2, 29), "83.57", "0.47", "84.04"),
        (POLICY, date(2024, 3, 1), "83.57", "0.49", "84.06"),
        # What is overdue earns nothing more: 0.49, and 14/31 of 67.05's 0.39.
        (POLICY, date(2024, 3, 15), "83.57", "0.67", "84.24"),
        (POLICY, date(2030, 1, 1), "83.57", "1.47", "85.04"),
        (_TO_REST, date(2024, 2, 1), "83.57", "0.00", "83.57"),
        (_TO_REST, date(2024, 2, 2), "83.57", "0.49", "84.06"),
        (_TO_REST, date(2024, 2, 15), "83.57", "0.49", "84.06"),
    ],
)
def test_interest_runs_to_the_day_or_to_the_next_due_date(
    policy: ServicingPolicy, on: date, principal: str, interest: str, total: str
) -> None:
    quote = pay_off_quote(account=_PAID_ONCE, policy=policy, on=on)
    assert (quote.owed.principal, quote.owed.interest) == (birr(principal), birr(interest))
    assert quote.total == birr(total)
    assert quote.interest_saved == birr("1.47") - birr(interest)


@pytest.mark.parametrize(
    ("days_in_year", "days_in_month", "interest"),
    [
        # 10,000 birr at 12 % from 12 December 2023 on, until 5 January 2024.
        (DaysInYear.ACTUAL, DaysInMonth.ACTUAL, "78.86"),  # 19/365 + 5/366
        (DaysInYear.DAYS_365, DaysInMonth.ACTUAL, "78.90"),  # 24/365
        (DaysInYear.DAYS_360, DaysInMonth.ACTUAL, "80.00"),  # 24/360
        (DaysInYear.DAYS_360, DaysInMonth.DAYS_30, "77.42"),  # 24/31 of a month
    ],
)
def test_the_day_is_counted_as_the_plan_counts(
    days_in_year: DaysInYear, days_in_month: DaysInMonth, interest: str
) -> None:
    terms = replace(
        SIX_MONTHS,
        principal=birr(10_000),
        annual_rate_percent=Decimal(12),
        disbursed_on=date(2023, 12, 12),
        days_in_year=days_in_year,
        days_in_month=days_in_month,
    )
    quote = pay_off_quote(account=opened(terms), policy=POLICY, on=date(2024, 1, 5))
    assert quote.owed.interest == birr(interest)


def test_paused_days_cost_nothing_in_the_quote() -> None:
    pause = PausedDays(first=date(2024, 2, 5), last=date(2024, 2, 10))
    account = replace(_PAID_ONCE, pauses=(pause,))
    quotes = [
        str(pay_off_quote(account=account, policy=POLICY, on=date(2024, 2, day)).owed.interest)
        for day in (4, 5, 10, 11, 15)
    ]
    assert quotes == ["0.05", "0.05", "0.05", "0.07", "0.13"]


def test_the_quote_names_the_late_fees_until_its_day_and_takes_the_credit_off() -> None:
    policy = replace(POLICY, late_fee=FIXED_FEE)
    account = replace(opened(FOUR_PARTS), credit=birr(40))
    quote = pay_off_quote(account=account, policy=policy, on=date(2027, 1, 22))
    assert [(fee.number, fee.on) for fee in quote.late_fees] == [
        (1, date(2027, 1, 8)),
        (2, date(2027, 1, 22)),
    ]
    assert (quote.owed.principal, quote.owed.penalty) == (birr(4000), birr(50))
    assert (quote.credit, quote.total) == (birr(40), birr(4010))


_CHANGES = (
    PausePlan(first_day=date(2027, 1, 1), last_day=date(2027, 1, 20)),
    MoveDueDate(number=2, to=date(2027, 1, 1)),
    SpreadArrears(),
    ExtendPlan(installments=3),
)


def _lived(account: Account, *, policy: ServicingPolicy, story: list[tuple[int, int]]) -> Account:
    """Payments and changes, each some days after the one before; what is refused is left out."""
    on = account.terms.disbursed_on
    for days, step in story:
        on += timedelta(days=days)
        if step >= len(_CHANGES):
            amount = Money(account.terms.principal.santim * step // 300 + 1)
            account = allocate(account=account, policy=policy, amount=amount, on=on).account
            continue
        change: HardshipChange = _CHANGES[step]
        match change:
            case PausePlan():
                change = PausePlan(first_day=on, last_day=on + timedelta(days=19))
            case MoveDueDate():
                rows = [row for row in account.installments if row.due_on >= on]
                number = rows[0].number if rows else 1
                day = rows[0].due_on + timedelta(days=17) if rows else on
                change = MoveDueDate(number=number, to=day)
            case SpreadArrears() | ExtendPlan():
                pass
        try:
            preview = preview_change(account=account, policy=policy, change=change, on=on)
        except Refusal:
            continue
        account = preview.after
    return account


@given(
    terms=any_terms(),
    policy=any_policy(),
    story=st.lists(
        st.tuples(
            st.one_of(st.integers(0, 5), st.integers(6, 40)),
            st.one_of(st.integers(0, len(_CHANGES) - 1), st.integers(len(_CHANGES), 40)),
        ),
        min_size=1,
        max_size=6,
    ),
    days=st.integers(0, 400),
)
def test_paying_the_quote_ends_any_plan_with_nothing_left(
    terms: ScheduleTerms, policy: ServicingPolicy, story: list[tuple[int, int]], days: int
) -> None:
    account = _lived(opened(terms), policy=policy, story=story)
    assume(not account.is_paid)
    on = terms.disbursed_on + timedelta(days=sum(gap for gap, _ in story) + days)
    quote = pay_off_quote(account=account, policy=policy, on=on)
    # What was quoted in advance is what is charged on the day, the fees between them included.
    day = charge_late_fees(account=account, policy=policy.late_fee, until=on).account
    assert pay_off_quote(account=day, policy=policy, on=on).total == quote.total
    if quote.total:
        done = allocate(account=day, policy=policy, amount=quote.total, on=on)
        assert (done.credited, done.account.credit) == (Money.zero(), Money.zero())
    else:
        done = pay_off_from_credit(account=day, policy=policy, on=on)
    assert done.ends_plan
    assert all(not row.left.total for row in done.account.installments)
    assert pay_off_quote(account=done.account, policy=policy, on=on).total == Money.zero()


@given(terms=any_terms(), policy=any_policy(), days=st.integers(0, 400))
def test_a_santim_less_than_the_quote_does_not_end_the_plan(
    terms: ScheduleTerms, policy: ServicingPolicy, days: int
) -> None:
    on = terms.disbursed_on + timedelta(days=days)
    amount = pay_off_quote(account=opened(terms), policy=policy, on=on).total - Money(1)
    done = allocate(account=opened(terms), policy=policy, amount=amount, on=on)
    assert (done.ends_plan, done.credited) == (False, Money.zero())
    assert done.account.left.total > Money.zero()
