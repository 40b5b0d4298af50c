import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.bnpl.day_count import DaysInMonth, DaysInYear, RepayUnit
from meqenet.bnpl.schedule import Schedule, build_schedule
from meqenet.bnpl.terms import ScheduleTerms
from meqenet.calendar import MonthEnd
from meqenet.errors import Refusal
from meqenet.money import Money

_VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "schedules.json").read_text(encoding="utf-8"),
    parse_float=Decimal,
)["cases"]


_TERMS = ScheduleTerms(
    principal=Money.from_birr(10_000),
    annual_rate_percent=Decimal(12),
    disbursed_on=date(2024, 1, 1),
    repay_every=1,
    repay_unit=RepayUnit.MONTHS,
    number_of_installments=6,
    days_in_year=DaysInYear.DAYS_360,
    days_in_month=DaysInMonth.DAYS_30,
)


def _published(inputs: Mapping[str, Any]) -> ScheduleTerms:
    disbursed_on = inputs.get("disbursed_on") or inputs["disbursements"][0]["date"]
    down, multiple = inputs["down_payment_percent"], inputs["instalment_multiple_of"]
    month_end = inputs.get("month_end_strategy")
    return ScheduleTerms(
        principal=Money.from_birr(inputs["principal"]),
        annual_rate_percent=Decimal(inputs["annual_rate_percent"]),
        disbursed_on=date.fromisoformat(disbursed_on),
        repay_every=int(inputs["repay_every"]),
        repay_unit=RepayUnit(inputs["repay_unit"]),
        number_of_installments=int(inputs["number_of_instalments"]),
        days_in_year=DaysInYear(inputs["days_in_year"]),
        days_in_month=DaysInMonth(inputs["days_in_month"]),
        down_payment_percent=None if down is None else Decimal(down),
        installment_multiple_of=None if multiple is None else Money.from_birr(multiple),
        month_end=MonthEnd(month_end) if month_end else MonthEnd.LAST_DAY_OF_MONTH,
    )


def _totals(schedule: Schedule) -> list[str]:
    return [str(row.total) for row in schedule.installments]


@pytest.mark.parametrize("case", _VECTORS, ids=[case["id"] for case in _VECTORS])
def test_published_schedules_are_reproduced_to_the_santim(case: Mapping[str, Any]) -> None:
    schedule = build_schedule(terms=_published(case["inputs"]))
    found = [
        (row.number, row.due.isoformat(), row.principal, row.interest, row.total, row.balance)
        for row in schedule.installments
    ]
    amounts = ("principal", "interest", "total", "balance")
    expected = [
        (row["n"], row["due"], *(Money.from_birr(row[amount]) for amount in amounts))
        for row in case["expected"]
    ]
    assert found == expected


def test_whole_birr_installments_leave_the_remainder_to_the_last() -> None:
    schedule = build_schedule(
        terms=replace(
            _TERMS,
            principal=Money.from_birr(5_000),
            number_of_installments=18,
            installment_multiple_of=Money.from_birr(1),
        )
    )
    assert _totals(schedule) == ["305.00"] * 17 + ["303.22"]


@pytest.mark.parametrize(
    ("birr", "count", "level", "last"),
    [
        (3_000, 6, "517.64", "517.67"),  # unsmoothed 517.65, and 517.61 last: 4 santim, more than 3
        (1_540, 6, "265.73", "265.70"),  # unsmoothed 265.72, and 265.76 last
        (3_010, 12, "267.43", "267.50"),  # 7 santim is more than 6, but no step makes it smaller
        (10_000, 6, "1725.48", "1725.51"),  # 3 santim is too little to smooth
    ],
)
def test_smoothing_brings_the_last_installment_closer_to_the_others(
    birr: int, count: int, level: str, last: str
) -> None:
    terms = replace(_TERMS, principal=Money.from_birr(birr), number_of_installments=count)
    assert _totals(build_schedule(terms=terms)) == [level] * (count - 1) + [last]


def test_one_installment_takes_everything() -> None:
    schedule = build_schedule(
        terms=replace(
            _TERMS,
            annual_rate_percent=Decimal(0),
            repay_every=30,
            repay_unit=RepayUnit.DAYS,
            number_of_installments=1,
        )
    )
    (only,) = schedule.installments
    assert (only.number, only.due, only.total) == (1, date(2024, 1, 31), Money.from_birr(10_000))


@pytest.mark.parametrize("multiple", [None, Money.from_birr(1)])
def test_paying_everything_down_leaves_one_row_on_day_0(multiple: Money | None) -> None:
    price = Money.from_birr("1250.50")
    terms = replace(
        _TERMS,
        principal=price,
        down_payment_percent=Decimal(100),
        number_of_installments=0,
        installment_multiple_of=multiple,
    )
    (only,) = build_schedule(terms=terms).installments
    assert (only.due, only.total, only.balance) == (date(2024, 1, 1), price, Money.zero())


def test_a_multiple_coarser_than_the_debt_never_asks_for_more_than_is_owed() -> None:
    schedule = build_schedule(
        terms=replace(
            _TERMS,
            principal=Money.from_birr(1_000),
            annual_rate_percent=Decimal(0),
            number_of_installments=12,
            installment_multiple_of=Money.from_birr(100),
        )
    )
    assert _totals(schedule) == ["100.00"] * 10 + ["0.00"] * 2


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"principal": Money.zero()}, "principal: more than 0"),
        ({"principal": Money(-1)}, "principal: more than 0"),
        ({"principal": Money(2**62)}, "principal: more than 0 and at most"),
        ({"annual_rate_percent": Decimal("-0.01")}, "annual_rate_percent: between 0 and 1000"),
        ({"annual_rate_percent": Decimal("1000.01")}, "annual_rate_percent: between 0 and 1000"),
        ({"repay_every": 0}, "repay_every: between 1 and 366"),
        ({"repay_every": 367}, "repay_every: between 1 and 366"),
        ({"number_of_installments": 0}, "number_of_installments: between 1 and 600"),
        ({"number_of_installments": 601}, "number_of_installments: between 1 and 600"),
        ({"down_payment_percent": Decimal(-1)}, "down_payment_percent: between 0 and 100"),
        ({"down_payment_percent": Decimal(101)}, "down_payment_percent: between 0 and 100"),
        ({"installment_multiple_of": Money.zero()}, "installment_multiple_of: more than 0"),
    ],
)
def test_impossible_terms_are_refused_by_name(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(Refusal) as refused:
        replace(_TERMS, **changes)
    assert refused.value.text.startswith(text)
    assert refused.value.field in changes
    assert refused.value.code == "terms_invalid"


@pytest.mark.parametrize("unit", list(RepayUnit))
def test_a_schedule_beyond_the_calendar_is_refused(unit: RepayUnit) -> None:
    with pytest.raises(Refusal, match="disbursed_on: the last due date"):
        build_schedule(terms=replace(_TERMS, disbursed_on=date(9999, 12, 31), repay_unit=unit))


_ANY_TERMS = st.builds(
    ScheduleTerms,
    principal=st.integers(1, 50_000_000).map(Money),
    annual_rate_percent=st.decimals(0, 400, places=2) | st.just(Decimal(0)),
    disbursed_on=st.dates(date(2000, 1, 1), date(2100, 12, 31)),
    repay_every=st.integers(1, 15),
    repay_unit=st.sampled_from(RepayUnit),
    number_of_installments=st.integers(1, 60),
    days_in_year=st.sampled_from(DaysInYear),
    days_in_month=st.sampled_from(DaysInMonth),
    down_payment_percent=st.none() | st.decimals(0, 100, places=1),
    installment_multiple_of=st.none() | st.sampled_from([Money(5), Money(100), Money(10_000)]),
    month_end=st.sampled_from(MonthEnd),
)


@given(_ANY_TERMS)
def test_every_schedule_repays_exactly_what_was_financed(terms: ScheduleTerms) -> None:
    schedule = build_schedule(terms=terms)
    assert schedule.principal == terms.principal
    assert schedule.total_payable == schedule.principal + schedule.interest
    assert schedule.installments[-1].balance == Money.zero()
    owed = terms.principal
    for row in schedule.installments:
        assert row.principal >= Money.zero()
        assert row.interest >= Money.zero()
        owed -= row.principal
        assert row.balance == owed


@given(_ANY_TERMS)
def test_rows_are_numbered_and_dated_in_order(terms: ScheduleTerms) -> None:
    rows = build_schedule(terms=terms).installments
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert all(before.due < after.due for before, after in pairwise(rows))
    has_down_payment = bool(terms.down_payment_percent)
    assert len(rows) == terms.number_of_installments + has_down_payment
    assert (rows[0].due == terms.disbursed_on) is has_down_payment


@given(_ANY_TERMS.filter(lambda terms: terms.annual_rate_percent == 0))
def test_without_a_rate_there_is_no_interest(terms: ScheduleTerms) -> None:
    assert build_schedule(terms=terms).interest == Money.zero()


@given(
    santim=st.integers(300_000, 30_000_000),
    rate=st.sampled_from(["0", "15", "18", "20", "22"]),
    count=st.integers(2, 24),
)
def test_the_last_installment_stays_close_to_the_others(santim: int, rate: str, count: int) -> None:
    # At most half a santim each for the installment and for every interest, grown to the end.
    rows = build_schedule(
        terms=replace(
            _TERMS,
            principal=Money(santim),
            annual_rate_percent=Decimal(rate),
            number_of_installments=count,
        )
    ).installments
    level = rows[0].total
    assert all(row.total == level for row in rows[:-1])
    assert abs((rows[-1].total - level).santim) <= count * 3 // 2 + 1
