from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from meqenet.bnpl.day_count import DaysInMonth, DaysInYear
from meqenet.bnpl.servicing.account import Account, PausedDays
from meqenet.bnpl.servicing.allocation import allocate
from meqenet.bnpl.servicing.hardship import (
    ExtendPlan,
    HardshipChange,
    HardshipPreview,
    MoveDueDate,
    PausePlan,
    SpreadArrears,
    preview_change,
)
from meqenet.bnpl.servicing.replanning import keep_level
from meqenet.bnpl.servicing_policy import PaidAhead, ServicingPolicy
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
    schedule,
)

_PLAN = opened(SIX_MONTHS)
_PAID_ONCE = allocate(
    account=_PLAN, policy=POLICY, amount=birr("17.01"), on=date(2024, 2, 1)
).account
_FREE = allocate(
    account=opened(FOUR_PARTS), policy=POLICY, amount=birr(1000), on=date(2027, 1, 4)
).account


def _preview(
    change: HardshipChange,
    *,
    on: date,
    account: Account = _PLAN,
    policy: ServicingPolicy = POLICY,
) -> HardshipPreview:
    return preview_change(account=account, policy=policy, change=change, on=on)


# The tables of moved dates and of interest pauses are those that Apache Fineract publishes for its
# progressive loan: LoanReschedule.feature C3388, C3389, C3390; LoanInterestPause.feature C3475 and
# C3476 (data only, Apache-2.0).


def test_a_moved_date_makes_its_period_dearer_and_the_last_installment_absorbs_it() -> None:
    moved = _preview(MoveDueDate(number=1, to=date(2024, 3, 1)), on=date(2024, 1, 1))
    assert schedule(moved.after) == [
        ("2024-03-01", "15.84", "1.17", "17.01"),
        ("2024-04-01", "16.52", "0.49", "17.01"),
        ("2024-05-01", "16.62", "0.39", "17.01"),
        ("2024-06-01", "16.71", "0.30", "17.01"),
        ("2024-07-01", "16.81", "0.20", "17.01"),
        ("2024-08-01", "17.50", "0.10", "17.60"),
    ]
    assert (moved.interest_difference, moved.fee, moved.cost) == (
        birr("0.60"),
        Money.zero(),
        birr("0.60"),
    )
    assert schedule(moved.before) == schedule(_PLAN)
    again = _preview(
        MoveDueDate(number=3, to=date(2024, 6, 1)), on=date(2024, 4, 15), account=moved.after
    )
    assert schedule(again.after)[2:] == [
        ("2024-06-01", "16.22", "0.79", "17.01"),
        ("2024-07-01", "16.71", "0.30", "17.01"),
        ("2024-08-01", "16.81", "0.20", "17.01"),
        ("2024-09-01", "17.90", "0.10", "18.00"),
    ]


def test_a_part_of_a_month_is_counted_by_its_days() -> None:
    moved = _preview(MoveDueDate(number=2, to=date(2024, 4, 15)), on=date(2024, 2, 15))
    assert schedule(moved.after)[1:] == [
        ("2024-04-15", "15.81", "1.20", "17.01"),
        ("2024-05-15", "16.61", "0.40", "17.01"),
        ("2024-06-15", "16.71", "0.30", "17.01"),
        ("2024-07-15", "16.81", "0.20", "17.01"),
        ("2024-08-15", "17.63", "0.10", "17.73"),
    ]


@pytest.mark.parametrize(
    ("first", "last", "rows"),
    [
        (
            date(2024, 2, 5),
            date(2024, 2, 10),
            [
                ("2024-03-01", "16.62", "0.39", "17.01"),
                ("2024-04-01", "16.62", "0.39", "17.01"),
                ("2024-05-01", "16.72", "0.29", "17.01"),
                ("2024-06-01", "16.81", "0.20", "17.01"),
                ("2024-07-01", "16.80", "0.10", "16.90"),
            ],
        ),
        (
            date(2024, 2, 10),
            date(2024, 3, 10),
            [
                ("2024-03-01", "16.88", "0.13", "17.01"),
                ("2024-04-01", "16.73", "0.28", "17.01"),
                ("2024-05-01", "16.72", "0.29", "17.01"),
                ("2024-06-01", "16.82", "0.19", "17.01"),
                ("2024-07-01", "16.42", "0.10", "16.52"),
            ],
        ),
    ],
)
def test_paused_days_earn_nothing_the_first_and_the_last_among_them(
    first: date, last: date, rows: list[tuple[str, str, str, str]]
) -> None:
    paused = replace(_PAID_ONCE, pauses=(PausedDays(first=first, last=last),))
    assert schedule(keep_level(account=paused, number=2, on=date(2024, 2, 1)))[1:] == rows


def test_a_pause_shifts_what_is_due_and_costs_nothing() -> None:
    change = PausePlan(first_day=date(2024, 2, 10), last_day=date(2024, 3, 10))
    paused = _preview(change, on=date(2024, 2, 5), account=_PAID_ONCE)
    assert schedule(paused.after) == [
        ("2024-02-01", "16.43", "0.58", "17.01"),
        ("2024-03-31", "16.52", "0.49", "17.01"),
        ("2024-04-30", "16.62", "0.39", "17.01"),
        ("2024-05-31", "16.72", "0.29", "17.01"),
        ("2024-06-30", "16.81", "0.20", "17.01"),
        ("2024-07-31", "16.90", "0.10", "17.00"),
    ]
    assert (paused.cost, paused.needs_approval) == (Money.zero(), False)
    assert paused.after.pauses == (PausedDays(first=change.first_day, last=change.last_day),)


def test_arrears_are_spread_in_equal_parts_and_earn_again_from_the_next_period() -> None:
    policy = replace(POLICY, late_fee=replace(FIXED_FEE, amount=birr("1.00")))
    spread = _preview(SpreadArrears(), on=date(2024, 3, 10), policy=policy)
    assert [fee.number for fee in spread.late_fees] == [1, 2]
    assert left(spread.before) == ["18.01", "18.01", "17.01", "17.01", "17.01", "17.00"]
    # 32.95 principal, 1.07 interest and 2.00 fees, a quarter of each; the last takes the rest.
    assert schedule(spread.after) == [
        ("2024-02-01", "0.00", "0.00", "0.00"),
        ("2024-03-01", "0.00", "0.00", "0.00"),
        ("2024-04-01", "24.85", "0.65", "25.50"),
        ("2024-05-01", "24.95", "0.70", "25.65"),
        ("2024-06-01", "25.04", "0.55", "25.59"),
        ("2024-07-01", "25.16", "0.44", "25.60"),
    ]
    assert [str(row.owed.penalty) for row in spread.after.installments[2:]] == ["0.50"] * 4
    assert (spread.interest_difference, spread.after.arrears_moved) == (birr("0.29"), birr("34.02"))
    assert spread.after.past_due(on=date(2024, 3, 10)) == ()


def test_an_extended_plan_has_smaller_level_installments() -> None:
    extended = _preview(ExtendPlan(installments=3), on=date(2024, 2, 1), account=_PAID_ONCE)
    assert schedule(extended.after) == [
        ("2024-02-01", "16.43", "0.58", "17.01"),
        ("2024-03-01", "10.23", "0.49", "10.72"),
        ("2024-04-01", "10.29", "0.43", "10.72"),
        ("2024-05-01", "10.35", "0.37", "10.72"),
        ("2024-06-01", "10.41", "0.31", "10.72"),
        ("2024-07-01", "10.47", "0.25", "10.72"),
        ("2024-08-01", "10.53", "0.19", "10.72"),
        ("2024-09-01", "10.60", "0.12", "10.72"),
        ("2024-10-01", "10.69", "0.06", "10.75"),
    ]
    assert extended.cost == birr("0.75")


def test_extending_takes_the_arrears_in() -> None:
    on = date(2024, 3, 10)
    extended = _preview(ExtendPlan(installments=4), on=on)
    rows = schedule(extended.after)
    assert rows[:2] == [
        ("2024-02-01", "0.00", "0.00", "0.00"),
        ("2024-03-01", "0.00", "0.00", "0.00"),
    ]
    assert [row[0] for row in rows[2:]] == [
        *(f"2024-{month:02}-01" for month in range(4, 12)),
    ]
    assert total(row.owed.principal for row in extended.after.installments) == birr(100)
    # March earns on the 67.05 that were not overdue, 0.39; a level of 12.81, and 1.07 in eighths.
    assert (rows[2], rows[-1]) == (
        ("2024-04-01", "12.42", "0.52", "12.94"),
        ("2024-11-01", "12.70", "0.23", "12.93"),
    )


def test_a_plan_whose_dates_are_all_over_is_paid_anew_from_today() -> None:
    on = date(2024, 8, 20)
    extended = _preview(ExtendPlan(installments=2), on=on)
    assert schedule(extended.after)[6:] == [
        ("2024-09-20", "49.86", "1.60", "51.46"),
        ("2024-10-20", "50.14", "1.32", "51.46"),
    ]


def test_a_month_end_rhythm_returns_to_the_31st() -> None:
    terms = replace(SIX_MONTHS, disbursed_on=date(2024, 8, 31), number_of_installments=3)
    extended = _preview(ExtendPlan(installments=3), on=date(2024, 9, 1), account=opened(terms))
    assert [row[0] for row in schedule(extended.after)] == [
        "2024-09-30",
        "2024-10-31",
        "2024-11-30",
        "2024-12-31",
        "2025-01-31",
        "2025-02-28",
    ]


def test_a_free_plan_is_changed_without_cost() -> None:
    on = date(2027, 1, 10)
    moved = _preview(MoveDueDate(number=2, to=date(2027, 1, 28)), on=on, account=_FREE)
    assert schedule(moved.after)[1:] == [
        ("2027-01-28", "1000.00", "0.00", "1000.00"),
        ("2027-02-11", "1000.00", "0.00", "1000.00"),
        ("2027-02-25", "1000.00", "0.00", "1000.00"),
    ]
    extended = _preview(ExtendPlan(installments=1), on=on, account=_FREE)
    assert [row[1] for row in schedule(extended.after)[1:]] == ["750.00"] * 4
    assert (moved.cost, extended.cost) == (Money.zero(), Money.zero())


def test_the_fee_of_a_change_is_asked_for_with_the_next_installment() -> None:
    spread = POLICY.hardship.spread_arrears
    assert spread is not None
    hardship = replace(POLICY.hardship, spread_arrears=replace(spread, fee=birr(2)))
    policy = replace(POLICY, hardship=hardship)
    preview = _preview(SpreadArrears(), on=date(2024, 2, 10), policy=policy)
    assert at(preview.after, 2).owed.fee == birr(2)
    assert preview.cost == preview.interest_difference + birr(2)


@st.composite
def _changes(draw: st.DrawFn) -> tuple[Account, HardshipChange, date, ServicingPolicy]:
    """Any change of any plan, after some payments."""
    terms: ScheduleTerms = draw(any_terms())
    policy = draw(any_policy())
    account, on = opened(terms), terms.disbursed_on
    for days, share in draw(
        st.lists(st.tuples(st.integers(0, 60), st.integers(0, 300)), max_size=4)
    ):
        on += timedelta(days=days)
        amount = Money(terms.principal.santim * share // 1_000 + 1)
        account = allocate(account=account, policy=policy, amount=amount, on=on).account
    on += timedelta(days=draw(st.integers(0, 120)))
    days = draw(st.integers(1, 60))
    to_come = [row.number for row in account.installments if row.due_on >= on] or [1]
    number = draw(st.sampled_from(to_come))
    first = min(
        on + timedelta(days=draw(st.integers(1, 60))), max(on, account.installments[-1].due_on)
    )
    changes: list[HardshipChange] = [
        PausePlan(first_day=first, last_day=first + timedelta(days=days - 1)),
        MoveDueDate(number=number, to=at(account, number).due_on + timedelta(days=days)),
        SpreadArrears(),
        ExtendPlan(installments=days % 12 + 1),
    ]
    return account, draw(st.sampled_from(changes)), on, policy


@given(made=_changes())
def test_no_change_makes_or_loses_principal(
    made: tuple[Account, HardshipChange, date, ServicingPolicy],
) -> None:
    account, change, on, policy = made
    try:
        preview = _preview(change, on=on, account=account, policy=policy)
    except Refusal:
        reject()
    before, after = preview.before, preview.after
    assert total(row.owed.principal for row in after.installments) == account.terms.principal
    assert after.left.principal == before.left.principal
    assert (after.left.penalty, after.left.fee) == (before.left.penalty, before.left.fee)
    assert all(not row.left.has_negative for row in after.installments)
    assert [row.paid for row in after.installments][: len(before.installments)] == [
        row.paid for row in before.installments
    ]
    rows = after.installments
    assert all(
        later.starts_on == row.due_on
        for row, later in pairwise(rows)
        if later.number > before.installments[-1].number and row.due_on > on
    )
    if isinstance(change, SpreadArrears | ExtendPlan):
        assert after.past_due(on=on) == ()
    else:
        assert after.past_due(on=on) == before.past_due(on=on)


@given(
    terms=any_terms(),
    days_in_year=st.sampled_from([DaysInYear.DAYS_360, DaysInYear.DAYS_365]),
    wait=st.integers(1, 20),
    days=st.integers(1, 60),
)
def test_a_pause_costs_nothing_where_a_month_counts_thirty_days(
    terms: ScheduleTerms, days_in_year: DaysInYear, wait: int, days: int
) -> None:
    terms = replace(
        terms,
        annual_rate_percent=Decimal(18),
        days_in_year=days_in_year,
        days_in_month=DaysInMonth.DAYS_30,
        down_payment_percent=None,
        installment_multiple_of=None,
    )
    account, on = opened(terms), terms.disbursed_on
    first = min(on + timedelta(days=wait), account.installments[-1].due_on)
    pause = PausePlan(first_day=first, last_day=first + timedelta(days=days - 1))
    preview = _preview(pause, on=on, account=account)
    assert preview.cost == Money.zero()
    assert [row[1:] for row in schedule(preview.after)] == [row[1:] for row in schedule(account)]
    moved = [
        (later.due_on - row.due_on).days
        for row, later in zip(account.installments, preview.after.installments, strict=True)
        if row.due_on >= first
    ]
    # Those after the first follow the rhythm of its new date, which may be cut at a month's end.
    assert moved[0] == days
    assert min(moved) >= 0


@pytest.mark.parametrize("rule", PaidAhead)
def test_what_was_paid_ahead_stays_paid_whatever_is_changed(rule: PaidAhead) -> None:
    policy = replace(POLICY, paid_ahead=rule)
    on = date(2027, 1, 20)
    paid = allocate(account=opened(FOUR_PARTS), policy=policy, amount=birr(3000), on=on).account
    ahead = {row.number for row in paid.installments if row.due_on > on and not row.left.total}
    assert ahead
    late = date(2027, 2, 20)
    for change in (
        MoveDueDate(number=next(r.number for r in paid.installments if r.left.total), to=late),
        ExtendPlan(installments=2),
    ):
        after = preview_change(account=paid, policy=policy, change=change, on=on).after
        assert after.left.principal == paid.left.principal
        assert not any(row.left.total for row in after.installments if row.number in ahead)
