"""Which days are closed: the calendar's, and those of which something else is known."""

from datetime import date

import pytest

from meqenet.working_days import closed_days, is_working_day

_EID, _NEXT = date(2027, 3, 10), date(2027, 3, 11)
"""A Wednesday and a Thursday."""


@pytest.mark.parametrize(
    ("holidays", "overruled", "closed"),
    [
        ([_EID], {}, {_EID}),
        ([], {_EID: False}, {_EID}),
        ([_EID], {_EID: False}, {_EID}),
        ([_EID], {_EID: True}, set()),
        ([_EID], {_EID: True, _NEXT: False}, {_NEXT}),
        ([], {_EID: True}, set()),
    ],
)
def test_what_is_known_of_a_day_overrules_the_calendar(
    holidays: list[date], overruled: dict[date, bool], closed: set[date]
) -> None:
    assert closed_days(holidays=holidays, overruled=overruled) == closed


@pytest.mark.parametrize(
    ("day", "is_open"),
    [
        (_NEXT, True),
        (_EID, False),
        (date(2027, 3, 12), True),
        (date(2027, 3, 13), False),  # a Saturday
        (date(2027, 3, 14), False),
        (date(2027, 3, 15), True),
    ],
)
def test_weekends_and_closed_days_are_no_working_days(day: date, *, is_open: bool) -> None:
    assert is_working_day(day=day, closed_on={_EID}) is is_open
