from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.calendar import addis_date
from meqenet.ledger.accruals import (
    accrual_id,
    end_of_day,
    fee_earned,
    fees_of,
    first_day_not_over,
    interest_by_day,
)
from meqenet.ledger.day_counts import DayCount, day_count_of
from meqenet.ledger.financed import FinancedInstallment
from meqenet.money import Money, total

_ALIKE, _ACTUAL, _THIRTY = DayCount.ACTUAL_365, DayCount.ACTUAL_ACTUAL, DayCount.THIRTY_360


def _days(interest: int, starts_on: date, ends_on: date, day_count: DayCount) -> dict[str, int]:
    return {
        daily.day.isoformat()[5:]: daily.amount.santim
        for daily in interest_by_day(
            interest=Money(interest), starts_on=starts_on, ends_on=ends_on, day_count=day_count
        )
    }


@pytest.mark.parametrize(
    ("interest", "starts_on", "ends_on", "day_count", "days"),
    [
        # 10 santim over four days: 2.5, 5, 7.5 and 10, half to even.
        (
            10,
            date(2026, 11, 23),
            date(2026, 11, 27),
            _ALIKE,
            {"11-23": 2, "11-24": 3, "11-25": 3, "11-26": 2},
        ),
        # Less than a santim a day: most days earn nothing.
        (2, date(2026, 11, 23), date(2026, 11, 28), _ALIKE, {"11-24": 1, "11-26": 1}),
        (1, date(2026, 11, 23), date(2026, 11, 24), _ALIKE, {"11-23": 1}),
        (0, date(2026, 11, 23), date(2026, 12, 23), _ALIKE, {}),
        (500, date(2026, 11, 23), date(2026, 11, 23), _ALIKE, {}),
        # A month of thirty days: the night to the 31st has no weight.
        (
            300,
            date(2026, 1, 29),
            date(2026, 2, 1),
            _THIRTY,
            {"01-29": 150, "01-31": 150},
        ),
        # From the 28th of a February to the 1st of March are three days of thirty.
        (400, date(2026, 2, 27), date(2026, 3, 1), _THIRTY, {"02-27": 100, "02-28": 300}),
        (400, date(2028, 2, 28), date(2028, 3, 1), _THIRTY, {"02-28": 133, "02-29": 267}),
        # No day of thirty at all: the day there is earns it.
        (7, date(2026, 1, 30), date(2026, 1, 31), _THIRTY, {"01-30": 7}),
        # Two nights of 365 and two of 366, each in the year that it ends in.
        (
            1_000_000,
            date(2023, 12, 29),
            date(2024, 1, 2),
            _ACTUAL,
            {"12-29": 250_342, "12-30": 250_342, "12-31": 249_658, "01-01": 249_658},
        ),
    ],
)
def test_a_period_earns_its_interest_day_by_day(
    interest: int, starts_on: date, ends_on: date, day_count: DayCount, days: dict[str, int]
) -> None:
    assert _days(interest, starts_on, ends_on, day_count) == days


def test_a_month_of_thirty_days_earns_a_thirtieth_a_day() -> None:
    found = _days(9_000, date(2026, 3, 15), date(2026, 4, 15), _THIRTY)
    assert set(found.values()) == {300}
    assert "03-30" not in found
    assert len(found) == 30


@given(
    interest=st.integers(0, 2**55),
    starts_on=st.dates(min_value=date(2020, 1, 1), max_value=date(2060, 1, 1)),
    length=st.integers(1, 400),
    day_count=st.sampled_from(DayCount),
)
def test_the_days_add_up_to_the_interest(
    interest: int, starts_on: date, length: int, day_count: DayCount
) -> None:
    ends_on = starts_on + timedelta(days=length)
    days = interest_by_day(
        interest=Money(interest), starts_on=starts_on, ends_on=ends_on, day_count=day_count
    )
    assert total(daily.amount for daily in days) == Money(interest)
    assert all(daily.amount > Money.zero() for daily in days)
    assert [d.day for d in days] == sorted({d.day for d in days})
    assert all(starts_on <= daily.day < ends_on for daily in days)


@given(interest=st.integers(0, 10**9), length=st.integers(1, 400))
def test_days_that_weigh_alike_differ_by_a_santim_at_most(interest: int, length: int) -> None:
    start = date(2026, 11, 23)
    days = interest_by_day(
        interest=Money(interest),
        starts_on=start,
        ends_on=start + timedelta(days=length),
        day_count=_ALIKE,
    )
    fair = interest // length
    assert {daily.amount.santim for daily in days} <= {fair, fair + 1}


def test_a_day_earns_at_its_last_instant_which_is_its_own() -> None:
    day = date(2026, 11, 30)
    at = end_of_day(day=day)
    assert at == datetime(2026, 11, 30, 20, 59, 59, 999_999, tzinfo=UTC)
    assert addis_date(at=at) == day
    assert first_day_not_over(at=at) == day
    assert first_day_not_over(at=at + timedelta(microseconds=1)) == date(2026, 12, 1)


def test_the_id_of_an_accrual_names_plan_installment_and_day() -> None:
    day = date(2026, 11, 3)
    assert accrual_id(plan_id="pln_a", number=2, day=day) == "pln_a-i02-d20261103"


@pytest.mark.parametrize(
    ("days_in_year", "days_in_month", "repay_unit", "day_count"),
    [
        ("360", "30", "MONTHS", _THIRTY),
        ("360", "30", "DAYS", _ALIKE),
        ("360", "30", "WEEKS", _ALIKE),
        ("360", "ACTUAL", "MONTHS", _ALIKE),
        ("364", "ACTUAL", "WEEKS", _ALIKE),
        ("365", "ACTUAL", "MONTHS", _ALIKE),
        ("ACTUAL", "ACTUAL", "MONTHS", _ACTUAL),
        ("ACTUAL", "30", "MONTHS", _ACTUAL),
    ],
)
def test_a_products_day_count(
    days_in_year: str, days_in_month: str, repay_unit: str, day_count: DayCount
) -> None:
    found = day_count_of(
        days_in_year=days_in_year, days_in_month=days_in_month, repay_unit=repay_unit
    )
    assert found is day_count


@pytest.mark.parametrize(
    ("fee", "financed", "before", "returned", "earned"),
    [
        (2_501, 100_000, 0, 25_000, 625),
        (2_501, 100_000, 25_000, 25_000, 625),
        (2_501, 100_000, 50_000, 25_000, 626),
        (2_501, 100_000, 75_000, 25_000, 625),
        (2_501, 100_000, 0, 0, 0),
        (1, 3, 0, 1, 0),
        (1, 3, 1, 1, 1),
        (0, 100_000, 0, 100_000, 0),
        (9, 1, 0, 1, 9),
    ],
)
def test_a_fee_is_earned_as_its_principal_comes_back(
    fee: int, financed: int, before: int, returned: int, earned: int
) -> None:
    found = fee_earned(
        fee=Money(fee),
        financed=Money(financed),
        returned_before=Money(before),
        returned=Money(returned),
    )
    assert found == Money(earned)


@pytest.mark.parametrize(
    ("financed", "before", "returned"), [(0, 0, 0), (100, 50, 51), (100, -1, 5), (100, 5, -1)]
)
def test_no_more_comes_back_than_was_financed(financed: int, before: int, returned: int) -> None:
    with pytest.raises(ValueError, match="between nothing and what was financed"):
        fee_earned(
            fee=Money(10),
            financed=Money(financed),
            returned_before=Money(before),
            returned=Money(returned),
        )


def test_the_last_installment_takes_the_remainder_of_the_fee() -> None:
    day = date(2026, 11, 23)
    rows = tuple(
        FinancedInstallment(
            number=number, principal=Money(100), interest=Money(0), starts_on=day, ends_on=day
        )
        for number in (1, 2, 3)
    )
    fees = fees_of(fee=Money(100), installments=rows)
    assert [fee.santim for fee in fees] == [33, 34, 33]
