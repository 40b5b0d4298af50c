from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.servicing.account import Account
from meqenet.bnpl.servicing.allocation import allocate
from meqenet.bnpl.servicing.delinquency import charge_off
from meqenet.bnpl.servicing.late_fees import (
    charge_late_fees,
    late_fees_due,
    late_fees_if_never_paid,
    plan_cap,
    waive_late_fee,
)
from meqenet.bnpl.servicing_policy import LateFeePolicy
from meqenet.bnpl.terms import ScheduleTerms
from meqenet.errors import Refusal
from meqenet.money import Money, total
from tests.meqenet.bnpl.servicing.plans import (
    FIXED_FEE,
    FOUR_PARTS,
    PERCENT_FEE,
    POLICY,
    any_terms,
    at,
    birr,
    opened,
    product,
)

_PLAN = allocate(
    account=opened(FOUR_PARTS), policy=POLICY, amount=birr(1000), on=date(2027, 1, 4)
).account
_DAILY = replace(FIXED_FEE, every_days=1, amount=birr(5), plan_cap_percent=Decimal(100))


def _fees(
    policy: LateFeePolicy | None, *, account: Account = _PLAN, until: date | None = None
) -> list[tuple[int, int, str, str]]:
    return [
        (fee.number, fee.period, fee.on.isoformat(), str(fee.amount))
        for fee in late_fees_due(account=account, policy=policy, until=until)
    ]


@pytest.mark.parametrize(
    ("policy", "fees"),
    [
        (None, []),
        (
            FIXED_FEE,
            [
                (2, 1, "2027-01-22", "25.00"),
                (3, 1, "2027-02-05", "25.00"),
                (4, 1, "2027-02-19", "25.00"),
            ],
        ),
        # 5 % of the 3000 birr financed are 150: the third installment's fee is cut.
        (
            replace(FIXED_FEE, amount=birr(70)),
            [
                (2, 1, "2027-01-22", "70.00"),
                (3, 1, "2027-02-05", "70.00"),
                (4, 1, "2027-02-19", "10.00"),
            ],
        ),
        # 2 % of what is overdue every 30 days, 60 birr an installment and 90 birr a plan at most.
        (
            PERCENT_FEE,
            [
                (2, 1, "2027-01-24", "20.00"),
                (3, 1, "2027-02-07", "20.00"),
                (4, 1, "2027-02-21", "20.00"),
                (2, 2, "2027-02-23", "20.00"),
                (3, 2, "2027-03-09", "10.00"),
            ],
        ),
        (
            replace(FIXED_FEE, grace_days=0, amount=birr(60), every_days=10),
            [
                (2, 1, "2027-01-19", "60.00"),
                (2, 2, "2027-01-29", "40.00"),
                (3, 1, "2027-02-02", "50.00"),
            ],
        ),
    ],
)
def test_what_lateness_would_cost_is_told_in_advance(
    policy: LateFeePolicy | None, fees: list[tuple[int, int, str, str]]
) -> None:
    assert _fees(policy) == fees


def test_the_grace_days_are_free_and_a_holiday_is_a_day() -> None:
    # 19 January 2027 is Epiphany: grace runs from the due date, whatever day it is.
    assert _fees(FIXED_FEE, until=date(2027, 1, 21)) == []
    assert len(_fees(FIXED_FEE, until=date(2027, 1, 22))) == 1


def test_a_fee_is_charged_once_whoever_asks() -> None:
    account, days = _PLAN, [date(2027, 1, 1) + timedelta(days=n) for n in range(200)]
    for day in days:
        charged = charge_late_fees(account=account, policy=PERCENT_FEE, until=day)
        again = charge_late_fees(account=charged.account, policy=PERCENT_FEE, until=day)
        assert again == replace(charged, fees=())
        account = charged.account
    at_once = charge_late_fees(account=_PLAN, policy=PERCENT_FEE, until=days[-1])
    assert account == at_once.account
    assert account.left.penalty == birr(90)


def test_no_fee_is_taken_on_a_fee() -> None:
    charged = charge_late_fees(account=_PLAN, policy=PERCENT_FEE, until=date(2027, 1, 24)).account
    part_paid = allocate(
        account=charged,
        policy=replace(POLICY, late_fee=PERCENT_FEE),
        amount=birr(520),
        on=date(2027, 1, 25),
    ).account
    # 20 pay the fee and 500 the installment; 2 % of the 500 that are left.
    assert _fees(PERCENT_FEE, account=part_paid, until=date(2027, 2, 23)) == [
        (3, 1, "2027-02-07", "20.00"),
        (4, 1, "2027-02-21", "20.00"),
        (2, 2, "2027-02-23", "10.00"),
    ]


def test_an_installment_that_is_paid_costs_nothing_though_its_fee_is_not() -> None:
    principal_first = tuple(reversed(POLICY.allocation_order))
    done = allocate(
        account=_PLAN,
        policy=replace(POLICY, late_fee=_DAILY, allocation_order=principal_first),
        amount=birr(1000),
        on=date(2027, 1, 23),
    )
    assert at(done.account, 2).left.total == birr(10)
    assert _fees(_DAILY, account=done.account, until=date(2027, 1, 31)) == []


def test_a_waiver_takes_back_and_is_not_charged_again() -> None:
    charged = charge_late_fees(account=_PLAN, policy=_DAILY, until=date(2027, 1, 25)).account
    assert charged.left.penalty == birr(20)
    waived = waive_late_fee(account=charged, number=2, amount=birr(15))
    assert waived.account.left.penalty == birr(5)
    assert _fees(_DAILY, account=waived.account, until=date(2027, 1, 25)) == []
    # The cap counts what was charged, waived or not.
    assert plan_cap(account=waived.account, policy=_DAILY).charged == birr(20)
    assert total(f.amount for f in late_fees_due(account=waived.account, policy=_DAILY, until=None))
    for number, amount, text in (
        (9, "1.00", "number: no installment 9"),
        (2, "5.01", "amount: more than 0 and at most 5.00"),
        (2, "0.00", "amount: more than 0"),
    ):
        with pytest.raises(Refusal, match=text) as refused:
            waive_late_fee(account=waived.account, number=number, amount=birr(amount))
        assert refused.value.code == "waiver_invalid"


def test_a_plan_that_was_charged_off_costs_no_more() -> None:
    lost = charge_off(account=_PLAN, on=date(2027, 8, 1)).account
    assert _fees(FIXED_FEE, account=lost) == []


@pytest.mark.parametrize(
    ("option", "amount", "count", "most"),
    [
        # The smallest plan of each product: what every installment's lateness costs at most.
        (PaymentOption.PAY_IN_4, "500.00", 3, "18.75"),
        (PaymentOption.PAY_IN_30, "200.00", 1, "10.00"),
        (PaymentOption.PAY_OVER_TIME, "3000.00", 6, "90.00"),
    ],
)
def test_the_smallest_plan_never_costs_more_than_its_cap(
    option: PaymentOption, amount: str, count: int, most: str
) -> None:
    version = product(option)
    policy = version.servicing_policy.late_fee
    assert (version.amount_min, policy is not None) == (birr(amount), True)
    terms = replace(
        FOUR_PARTS,
        principal=version.amount_min,
        repay_every=version.repay_every,
        repay_unit=version.repay_unit,
        number_of_installments=count,
        down_payment_percent=version.down_payment_percent,
    )
    fees = late_fees_if_never_paid(terms=terms, policy=policy)
    assert total(fee.amount for fee in fees) == birr(most)


@given(
    terms=any_terms(),
    policy=st.sampled_from([FIXED_FEE, PERCENT_FEE, _DAILY]),
    grace=st.integers(0, 10),
)
def test_no_cap_is_ever_broken(terms: ScheduleTerms, policy: LateFeePolicy, grace: int) -> None:
    policy = replace(policy, grace_days=grace, amount=policy.amount and birr(5_000))
    account = opened(terms)
    fees = late_fees_due(account=account, policy=policy, until=None)
    assert len({(fee.number, fee.period) for fee in fees}) == len(fees)
    assert [fee.on for fee in fees] == sorted(fee.on for fee in fees)
    assert all(fee.amount > Money.zero() for fee in fees)
    assert total(fee.amount for fee in fees) <= plan_cap(account=account, policy=policy).cap
    for row in account.installments:
        charged = total(fee.amount for fee in fees if fee.number == row.number)
        most = policy.installment_cap_percent * row.owed.planned.santim / 100
        assert charged.santim <= most
        assert all(
            fee.on > row.due_on + timedelta(days=grace) for fee in fees if fee.number == row.number
        )
