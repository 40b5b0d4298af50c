"""What holds of every story of failures, whatever they are."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meqenet.calendar import ADDIS, addis_date
from meqenet.payments.causes import REMEDIES, FailureCause, FailureCounter
from meqenet.payments.channels import Channel
from meqenet.payments.failures import count_of, count_on
from meqenet.payments.retry_policy import RetryPolicy
from meqenet.payments.retry_reasons import (
    REASON_AFTER,
    WORDINGS,
    AttemptReason,
    Delay,
    EndReason,
)
from tests.meqenet.payments.collecting import OTHER_WALLET, WALLET, live
from tests.meqenet.payments.documents import retries

_OPTIONS = ("pay_in_4", "pay_in_30", "pay_over_time", "pay_in_full")
_ENDLESS = 10_000
_DUE = date(2026, 11, 10)
_RETRYABLE = [cause for cause, remedy in REMEDIES.items() if remedy.retryable]

_turns = st.lists(
    st.tuples(
        st.sampled_from(FailureCause),
        st.sampled_from(Channel),
        st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=2)),
    ),
    min_size=1,
    max_size=40,
)
_days = st.dates(min_value=date(2026, 1, 1), max_value=date(2028, 12, 31))


def _patient(policy: RetryPolicy) -> RetryPolicy:
    return replace(policy, days_after_due_max=_ENDLESS)


@settings(max_examples=60)
@given(
    option=st.sampled_from(_OPTIONS),
    turns=_turns,
    due_on=_days,
    closed=st.frozensets(st.integers(0, 60), max_size=20),
    patient=st.booleans(),
)
def test_every_attempt_is_at_a_time_that_the_policy_allows(
    *,
    option: str,
    turns: list[tuple[FailureCause, Channel, timedelta]],
    due_on: date,
    closed: frozenset[int],
    patient: bool,
) -> None:
    policy = _patient(retries(option)) if patient else retries(option)
    holidays = frozenset(due_on + timedelta(days=day) for day in closed)
    story = live(
        policy=policy,
        causes=turns,
        due_on=due_on,
        holidays=holidays,
        wallet_ids=(WALLET, OTHER_WALLET),
    )
    days = [addis_date(at=attempt.at) for attempt in story.attempts]
    assert all(days.count(day) <= policy.attempts_per_day_max for day in days)
    for attempt, (_, channel, _) in zip(story.attempts, turns, strict=False):
        quiet = policy.quiet_hours(channel=channel)
        assert quiet is None or not quiet.contain(attempt.at.astimezone(ADDIS).time())
        day = addis_date(at=attempt.at)
        assert day >= due_on
        if attempt.counter is not None:
            assert (day - due_on).days <= policy.days_after_due_max
    for before, attempt in zip(story.failures, story.attempts[1:], strict=False):
        assert attempt.at > before.failed_at
        window = policy.pace_after(cause=before.cause).window
        assert window.on_holidays or addis_date(at=attempt.at) not in holidays
        if attempt.reason is AttemptReason.SALARY_DAY:
            assert policy.salary_days.contain(addis_date(at=attempt.at))
        # The day has room on the counter of the failure before it.
        known = story.failures[: story.failures.index(before) + 1]
        plan = policy.plans[before.counter]
        that_day = count_of(known, day=addis_date(at=attempt.at), counter=before.counter)
        assert that_day < plan.attempts_per_day_max
    for counter, plan in policy.plans.items():
        assert count_on(story.failures, counter=counter) <= plan.failures_max


@settings(max_examples=40)
@given(turns=_turns)
def test_it_ends_only_when_the_counter_of_the_last_failure_is_used_up(
    turns: list[tuple[FailureCause, Channel, timedelta]],
) -> None:
    policy = _patient(retries())
    story = live(policy=policy, causes=turns, due_on=_DUE, wallet_ids=(WALLET, OTHER_WALLET))
    if story.end is None:
        assert len(story.failures) == len(turns)
        return
    assert story.end.reason is EndReason.FAILURES_USED_UP
    counter = story.failures[-1].counter
    assert story.end.counter is counter
    assert count_on(story.failures, counter=counter) == policy.plans[counter].failures_max


@pytest.mark.parametrize("option", _OPTIONS)
@pytest.mark.parametrize("cause", _RETRYABLE)
def test_exactly_as_many_attempts_as_the_policy_says(option: str, cause: FailureCause) -> None:
    policy = _patient(retries(option))
    story = live(
        policy=policy,
        causes=[(cause, Channel.MANDATE, timedelta(minutes=2))] * 100,
        due_on=_DUE,
    )
    assert story.end is not None
    assert len(story.attempts) == policy.plans[REMEDIES[cause].counter].failures_max


@given(faults=st.integers(0, 20), lacks=st.integers(0, 4))
def test_faults_take_nothing_from_the_retries_for_lack_of_funds(faults: int, lacks: int) -> None:
    policy = _patient(retries())
    turn = timedelta(minutes=2)
    turns = [(FailureCause.PROVIDER_DOWN, Channel.MANDATE, turn)] * faults
    turns += [(FailureCause.NO_FUNDS, Channel.MANDATE, turn)] * (lacks + 1)
    story = live(policy=policy, causes=turns, due_on=_DUE)
    alone = live(policy=policy, causes=turns[faults:], due_on=_DUE)
    assert story.end is alone.end is None
    reasons = [attempt.reason for attempt in story.attempts[faults + 1 :]]
    assert reasons == [attempt.reason for attempt in alone.attempts[1:]]


def test_everything_that_can_be_told_has_its_words() -> None:
    assert WORDINGS.keys() == {*AttemptReason, *Delay, *EndReason}
    assert REASON_AFTER.keys() == set(FailureCounter)
    for wording in WORDINGS.values():
        assert re.fullmatch(r"[A-Z][A-Za-z;,' ]+\.", wording.english)
        assert wording.amharic.endswith("።")
        assert not re.search(r"[A-Za-z0-9]", wording.amharic)
