"""The monthly summary: each complaint counted where it belongs, in either calendar."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.calendar import to_ethiopian
from meqenet.disputes.complaint_states import ComplaintCategory
from meqenet.disputes.complaint_summary import AnswerFact, ComplaintFact, Tally, summary_of
from meqenet.disputes.months import MonthCalendar, chosen_month, read_month
from meqenet.errors import Refusal

NOVEMBER = read_month(text="2026-11", calendar=MonthCalendar.GREGORIAN)
MUCH_LATER = datetime(2030, 1, 1, tzinfo=UTC)


def at(day: int, *, month: int = 11) -> datetime:
    return datetime(2026, month, day, 9, tzinfo=UTC)


def fact(
    came: datetime,
    *answers: tuple[datetime, date, datetime | None],
    closed: datetime | None = None,
    language: str = "am-ET",
) -> ComplaintFact:
    return ComplaintFact(
        category=ComplaintCategory.CHARGES,
        language=language,
        received_at=came,
        closed_at=closed,
        rounds=tuple(AnswerFact(began_at=b, due_on=d, answered_at=a) for b, d, a in answers),
    )


def test_a_literal_month() -> None:
    due = date(2026, 11, 16)
    facts = [
        fact(at(2), (at(2), due, at(16))),  # in time: on the last day
        fact(at(2), (at(2), due, at(17))),  # late
        fact(at(2), (at(2), due, None), language="om"),  # open and overdue
        fact(at(28), (at(28), date(2026, 12, 11), None)),  # open
        fact(at(2), (at(2), due, None), closed=at(5)),  # withdrawn
        fact(at(20, month=10), (at(20, month=10), date(2026, 11, 3), at(3)), closed=at(4)),
        fact(  # reopened
            at(2, month=10),
            (at(2, month=10), date(2026, 10, 16), at(5, month=10)),
            (at(3), date(2026, 11, 17), at(1, month=12)),
        ),
    ]
    found = summary_of(facts=facts, month=NOVEMBER, now=MUCH_LATER)
    assert found.as_of == datetime(2026, 11, 30, 21, tzinfo=UTC)
    assert found.all == Tally(
        received=5,
        reopened=1,
        answered_in_time=2,
        answered_late=1,
        withdrawn=1,
        open=3,
        overdue=2,
    )
    assert found.by_category == {"charges": found.all}
    assert found.by_language["om"].open == 1
    assert dict(found.open_by_age) == {
        "0-7 days": 1,
        "8-14 days": 0,
        "15-30 days": 1,
        "over 30 days": 1,
    }
    early = summary_of(facts=facts, month=NOVEMBER, now=at(10))
    assert (early.as_of, early.all.answered_late, early.all.open) == (at(10), 0, 4)
    with pytest.raises(Refusal) as refused:
        summary_of(facts=facts, month=NOVEMBER, now=at(30, month=10))
    assert refused.value.code == "month_not_begun"


INSTANTS = st.datetimes(
    min_value=datetime.fromisoformat("2026-09-01"),
    max_value=datetime.fromisoformat("2027-02-01"),
    timezones=st.just(UTC),
)


@given(
    st.lists(st.tuples(INSTANTS, st.integers(0, 40), st.integers(0, 400) | st.none()), max_size=8)
)
def test_what_came_is_answered_withdrawn_or_open(
    lives: list[tuple[datetime, int, int | None]],
) -> None:
    facts = [
        fact(
            came,
            (
                came,
                (came + timedelta(days=days)).date(),
                None if hours is None else came + timedelta(hours=hours),
            ),
        )
        for came, days, hours in lives
    ]
    months = [
        read_month(text=f"{y}-{m:02}", calendar=MonthCalendar.GREGORIAN)
        for y, m in ((2026, 9), (2026, 10), (2026, 11), (2026, 12), (2027, 1))
    ]
    open_before = 0
    for month in months:
        found = summary_of(facts=facts, month=month, now=MUCH_LATER).all
        answered = found.answered_in_time + found.answered_late
        assert open_before + found.received == answered + found.open
        assert found.overdue <= found.open
        open_before = found.open


@given(st.integers(1900, 2090), st.integers(1, 13))
def test_an_ethiopian_month_is_all_of_its_days(year: int, number: int) -> None:
    month = chosen_month(gregorian=None, ethiopian=f"{year}-{number:02}")
    days = (month.following - month.first).days
    assert days == (30 if number < 13 else 6 if year % 4 == 3 else 5)
    assert str(to_ethiopian(on=month.first)) == f"{year}-{number:02}-01"
    assert to_ethiopian(on=month.following).day == 1


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026-1", "26-01", "2026/01", "ህዳር"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        chosen_month(gregorian=text, ethiopian=None)
    assert refused.value.code == "month_malformed"
    for both in (None, "2026-11"):
        with pytest.raises(Refusal) as refused:
            chosen_month(gregorian=both, ethiopian=both)
        assert refused.value.code == "month_ambiguous"
