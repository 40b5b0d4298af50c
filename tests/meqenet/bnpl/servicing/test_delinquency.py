from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.analytics.past_due import Lateness, lateness_of
from meqenet.bnpl.delinquency_events import (
    AccrualResumed,
    AccrualStopped,
    Bucket,
    BucketChanged,
    ChargeOffFellDue,
    DelinquencyChange,
)
from meqenet.bnpl.servicing.account import Account
from meqenet.bnpl.servicing.allocation import allocate
from meqenet.bnpl.servicing.delinquency import Standing, age, bucket_of, charge_off, days_past_due
from meqenet.bnpl.servicing.hardship import SpreadArrears, preview_change
from meqenet.bnpl.servicing.pay_off import pay_off_quote
from meqenet.errors import Refusal
from meqenet.money import Money
from tests.meqenet.bnpl.servicing.plans import (
    FIXED_FEE,
    FOUR_PARTS,
    POLICY,
    SIX_MONTHS,
    at,
    birr,
    left,
    opened,
)

_PLAN = opened(SIX_MONTHS)
_START = Standing(on=date(2024, 1, 1))


def _aged(account: Account, *, before: Standing, until: date) -> tuple[Standing, list[str]]:
    aged = age(account=account, policy=POLICY.delinquency, before=before, until=until)
    return aged.standing, [_told(change) for change in aged.changes]


def _told(change: DelinquencyChange) -> str:
    return f"{change.on} {_what(change)}"


def _what(change: DelinquencyChange) -> str:
    match change:
        case BucketChanged():
            return f"{change.before} -> {change.after} ({change.days_past_due})"
        case AccrualStopped():
            return f"accrual stopped ({change.days_past_due})"
        case AccrualResumed():
            return "accrual resumed"
        case ChargeOffFellDue():
            return f"charge-off due ({change.days_past_due})"


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        (-1, "current"),
        (0, "current"),
        (1, "1-7"),
        (7, "1-7"),
        (8, "8-30"),
        (30, "8-30"),
        (31, "31-60"),
        (60, "31-60"),
        (61, "61-90"),
        (90, "61-90"),
        (91, "90+"),
        (4_000, "90+"),
    ],
)
def test_buckets(days: int, bucket: str) -> None:
    assert bucket_of(days_past_due=days) == bucket


def test_reports_know_the_same_buckets() -> None:
    assert {each.name: each.value for each in Bucket} == {
        each.name: each.value for each in Lateness
    }
    assert all(
        bucket_of(days_past_due=days).value == lateness_of(days_past_due=days).value
        for days in range(-1, 200)
    )


def test_days_count_from_the_day_after_the_oldest_unpaid_due_date() -> None:
    # 18 January 2027 is due; the 19th is Epiphany, a holiday, and a day like any other.
    account = opened(FOUR_PARTS)
    paid_down = allocate(account=account, policy=POLICY, amount=birr(1000), on=date(2027, 1, 4))
    found = [
        days_past_due(account=paid_down.account, on=date(2027, 1, day)) for day in (17, 18, 19, 25)
    ]
    assert found == [0, 0, 1, 7]


def test_a_part_paid_installment_is_late_and_a_fee_alone_is_not() -> None:
    policy = replace(
        POLICY,
        late_fee=FIXED_FEE,
        allocation_order=tuple(reversed(POLICY.allocation_order)),
    )
    account = opened(FOUR_PARTS)
    account = allocate(
        account=account, policy=policy, amount=birr(1000), on=date(2027, 1, 4)
    ).account
    on = date(2027, 1, 23)
    part = allocate(account=account, policy=policy, amount=birr("999.99"), on=on)
    whole = allocate(account=account, policy=policy, amount=birr(1000), on=on)
    assert at(whole.account, 2).left.total == birr(25)
    found = [days_past_due(account=each.account, on=on) for each in (part, whole)]
    assert found == [5, 0]


def test_every_change_is_told_on_its_day() -> None:
    standing, told = _aged(_PLAN, before=_START, until=date(2024, 8, 31))
    assert told == [
        "2024-02-02 current -> 1-7 (1)",
        "2024-02-09 1-7 -> 8-30 (8)",
        "2024-03-03 8-30 -> 31-60 (31)",
        "2024-04-02 31-60 -> 61-90 (61)",
        "2024-05-01 accrual stopped (90)",
        "2024-05-02 61-90 -> 90+ (91)",
        "2024-07-30 charge-off due (180)",
    ]
    assert standing == Standing(
        on=date(2024, 8, 31), days_past_due=212, is_accruing=False, charge_off_due=True
    )
    assert _aged(_PLAN, before=standing, until=standing.on) == (standing, [])


def test_a_payment_brings_the_bucket_back_but_interest_only_when_all_is_paid() -> None:
    on = date(2024, 5, 10)
    late, _ = _aged(_PLAN, before=_START, until=on)
    one = allocate(account=_PLAN, policy=POLICY, amount=birr("17.01"), on=on).account
    part, told = _aged(one, before=late, until=on)
    assert told == ["2024-05-10 90+ -> 61-90 (70)"]
    assert not part.is_accruing
    all_due = allocate(account=one, policy=POLICY, amount=birr("51.03"), on=on).account
    cured, told = _aged(all_due, before=part, until=on)
    assert told == ["2024-05-10 61-90 -> current (0)", "2024-05-10 accrual resumed"]
    assert cured.is_accruing


def test_spread_arrears_are_not_paid_arrears() -> None:
    on = date(2024, 5, 10)
    late, _ = _aged(_PLAN, before=_START, until=on)
    spread = preview_change(account=_PLAN, policy=POLICY, change=SpreadArrears(), on=on).after
    standing, told = _aged(spread, before=late, until=on)
    assert (told, standing.is_accruing) == (["2024-05-10 90+ -> current (0)"], False)
    assert spread.arrears_moved == birr("68.04")
    # The first of the two larger installments is paid, then the second: then it is made good.
    first = allocate(
        account=spread, policy=POLICY, amount=at(spread, 5).left.total, on=date(2024, 6, 1)
    ).account
    assert not _aged(first, before=standing, until=date(2024, 6, 1))[0].is_accruing
    second = allocate(
        account=first, policy=POLICY, amount=birr("40.00"), on=date(2024, 6, 2)
    ).account
    assert _aged(second, before=standing, until=date(2024, 6, 2))[0].is_accruing


def test_a_loss_is_what_the_books_have_earned_and_what_comes_is_a_recovery() -> None:
    rows = (
        replace(at(_PLAN, 1), accrued_interest=birr("0.58")),
        replace(at(_PLAN, 2), accrued_interest=birr("0.30")),
    )
    policy = replace(POLICY, late_fee=replace(FIXED_FEE, amount=birr("1.50")))
    on = date(2024, 7, 30)
    account = allocate(
        account=_PLAN.with_installments(*rows), policy=policy, amount=birr(5), on=on
    ).account
    assert account.left.penalty == birr("3.50")
    lost = charge_off(account=account, on=on)
    assert (lost.principal, lost.interest, lost.late_fee) == (
        birr("97.08"),
        birr("0.30"),
        birr("3.50"),
    )
    assert left(lost.account) == ["13.51", "18.32", "18.12", "17.22", "16.81", "16.90"]
    quote = pay_off_quote(account=lost.account, policy=policy, on=date(2026, 1, 1))
    assert quote.total == birr("100.88")
    part = allocate(account=lost.account, policy=policy, amount=birr(50), on=date(2025, 1, 1))
    rest = allocate(account=part.account, policy=policy, amount=birr(60), on=date(2026, 1, 1))
    assert (part.is_recovery, rest.is_recovery, rest.ends_plan) == (True, True, True)
    assert rest.credited == birr("9.12")
    recovered = part.bookings.principal + rest.bookings.principal
    earned = part.bookings.accrued_interest + rest.bookings.accrued_interest
    fees = part.bookings.late_fee + rest.bookings.late_fee
    assert (recovered, earned, fees) == (lost.principal, lost.interest, lost.late_fee)
    assert part.bookings.interest + rest.bookings.interest == Money.zero()


def test_nothing_is_added_after_a_charge_off_though_dates_are_still_to_come() -> None:
    rows = (replace(at(_PLAN, 2), accrued_interest=birr("0.20")),)
    lost = charge_off(account=_PLAN.with_installments(*rows), on=date(2024, 2, 14)).account
    for on in (date(2024, 2, 14), date(2024, 2, 20), date(2024, 6, 15), date(2030, 1, 1)):
        quote = pay_off_quote(account=lost, policy=POLICY, on=on)
        assert (quote.owed.principal, quote.owed.interest) == (birr(100), birr("0.20"))
    part = allocate(account=lost, policy=POLICY, amount=birr(60), on=date(2024, 2, 20))
    assert part.account.left.total == birr("40.20")


def test_a_plan_is_lost_once_and_only_if_something_is_owed() -> None:
    lost = charge_off(account=_PLAN, on=date(2024, 7, 30)).account
    paid = allocate(account=_PLAN, policy=POLICY, amount=birr(200), on=date(2024, 7, 30)).account
    for account, text in (
        (lost, "plan: the plan was charged off"),
        (paid, "plan: nothing is owed"),
    ):
        with pytest.raises(Refusal, match=text) as refused:
            charge_off(account=account, on=date(2024, 8, 1))
        assert refused.value.code == "charge_off_invalid"
    standing, told = _aged(lost, before=_START, until=date(2024, 8, 1))
    assert (standing.charge_off_due, standing.is_accruing) == (False, False)
    assert "2024-01-01 accrual stopped (0)" in told


def test_time_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="until: not before the standing"):
        _aged(_PLAN, before=_START, until=date(2023, 12, 31))


@given(stops=st.lists(st.integers(0, 90), max_size=6))
def test_changes_do_not_depend_on_how_often_it_is_asked(stops: list[int]) -> None:
    standing, told = _START, list[str]()
    for days in stops:
        standing, more = _aged(_PLAN, before=standing, until=standing.on + timedelta(days=days))
        told += more
    assert (standing, told) == _aged(_PLAN, before=_START, until=standing.on)
