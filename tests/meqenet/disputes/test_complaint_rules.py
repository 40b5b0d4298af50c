"""The clock of a complaint, its languages, and what may be done with it when."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.calendar import addis_date, at_addis
from meqenet.disputes.acknowledgement import acknowledgement
from meqenet.disputes.complaint_rules import (
    TEXT_LENGTH_MAX,
    Deed,
    clock_of,
    next_clock_step,
    normalise_language,
    require_deed,
)
from meqenet.disputes.complaint_states import (
    POSSIBLE,
    AnswerOutcome,
    ClockStep,
    ComplaintDeed,
    ComplaintState,
)
from meqenet.disputes.policies import ComplaintPolicy
from meqenet.errors import Refusal

POLICY = ComplaintPolicy(
    version=1, answer_working_days=10, remind_before=3, escalate_before=1, reopen_days=30
)
INSTANTS = st.datetimes(
    min_value=datetime.fromisoformat("2001-01-01"),
    max_value=datetime.fromisoformat("2090-01-01"),
    timezones=st.just(UTC),
)
ANSWER = Deed(
    kind=ComplaintDeed.ANSWER,
    who="stf_1",
    why="charged twice",
    outcome=AnswerOutcome.UPHELD,
    language="am",
    text="ተመልሷል",
)


def test_the_literal_clock_of_a_complaint_before_christmas() -> None:
    clock = clock_of(
        began_at=datetime(2026, 12, 28, 9, tzinfo=UTC),
        policy=POLICY,
        closed_on={date(2027, 1, 7)},
    )
    assert clock.due_on == date(2027, 1, 12)
    assert clock.remind_at == datetime(2027, 1, 6, 6, tzinfo=UTC)
    assert clock.escalate_at == datetime(2027, 1, 11, 6, tzinfo=UTC)
    assert clock.overdue_at == datetime(2027, 1, 12, 21, tzinfo=UTC)


@given(began_at=INSTANTS, offsets=st.sets(st.integers(0, 30), max_size=6))
def test_the_clock_comes_in_order_and_leaves_its_last_day_whole(
    began_at: datetime, offsets: set[int]
) -> None:
    start = addis_date(at=began_at)
    closed = {start + timedelta(days=each) for each in offsets}
    clock = clock_of(began_at=began_at, policy=POLICY, closed_on=closed)
    assert began_at < clock.remind_at < clock.escalate_at < clock.overdue_at
    assert clock.overdue_at - at_addis(on=clock.due_on, hour=0) == timedelta(days=1)
    steps, last = [], None
    while (found := next_clock_step(clock=clock, last=last)) is not None:
        last, at = found
        steps.append((last, at))
    assert [step for step, _ in steps] == ["remind", "escalate", "overdue"]
    assert [at for _, at in steps] == sorted(at for _, at in steps)
    assert next_clock_step(clock=clock, last=ClockStep.OVERDUE) is None


@pytest.mark.parametrize(
    ("typed", "tag"),
    [("AM", "am"), ("om-latn-et", "om-Latn-ET"), ("ti-er", "ti-ER"), ("en-001", "en-001")],
)
def test_languages_are_spelled_one_way(typed: str, tag: str) -> None:
    assert normalise_language(text=typed) == tag
    assert normalise_language(text=tag) == tag


@pytest.mark.parametrize("typed", ["", "a", "amharic!", "አማርኛ", "en_US", "am-", "x" * 40])
def test_what_is_no_language_tag_is_refused(typed: str) -> None:
    with pytest.raises(Refusal) as refused:
        normalise_language(text=typed)
    assert refused.value.code == "language_malformed"


@pytest.mark.parametrize("state", ComplaintState)
@pytest.mark.parametrize("kind", ComplaintDeed)
def test_a_deed_is_done_in_its_states_alone(state: ComplaintState, kind: ComplaintDeed) -> None:
    deed = replace(ANSWER, kind=kind, to="stf_2")
    if kind in POSSIBLE[state]:
        require_deed(deed=deed, state=state, language="am-ET", round_number=1)
        return
    with pytest.raises(Refusal) as refused:
        require_deed(deed=deed, state=state, language="am-ET", round_number=1)
    assert refused.value.code == "complaint_deed_impossible"


@pytest.mark.parametrize(
    ("deed", "code"),
    [
        (replace(ANSWER, language="en"), "answer_language_differs"),
        (replace(ANSWER, language=None), "answer_incomplete"),
        (replace(ANSWER, outcome=None), "answer_incomplete"),
        (replace(ANSWER, text=" "), "text_missing"),
        (replace(ANSWER, text="a" * (TEXT_LENGTH_MAX + 1)), "text_too_long"),
        (replace(ANSWER, why=" a "), "reason_missing"),
        (replace(ANSWER, why="called 0911 22 33 44"), "reason_private"),
        (replace(ANSWER, who="Abebe Kebede"), "who_malformed"),
        (replace(ANSWER, kind=ComplaintDeed.ASSIGN), "assignee_missing"),
    ],
)
def test_what_is_wrong_is_told(deed: Deed, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        require_deed(deed=deed, state=ComplaintState.OPEN, language="am", round_number=1)
    assert refused.value.code == code


def test_a_complaint_is_reopened_once() -> None:
    deed = replace(ANSWER, kind=ComplaintDeed.REOPEN)
    require_deed(deed=deed, state=ComplaintState.ANSWERED, language="am", round_number=1)
    with pytest.raises(Refusal) as refused:
        require_deed(deed=deed, state=ComplaintState.ANSWERED, language="am", round_number=2)
    assert refused.value.code == "complaint_reopened_before"


def test_the_customer_is_told_the_number_and_the_day_in_two_calendars() -> None:
    told = acknowledgement(tracking_number="CMP-7K3M-9QX4-T2H0", due_on=date(2027, 9, 11))
    assert told.english == (
        "We have received your complaint. Its number is CMP-7K3M-9QX4-T2H0. You will have our "
        "answer by 11/09/2027 (6/13/2019 E.C.)."
    )
    assert told.amharic == (
        "ቅሬታዎ ደርሶናል። የመከታተያ ቁጥሩ CMP-7K3M-9QX4-T2H0 ነው። እስከ 6/13/2019 ዓ.ም. ድረስ መልስ እንሰጥዎታለን።"
    )


def test_no_word_of_a_deed_is_in_its_form_for_logs() -> None:
    assert "ተመልሷል" not in repr(ANSWER)
