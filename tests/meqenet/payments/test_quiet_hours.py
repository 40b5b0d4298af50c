from datetime import UTC, date, datetime, time

import pytest

from meqenet.payments.quiet_hours import QuietHours
from meqenet.payments.salary_days import SalaryCalendar, SalaryDays

_NIGHT = QuietHours(start=time(21), end=time(8))
_NOON = QuietHours(start=time(12), end=time(14))


@pytest.mark.parametrize(
    ("hours", "clock", "is_quiet"),
    [
        (_NIGHT, "20:59:59", False),
        (_NIGHT, "21:00", True),
        (_NIGHT, "00:00", True),
        (_NIGHT, "07:59:59", True),
        (_NIGHT, "08:00", False),
        (_NOON, "11:59", False),
        (_NOON, "12:00", True),
        (_NOON, "13:59", True),
        (_NOON, "14:00", False),
    ],
)
def test_a_span_of_the_clock(hours: QuietHours, clock: str, *, is_quiet: bool) -> None:
    assert hours.contain(time.fromisoformat(clock)) is is_quiet


def test_an_instant_is_seen_on_the_clocks_of_addis_ababa() -> None:
    assert _NIGHT.contain_instant(datetime(2026, 11, 10, 18, 0, tzinfo=UTC))
    assert not _NIGHT.contain_instant(datetime(2026, 11, 10, 17, 59, tzinfo=UTC))


@pytest.mark.parametrize(
    ("calendar", "first", "last", "on", "is_salary_day"),
    [
        ("gregorian", 25, 1, "2026-11-24", False),
        ("gregorian", 25, 1, "2026-11-25", True),
        ("gregorian", 25, 1, "2026-12-01", True),
        ("gregorian", 25, 1, "2026-12-02", False),
        ("gregorian", 30, 1, "2027-02-28", False),
        ("gregorian", 10, 12, "2026-11-12", True),
        ("gregorian", 10, 12, "2026-11-13", False),
        # 24, 25 and 30 Hidar, 1 and 2 Tahsas 2019.
        ("ethiopian", 25, 1, "2026-12-03", False),
        ("ethiopian", 25, 1, "2026-12-04", True),
        ("ethiopian", 25, 1, "2026-12-09", True),
        ("ethiopian", 25, 1, "2026-12-10", True),
        ("ethiopian", 25, 1, "2026-12-11", False),
        # 1 and 2 Pagume 2018.
        ("ethiopian", 25, 1, "2026-09-06", True),
        ("ethiopian", 25, 1, "2026-09-07", False),
    ],
)
def test_salary_days(calendar: str, first: int, last: int, on: str, *, is_salary_day: bool) -> None:
    span = SalaryDays(calendar=SalaryCalendar(calendar), first_day=first, last_day=last)
    assert span.contain(date.fromisoformat(on)) is is_salary_day
