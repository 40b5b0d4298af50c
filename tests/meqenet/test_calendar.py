from datetime import UTC, date, datetime, timedelta, timezone

import kenat  # type: ignore[import-untyped]  # the package carries no annotations
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.calendar import (
    EthiopianDate,
    MonthEnd,
    add_months,
    addis_date,
    at_addis,
    from_ethiopian,
    to_ethiopian,
)

_KENAT_RANGE = st.dates(min_value=date(1901, 1, 1), max_value=date(2099, 8, 31))
"""Kenat ties New Year's day to Gregorian leap years, which is true until 2100 is none."""


@pytest.mark.parametrize(
    ("gregorian", "ethiopian"),
    [
        ("2023-09-11", "2015-13-06"),
        ("2023-09-12", "2016-01-01"),
        ("2024-09-11", "2017-01-01"),
        ("2025-09-10", "2017-13-05"),
        ("2026-11-22", "2019-03-13"),
        ("2007-09-12", "2000-01-01"),
        ("2000-01-01", "1992-04-22"),
        ("0008-08-27", "0001-01-01"),
    ],
)
def test_published_dates_convert_both_ways(gregorian: str, ethiopian: str) -> None:
    year, month, day = (int(part) for part in ethiopian.split("-"))
    on = EthiopianDate(year=year, month=month, day=day)
    assert str(to_ethiopian(on=date.fromisoformat(gregorian))) == ethiopian
    assert from_ethiopian(on=on) == date.fromisoformat(gregorian)


@given(st.dates(min_value=date(8, 8, 27)))
def test_every_day_returns_from_the_ethiopian_calendar(on: date) -> None:
    assert from_ethiopian(on=to_ethiopian(on=on)) == on


@given(st.dates(min_value=date(8, 8, 27), max_value=date(9999, 12, 30)))
def test_the_next_day_is_the_next_ethiopian_day(on: date) -> None:
    today, tomorrow = to_ethiopian(on=on), to_ethiopian(on=on + timedelta(days=1))
    follows_in_month = (tomorrow.year, tomorrow.month) == (today.year, today.month)
    assert tomorrow.day == (today.day + 1 if follows_in_month else 1)
    assert today < tomorrow


@given(_KENAT_RANGE)
def test_kenat_agrees(on: date) -> None:
    theirs = kenat.toEC(on.year, on.month, on.day)
    ours = to_ethiopian(on=on)
    assert (ours.year, ours.month, ours.day) == (theirs["year"], theirs["month"], theirs["day"])
    assert kenat.toGC(ours.year, ours.month, ours.day) == from_ethiopian(on=ours)


@pytest.mark.parametrize(
    ("year", "month", "day", "field"),
    [
        (0, 1, 1, "year"),
        (2017, 14, 1, "month"),
        (2017, 0, 1, "month"),
        (2017, 1, 31, "day"),
        (2017, 13, 6, "day"),
        (2015, 13, 7, "day"),
    ],
)
def test_a_day_that_does_not_exist_is_refused(year: int, month: int, day: int, field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        EthiopianDate(year=year, month=month, day=day)


def test_days_beyond_either_end_of_the_calendars_are_refused() -> None:
    with pytest.raises(ValueError, match="year 1"):
        to_ethiopian(on=date(8, 8, 26))
    with pytest.raises(ValueError, match="year"):
        from_ethiopian(on=EthiopianDate(year=9993, month=1, day=1))


def test_the_day_in_addis_begins_three_hours_before_utc() -> None:
    assert addis_date(at=datetime(2026, 11, 22, 20, 59, 59, tzinfo=UTC)) == date(2026, 11, 22)
    assert addis_date(at=datetime(2026, 11, 22, 21, 0, tzinfo=UTC)) == date(2026, 11, 23)
    nairobi_and_west = timezone(timedelta(hours=-5))
    assert addis_date(at=datetime(2026, 11, 22, 16, 0, tzinfo=nairobi_and_west)) == date(
        2026, 11, 23
    )
    with pytest.raises(ValueError, match="time zone"):
        addis_date(at=datetime(2026, 11, 22))  # noqa: DTZ001 - the fault under test


def test_an_hour_in_addis_is_an_instant_in_utc() -> None:
    at = at_addis(on=date(2026, 11, 22), hour=10, minute=30)
    assert at == datetime(2026, 11, 22, 7, 30, tzinfo=UTC)
    assert at.utcoffset() == timedelta(0)
    assert addis_date(at=at_addis(on=date(2026, 11, 22), hour=0)) == date(2026, 11, 22)


@pytest.mark.parametrize(
    ("start", "month_end", "expected"),
    [
        (
            "2025-01-31",
            MonthEnd.LAST_DAY_OF_MONTH,
            ["2025-02-28", "2025-03-31", "2025-04-30", "2025-05-31"],
        ),
        (
            "2025-01-31",
            MonthEnd.FIRST_DAY_OF_NEXT_MONTH,
            ["2025-03-01", "2025-03-31", "2025-05-01", "2025-05-31"],
        ),
        (
            "2023-12-30",
            MonthEnd.LAST_DAY_OF_MONTH,
            ["2024-01-30", "2024-02-29", "2024-03-30", "2024-04-30"],
        ),
        (
            "2023-12-15",
            MonthEnd.FIRST_DAY_OF_NEXT_MONTH,
            ["2024-01-15", "2024-02-15", "2024-03-15", "2024-04-15"],
        ),
    ],
)
def test_months_are_counted_from_the_first_day(
    start: str, month_end: MonthEnd, expected: list[str]
) -> None:
    found = [
        add_months(start=date.fromisoformat(start), months=months, month_end=month_end).isoformat()
        for months in range(1, 5)
    ]
    assert found == expected


def test_months_may_go_backwards_and_end_with_the_calendar() -> None:
    assert add_months(
        start=date(2024, 3, 31), months=-1, month_end=MonthEnd.LAST_DAY_OF_MONTH
    ) == date(2024, 2, 29)
    with pytest.raises(ValueError, match="outside"):
        add_months(start=date(9999, 12, 1), months=1, month_end=MonthEnd.LAST_DAY_OF_MONTH)
    with pytest.raises(ValueError, match="outside"):
        add_months(start=date(1, 1, 1), months=-1, month_end=MonthEnd.LAST_DAY_OF_MONTH)
