from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.bnpl.servicing.account import Account
from meqenet.bnpl.servicing.allocation import allocate, pay_off_from_credit
from meqenet.bnpl.servicing.pouring import Bookings
from meqenet.bnpl.servicing_policy import Component, PaidAhead, ServicingPolicy
from meqenet.bnpl.terms import ScheduleTerms
from meqenet.errors import Refusal
from meqenet.money import Money, total
from tests.meqenet.bnpl.servicing.plans import (
    FIXED_FEE,
    FOUR_PARTS,
    POLICY,
    SIX_MONTHS,
    any_policy,
    any_terms,
    at,
    birr,
    left,
    opened,
    parts,
    schedule,
)

_PLAN = opened(SIX_MONTHS)
_FEES = replace(POLICY, late_fee=replace(FIXED_FEE, amount=birr("1.00")))
_PRINCIPAL_FIRST = replace(
    _FEES,
    allocation_order=(
        Component.PRINCIPAL,
        Component.INTEREST,
        Component.FEE,
        Component.PENALTY,
    ),
)


def _after_first(account: Account = _PLAN) -> Account:
    return allocate(
        account=account, policy=POLICY, amount=birr("17.01"), on=date(2024, 2, 1)
    ).account


@pytest.mark.parametrize(
    ("policy", "amount", "paid"),
    [
        # Past due on 10 March: 1 (1.00 late fee) and 2 (1.00).
        (_FEES, "0.60", [(1, "penalty", "0.60")]),
        (
            _FEES,
            "1.70",
            [(1, "penalty", "1.00"), (1, "interest", "0.58"), (1, "principal", "0.12")],
        ),
        (
            _FEES,
            "19.51",
            [
                (1, "penalty", "1.00"),
                (1, "interest", "0.58"),
                (1, "principal", "16.43"),
                (2, "penalty", "1.00"),
                (2, "interest", "0.49"),
                (2, "principal", "0.01"),
            ],
        ),
        (_PRINCIPAL_FIRST, "16.50", [(1, "principal", "16.43"), (1, "interest", "0.07")]),
        (
            _PRINCIPAL_FIRST,
            "18.02",
            [
                (1, "principal", "16.43"),
                (1, "interest", "0.58"),
                (1, "penalty", "1.00"),
                (2, "principal", "0.01"),
            ],
        ),
    ],
)
def test_what_is_past_due_is_paid_oldest_first_in_the_order_of_the_plan(
    policy: ServicingPolicy, amount: str, paid: list[tuple[int, str, str]]
) -> None:
    done = allocate(account=_PLAN, policy=policy, amount=birr(amount), on=date(2024, 3, 10))
    assert parts(done) == paid
    assert [(fee.number, str(fee.amount)) for fee in done.late_fees] == [(1, "1.00"), (2, "1.00")]
    assert (done.credited, done.ends_plan) == (Money.zero(), False)


def test_a_payment_on_its_day_pays_its_installment() -> None:
    done = allocate(account=_PLAN, policy=POLICY, amount=birr("17.01"), on=date(2024, 2, 1))
    assert parts(done) == [(1, "interest", "0.58"), (1, "principal", "16.43")]
    assert schedule(done.account) == schedule(_PLAN)


def test_the_next_installment_is_paid_before_its_day_as_planned() -> None:
    done = allocate(account=_PLAN, policy=POLICY, amount=birr("17.01"), on=date(2024, 1, 29))
    assert parts(done) == [(1, "interest", "0.58"), (1, "principal", "16.43")]
    assert left(done.account) == ["0.00", "17.01", "17.01", "17.01", "17.01", "17.00"]


def test_principal_paid_ahead_lowers_the_interest_to_come() -> None:
    done = allocate(account=_after_first(), policy=POLICY, amount=birr(50), on=date(2024, 2, 15))
    assert parts(done) == [
        (2, "interest", "0.49"),
        (2, "principal", "16.52"),
        (3, "principal", "16.62"),
        (4, "principal", "16.37"),
    ]
    # 34.06 is left from March on: it earns 0.20 a month instead of 0.39, 0.29 and 0.20.
    assert left(done.account) == ["0.00", "0.00", "0.20", "0.55", "17.01", "17.00"]


def test_the_last_installments_are_paid_first_where_the_plan_says_so() -> None:
    policy = replace(POLICY, paid_ahead=PaidAhead.LAST_INSTALLMENT)
    done = allocate(account=_after_first(), policy=policy, amount=birr(20), on=date(2024, 2, 15))
    assert parts(done) == [(6, "principal", "16.90"), (5, "principal", "3.10")]
    assert left(done.account) == ["0.00", "17.01", "16.89", "16.90", "13.79", "0.00"]


def test_a_period_that_begins_today_costs_no_interest_yet() -> None:
    done = allocate(account=_PLAN, policy=POLICY, amount=birr("20.00"), on=date(2024, 2, 1))
    assert parts(done) == [
        (1, "interest", "0.58"),
        (1, "principal", "16.43"),
        (2, "principal", "2.99"),
    ]
    assert at(done.account, 2).owed.interest == birr("0.47")


def test_too_much_ends_the_plan_and_is_the_customers_credit() -> None:
    done = allocate(account=_after_first(), policy=POLICY, amount=birr(100), on=date(2024, 2, 15))
    assert done.ends_plan
    assert (done.paid.principal, done.paid.interest) == (birr("83.57"), birr("0.24"))
    assert (done.credited, done.account.credit) == (birr("16.19"), birr("16.19"))


def test_money_for_a_plan_that_is_paid_is_all_credit() -> None:
    paid = allocate(account=_after_first(), policy=POLICY, amount=birr(100), on=date(2024, 2, 15))
    late = allocate(account=paid.account, policy=POLICY, amount=birr(5), on=date(2024, 3, 1))
    assert (late.parts, late.credited) == ((), birr(5))
    assert late.account.credit == birr("21.19")


def test_credit_pays_beside_the_payment_that_ends_the_plan() -> None:
    account = replace(_after_first(), credit=birr(30))
    done = allocate(account=account, policy=POLICY, amount=birr("53.81"), on=date(2024, 2, 15))
    assert done.ends_plan
    assert total(part.amount for part in done.credit_parts) == birr(30)
    assert (done.credited, done.account.credit) == (Money.zero(), Money.zero())
    assert done.credit_bookings.principal + done.bookings.principal == birr("83.57")
    assert done.credit_bookings.interest + done.bookings.interest == birr("0.24")


def test_credit_that_is_enough_ends_the_plan_alone() -> None:
    account = replace(_after_first(), credit=birr(84))
    done = pay_off_from_credit(account=account, policy=POLICY, on=date(2024, 2, 15))
    assert (done.ends_plan, done.account.credit) == (True, birr("0.19"))
    with pytest.raises(Refusal, match=r"amount: 0\.81 birr more than the credit"):
        pay_off_from_credit(
            account=replace(account, credit=birr(83)), policy=POLICY, on=date(2024, 2, 15)
        )


def test_the_books_are_told_what_of_the_interest_they_have_earned() -> None:
    rows = (replace(at(_PLAN, 1), accrued_interest=birr("0.40")),)
    account = _PLAN.with_installments(*rows)
    done = allocate(account=account, policy=_FEES, amount=birr("18.01"), on=date(2024, 2, 10))
    assert done.bookings == Bookings(
        principal=birr("16.43"),
        accrued_interest=birr("0.40"),
        interest=birr("0.18"),
        late_fee=birr("1.00"),
    )


def test_interest_earned_or_paid_for_days_that_do_not_come_goes_back() -> None:
    paid = allocate(
        account=_after_first(), policy=POLICY, amount=birr("17.01"), on=date(2024, 2, 2)
    )
    earned = replace(at(paid.account, 2), accrued_interest=birr("0.03"))
    done = allocate(
        account=paid.account.with_installments(earned),
        policy=POLICY,
        amount=birr("66.60"),
        on=date(2024, 2, 4),
    )
    # Three days of 83.57 less two of 16.52 are 0.04; 0.49 was paid.
    assert (done.ends_plan, done.interest_returned) == (True, birr("0.45"))
    assert (done.credited, done.account.credit) == (Money.zero(), Money.zero())
    unpaid = replace(at(_after_first(), 2), accrued_interest=birr("0.49"))
    ended = allocate(
        account=_after_first().with_installments(unpaid),
        policy=POLICY,
        amount=birr("83.81"),
        on=date(2024, 2, 15),
    )
    assert (ended.bookings.accrued_interest, ended.interest_unearned) == (
        birr("0.24"),
        birr("0.25"),
    )


def test_a_payment_is_more_than_nothing() -> None:
    with pytest.raises(Refusal, match="amount: more than 0") as refused:
        allocate(account=_PLAN, policy=POLICY, amount=Money.zero(), on=date(2024, 2, 1))
    assert (refused.value.code, refused.value.field) == ("payment_invalid", "amount")


def test_a_free_plan_is_paid_in_its_order() -> None:
    account = opened(FOUR_PARTS)
    for amount, on in ((1000, date(2027, 1, 4)), (1500, date(2027, 1, 10))):
        done = allocate(account=account, policy=POLICY, amount=birr(amount), on=on)
        account = done.account
    assert left(account) == ["0.00", "0.00", "500.00", "1000.00"]


@given(
    terms=any_terms(),
    policy=any_policy(),
    steps=st.lists(
        st.tuples(st.integers(0, 40), st.integers(1, 4_000), st.integers(0, 99)),
        min_size=1,
        max_size=8,
    ),
)
def test_every_payment_adds_up_and_none_is_lost(
    terms: ScheduleTerms, policy: ServicingPolicy, steps: list[tuple[int, int, int]]
) -> None:
    account, on, came = opened(terms), terms.disbursed_on, Money.zero()
    for days, share, santim in steps:
        on += timedelta(days=days)
        amount = Money(terms.principal.santim * share // 10_000 + santim + 1)
        done = allocate(account=account, policy=policy, amount=amount, on=on)
        came += amount
        assert total(part.amount for part in done.parts) + done.credited == amount
        assert (
            done.bookings.principal
            + done.bookings.accrued_interest
            + done.bookings.interest
            + done.bookings.late_fee
            + done.credited
        ) == amount
        assert not done.credited or done.ends_plan
        past_due = [row.number for row in done.account.past_due(on=on)]
        paid_newer = {p.number for p in done.parts if past_due and p.number > past_due[0]}
        assert not paid_newer
        account = done.account
        assert total(row.owed.principal for row in account.installments) == terms.principal
        assert total(row.paid.total for row in account.installments) + account.credit == came
