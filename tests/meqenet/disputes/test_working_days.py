"""Working days: weekends, holidays known late, Pagume."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.calendar import to_ethiopian
from meqenet.disputes.working_days import working_day_after
from meqenet.errors import Defect
from meqenet.working_days import is_working_day

DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2099, 12, 31))
OFFSETS = st.sets(st.integers(0, 40), max_size=8)
EID = date(2027, 3, 10)
"""A Wednesday, as it is announced the evening before."""


@pytest.mark.parametrize(
    ("start", "count", "closed", "expected"),
    [
        (date(2026, 11, 26), 10, (), date(2026, 12, 10)),  # from a Thursday
        (date(2026, 11, 28), 1, (), date(2026, 11, 30)),  # from a Saturday
        (date(2026, 12, 28), 10, (date(2027, 1, 7),), date(2027, 1, 12)),  # over Christmas
        (date(2027, 3, 4), 10, (EID,), date(2027, 3, 19)),
        (date(2027, 3, 4), 10, (EID - timedelta(days=1),), date(2027, 3, 19)),
        (date(2027, 9, 6), 5, (date(2027, 9, 12),), date(2027, 9, 13)),  # Pagume has six days
    ],
)
def test_literal_days(start: date, count: int, closed: tuple[date, ...], expected: date) -> None:
    assert working_day_after(start=start, count=count, closed_on=closed) == expected


def test_pagume_has_working_days_like_any_month() -> None:
    first = date(2027, 9, 6)
    assert str(to_ethiopian(on=first)) == "2019-13-01"
    found = [working_day_after(start=first, count=n, closed_on=()) for n in (1, 4, 5)]
    assert [str(to_ethiopian(on=each)) for each in found] == [
        "2019-13-02",
        "2019-13-05",
        "2020-01-02",
    ]


@given(start=DAYS, count=st.integers(1, 30), offsets=OFFSETS)
def test_exactly_so_many_working_days_lie_behind_the_start(
    start: date, count: int, offsets: set[int]
) -> None:
    closed = {start + timedelta(days=each) for each in offsets}
    last = working_day_after(start=start, count=count, closed_on=closed)
    between = [start + timedelta(days=n) for n in range(1, (last - start).days + 1)]
    assert sum(is_working_day(day=day, closed_on=closed) for day in between) == count
    assert is_working_day(day=last, closed_on=closed)


@given(start=DAYS, count=st.integers(1, 20), offsets=OFFSETS, more=st.integers(1, 40))
def test_a_holiday_that_is_announced_late_never_shortens_a_deadline(
    start: date, count: int, offsets: set[int], more: int
) -> None:
    closed = {start + timedelta(days=each) for each in offsets}
    announced = closed | {start + timedelta(days=more)}
    before = working_day_after(start=start, count=count, closed_on=closed)
    after = working_day_after(start=start, count=count, closed_on=announced)
    assert before <= after
    assert (before < after) == (
        is_working_day(day=start + timedelta(days=more), closed_on=closed)
        and start + timedelta(days=more) <= before
    )


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="from 1"):
        working_day_after(start=EID, count=0, closed_on=())
    always = {EID + timedelta(days=n) for n in range(60)}
    with pytest.raises(Defect, match="no working day"):
        working_day_after(start=EID, count=1, closed_on=always)
