from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.payments.query_times import is_alarm, next_query
from tests.meqenet.payments.documents import query_times

_TIMES = query_times()
_UNKNOWN_AT = datetime(2026, 11, 10, 7, 0, tzinfo=UTC)
_DAY = timedelta(days=1)


def _after(queries: int, *, asked_after: timedelta | None = None) -> timedelta:
    told = next_query(
        times=_TIMES,
        first_unknown_at=_UNKNOWN_AT,
        queries=queries,
        last_query_at=None if asked_after is None else _UNKNOWN_AT + asked_after,
    )
    return told.at - _UNKNOWN_AT


def test_seconds_at_first_then_minutes_then_hours_then_daily() -> None:
    times = [timedelta(0), *(_after(queries) for queries in range(18))]
    distances = [later - earlier for earlier, later in pairwise(times)]
    assert [int(each.total_seconds()) for each in distances] == [
        *(3, 6, 12, 24),
        *(60, 120, 300, 600, 1200),
        *(3600, 3600, 7200, 14400, 28800),
        *[86400] * 4,
    ]


@given(queries=st.integers(0, 500))
def test_times_only_grow(queries: int) -> None:
    assert timedelta(0) < _after(queries) < _after(queries + 1)
    assert _after(queries + 1) - _after(queries) <= _DAY


@given(
    queries=st.integers(1, 60),
    asked=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=90)),
)
def test_a_late_question_moves_the_next_one_and_an_early_one_does_not(
    queries: int, asked: timedelta
) -> None:
    planned = _after(queries)
    distance = planned - _after(queries - 1)
    assert _after(queries, asked_after=asked) == max(planned, asked + distance)


@pytest.mark.parametrize(
    ("age", "alarm"),
    [(timedelta(0), False), (_DAY - timedelta(seconds=1), False), (_DAY, True), (_DAY * 9, True)],
)
def test_past_its_age_it_is_an_alarm(age: timedelta, *, alarm: bool) -> None:
    assert is_alarm(times=_TIMES, first_unknown_at=_UNKNOWN_AT, at=_UNKNOWN_AT + age) is alarm


@given(queries=st.integers(0, 60))
def test_the_next_question_tells_whether_it_will_be_one(queries: int) -> None:
    told = next_query(times=_TIMES, first_unknown_at=_UNKNOWN_AT, queries=queries)
    assert told.is_alarm is (told.at - _UNKNOWN_AT >= _TIMES.alarm_after)


def test_a_negative_count_is_an_error() -> None:
    with pytest.raises(ValueError, match="queries: not negative"):
        _after(-1)
