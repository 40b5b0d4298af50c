from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from meqenet.bnpl.day_count import DaysInMonth, DaysInYear, RepayUnit, counted_days, due_date
from meqenet.bnpl.rate_factor import rate_factor
from meqenet.calendar import MonthEnd


@pytest.mark.parametrize(
    ("start", "cadence", "days_in_year", "days_in_month", "part_of_year"),
    [
        # The published rules of reference: 30/360, actual/365, actual/actual, weeks over 360.
        ("2024-02-01", (1, "MONTHS"), "360", "30", Fraction(1, 12)),
        ("2024-01-01", (2, "MONTHS"), "360", "30", Fraction(1, 6)),
        ("2024-02-01", (1, "MONTHS"), "365", "ACTUAL", Fraction(29, 365)),
        ("2024-02-01", (1, "MONTHS"), "364", "ACTUAL", Fraction(29, 364)),
        ("2024-02-01", (1, "MONTHS"), "ACTUAL", "ACTUAL", Fraction(29, 366)),
        ("2025-02-01", (1, "MONTHS"), "ACTUAL", "30", Fraction(30, 365)),
        ("2023-12-12", (1, "MONTHS"), "ACTUAL", "ACTUAL", Fraction(19, 365) + Fraction(12, 366)),
        ("2023-12-12", (1, "MONTHS"), "ACTUAL", "30", Fraction(19, 365) + Fraction(12, 366)),
        ("2023-12-31", (1, "MONTHS"), "ACTUAL", "ACTUAL", Fraction(31, 366)),
        (
            "2023-12-31",
            (15, "MONTHS"),
            "ACTUAL",
            "ACTUAL",
            Fraction(366, 366) + Fraction(90, 365),
        ),
        ("2024-01-01", (2, "WEEKS"), "360", "30", Fraction(14, 360)),
        ("2024-01-01", (2, "WEEKS"), "360", "ACTUAL", Fraction(14, 360)),
        ("2024-01-01", (15, "DAYS"), "365", "30", Fraction(15, 365)),
    ],
)
def test_one_period_of_a_twelve_percent_year(
    start: str,
    cadence: tuple[int, str],
    days_in_year: str,
    days_in_month: str,
    part_of_year: Fraction,
) -> None:
    every, unit = cadence[0], RepayUnit(cadence[1])
    first = date.fromisoformat(start)
    end = due_date(
        start=first,
        number=1,
        every=every,
        unit=unit,
        month_end=MonthEnd.LAST_DAY_OF_MONTH,
    )
    factor = rate_factor(
        annual_rate_percent=Decimal(12),
        start=first,
        end=end,
        counted_days=counted_days(
            start=first,
            end=end,
            every=every,
            unit=unit,
            days_in_month=DaysInMonth(days_in_month),
        ),
        days_in_year=DaysInYear(days_in_year),
    )
    exact = part_of_year * Fraction(12, 100)
    assert abs(Fraction(factor) - exact) < Fraction(1, 10**30)


@pytest.mark.parametrize(
    ("unit", "every", "expected"),
    [
        (RepayUnit.DAYS, 15, ["2024-01-31", "2024-02-15", "2024-03-01", "2024-03-16"]),
        (RepayUnit.WEEKS, 2, ["2024-01-31", "2024-02-14", "2024-02-28", "2024-03-13"]),
        (RepayUnit.MONTHS, 1, ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]),
    ],
)
def test_due_dates_are_counted_from_day_0(unit: RepayUnit, every: int, expected: list[str]) -> None:
    found = [
        due_date(
            start=date(2024, 1, 31),
            number=number,
            every=every,
            unit=unit,
            month_end=MonthEnd.LAST_DAY_OF_MONTH,
        ).isoformat()
        for number in range(4)
    ]
    assert found == expected
