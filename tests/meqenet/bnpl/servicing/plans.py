"""Plans that the tests serve, and their tables as people read them."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

from hypothesis import strategies as st

from meqenet.bnpl.day_count import DaysInMonth, DaysInYear, RepayUnit
from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.products import ProductVersion, product_from_document
from meqenet.bnpl.servicing.account import Account, InstallmentAccount, open_account
from meqenet.bnpl.servicing.allocation import Allocation
from meqenet.bnpl.servicing_policy import (
    Component,
    DayLimit,
    DelinquencyPolicy,
    ExtensionLimit,
    HardshipPolicy,
    LateFeeBasis,
    LateFeePolicy,
    PaidAhead,
    PayOffInterest,
    ServicingPolicy,
    SpreadLimit,
)
from meqenet.bnpl.terms import ScheduleTerms
from meqenet.calendar import MonthEnd
from meqenet.money import Money

_CATALOGUE = Path(__file__).parents[4] / "db" / "bnpl" / "catalogue"

SIX_MONTHS = ScheduleTerms(
    principal=Money.from_birr(100),
    annual_rate_percent=Decimal(7),
    disbursed_on=date(2024, 1, 1),
    repay_every=1,
    repay_unit=RepayUnit.MONTHS,
    number_of_installments=6,
    days_in_year=DaysInYear.DAYS_360,
    days_in_month=DaysInMonth.DAYS_30,
)
"""100 birr at 7 % over six months: 17.01 five times, then 17.00."""

FOUR_PARTS = ScheduleTerms(
    principal=Money.from_birr(4000),
    annual_rate_percent=Decimal(0),
    disbursed_on=date(2027, 1, 4),
    repay_every=14,
    repay_unit=RepayUnit.DAYS,
    number_of_installments=3,
    days_in_year=DaysInYear.DAYS_360,
    days_in_month=DaysInMonth.DAYS_30,
    down_payment_percent=Decimal(25),
)
"""Pay in 4: 1000 birr on 4, 18 January, 1 and 15 February 2027."""

FIXED_FEE = LateFeePolicy(
    grace_days=3,
    basis=LateFeeBasis.FIXED,
    amount=Money.from_birr(25),
    percent=None,
    every_days=None,
    installment_cap_percent=Decimal(10),
    plan_cap_percent=Decimal(5),
)
PERCENT_FEE = LateFeePolicy(
    grace_days=5,
    basis=LateFeeBasis.PERCENT_OF_OVERDUE,
    amount=None,
    percent=Decimal(2),
    every_days=30,
    installment_cap_percent=Decimal(6),
    plan_cap_percent=Decimal(3),
)

_DAYS = DayLimit(
    days_max=60,
    days_without_approval=30,
    times_max=3,
    times_without_approval=1,
    amount_without_approval=Money.from_birr(1_000_000),
    fee=Money.zero(),
)
POLICY = ServicingPolicy(
    allocation_order=(
        Component.PENALTY,
        Component.FEE,
        Component.INTEREST,
        Component.PRINCIPAL,
    ),
    paid_ahead=PaidAhead.NEXT_INSTALLMENT,
    pay_off_interest=PayOffInterest.TO_THE_DAY,
    late_fee=None,
    delinquency=DelinquencyPolicy(non_accrual_days=90, charge_off_days=180),
    hardship=HardshipPolicy(
        pause=_DAYS,
        move_due_date=_DAYS,
        spread_arrears=SpreadLimit(
            times_max=2,
            times_without_approval=1,
            amount_without_approval=Money.from_birr(1_000_000),
            fee=Money.zero(),
        ),
        extend=ExtensionLimit(
            installments_max=12,
            installments_without_approval=6,
            times_max=2,
            times_without_approval=1,
            amount_without_approval=Money.from_birr(1_000_000),
            fee=Money.zero(),
        ),
    ),
)


def birr(amount: str | int) -> Money:
    return Money.from_birr(amount)


def product(option: PaymentOption) -> ProductVersion:
    text = (_CATALOGUE / f"{option}-v2.json").read_text(encoding="utf-8")
    return product_from_document(document=json.loads(text, parse_float=Decimal))


def at(account: Account, number: int) -> InstallmentAccount:
    found = account.installment(number=number)
    assert found is not None
    return found


def schedule(account: Account) -> list[tuple[str, str, str, str]]:
    """Due date, principal, interest and both, of every installment."""
    return [
        (row.due_on.isoformat(), *_texts(row.owed.principal, row.owed.interest, row.owed.planned))
        for row in account.installments
    ]


def left(account: Account) -> list[str]:
    """What is left of every installment, fees included."""
    return [str(row.left.total) for row in account.installments]


def parts(allocation: Allocation) -> list[tuple[int, str, str]]:
    return [(part.number, part.component.value, str(part.amount)) for part in allocation.parts]


def _texts(principal: Money, interest: Money, both: Money) -> tuple[str, str, str]:
    return str(principal), str(interest), str(both)


@st.composite
def any_terms(draw: st.DrawFn) -> ScheduleTerms:
    """Terms of every day count, small and large, with interest and without."""
    days_in_month = draw(st.sampled_from(DaysInMonth))
    return ScheduleTerms(
        principal=Money(draw(st.integers(2_000, 30_000_000))),
        annual_rate_percent=Decimal(draw(st.sampled_from([0, 7, 18, 22, 120]))),
        disbursed_on=draw(st.dates(date(2024, 1, 1), date(2027, 12, 31))),
        repay_every=draw(st.integers(1, 3)),
        repay_unit=draw(st.sampled_from(RepayUnit)),
        number_of_installments=draw(st.integers(1, 9)),
        days_in_year=draw(st.sampled_from(DaysInYear)),
        days_in_month=days_in_month,
        down_payment_percent=draw(st.sampled_from([None, Decimal(25)])),
        installment_multiple_of=draw(st.sampled_from([None, Money(100)])),
        month_end=draw(st.sampled_from(MonthEnd)),
    )


@st.composite
def any_policy(draw: st.DrawFn) -> ServicingPolicy:
    return ServicingPolicy(
        allocation_order=tuple(draw(st.permutations(list(Component)))),
        paid_ahead=draw(st.sampled_from(PaidAhead)),
        pay_off_interest=draw(st.sampled_from(PayOffInterest)),
        late_fee=draw(st.sampled_from([None, FIXED_FEE, PERCENT_FEE])),
        delinquency=POLICY.delinquency,
        hardship=POLICY.hardship,
    )


def opened(terms: ScheduleTerms) -> Account:
    return open_account(terms=terms)
