from dataclasses import replace
from datetime import UTC, date, timedelta

import pytest

from meqenet.calendar import ADDIS
from meqenet.errors import Defect
from meqenet.payments.causes import FailureCause, FailureCounter
from meqenet.payments.channels import Channel
from meqenet.payments.failures import FailedAttempt
from meqenet.payments.retry import (
    Exhausted,
    NextAttempt,
    first_attempt,
    next_attempt,
    spread_within,
)
from meqenet.payments.routing import NoRoute, Route
from meqenet.payments.salary_days import SalaryCalendar, SalaryDays
from tests.meqenet.payments.collecting import (
    OTHER_WALLET,
    PLAN,
    addis,
    failed,
    route,
    without_spread,
)
from tests.meqenet.payments.documents import retries

_POLICY = without_spread(retries())
_DUE = date(2026, 11, 10)
_ENKUTATASH = date(2026, 9, 11)
_SILENT, _PUSH, _LINK = route(Channel.MANDATE), route(Channel.PUSH), route(Channel.CHECKOUT)
_FUNDS = ("2026-11-10 10:02", "2026-11-11 10:02", "2026-11-13 10:02", "2026-11-25 10:02")


def _next(
    *failures: FailedAttempt, way: Route | NoRoute = _SILENT, due_on: date = _DUE
) -> NextAttempt | Exhausted:
    return next_attempt(
        policy=_POLICY,
        failures=failures,
        route=way,
        due_on=due_on,
        holidays={_ENKUTATASH},
        spread_key=PLAN,
    )


def _said(told: NextAttempt | Exhausted) -> tuple[str, ...]:
    if isinstance(told, Exhausted):
        return told.reason, told.counter
    clock = told.at.astimezone(ADDIS).strftime("%Y-%m-%d %H:%M")
    return clock, told.reason, *told.delays


@pytest.mark.parametrize(
    ("failures", "way", "said"),
    [
        # Lack of funds: a day, two days, then the days on which salaries are paid.
        ([("no_funds", _FUNDS[:1])], _SILENT, ("2026-11-11 10:00", "after_no_funds")),
        ([("no_funds", _FUNDS[:2])], _SILENT, ("2026-11-13 10:00", "after_no_funds")),
        ([("no_funds", _FUNDS[:3])], _SILENT, ("2026-11-25 10:00", "salary_day")),
        ([("no_funds", _FUNDS)], _SILENT, ("2026-11-27 10:00", "salary_day")),
        (
            [("no_funds", (*_FUNDS, "2026-11-27 10:02"))],
            _SILENT,
            ("failures_used_up", "funds"),
        ),
        ([("unknown_code", _FUNDS[:3])], _SILENT, ("2026-11-25 10:00", "salary_day")),
        # The customer did not confirm: the same day at another time, then later days.
        (
            [("customer_unreachable", ("2026-11-10 10:02",))],
            _PUSH,
            ("2026-11-10 18:30", "after_customer"),
        ),
        (
            [("wrong_pin", ("2026-11-10 10:02", "2026-11-10 18:40"))],
            _PUSH,
            ("2026-11-11 09:00", "after_customer"),
        ),
        (
            [("customer_declined", ("2026-11-10 08:30", "2026-11-10 12:00", "2026-11-11 09:05"))],
            _PUSH,
            ("2026-11-13 09:00", "after_customer"),
        ),
        (
            [("customer_busy", ("2026-11-10 10:02",))],
            _PUSH,
            ("2026-11-10 10:17", "after_customer"),
        ),
        # Two on a day are enough, and the third waits for the next one.
        (
            [("customer_busy", ("2026-11-10 10:02", "2026-11-10 10:17"))],
            _PUSH,
            ("2026-11-11 08:00", "after_customer", "quiet_hours", "day_is_full"),
        ),
        # A fault: minutes, then hours; nobody's phone rings at night for it.
        ([("provider_down", ("2026-11-10 10:02",))], _SILENT, ("2026-11-10 10:07", "after_fault")),
        (
            [("provider_down", ("2026-11-10 20:57",))],
            _PUSH,
            ("2026-11-11 08:00", "after_fault", "quiet_hours"),
        ),
        ([("provider_down", ("2026-11-10 20:57",))], _SILENT, ("2026-11-10 21:02", "after_fault")),
        (
            [("provider_down", ("2026-11-10 22:57",))],
            _SILENT,
            ("2026-11-11 05:00", "after_fault", "quiet_hours"),
        ),
        (
            [("provider_down", tuple(f"2026-11-10 1{hour}:02" for hour in range(6)))],
            _SILENT,
            ("2026-11-11 05:00", "after_fault", "quiet_hours", "day_is_full"),
        ),
        # A limit: when it is another day for the wallet.
        ([("limit_reached", ("2026-11-10 10:02",))], _PUSH, ("2026-11-11 10:00", "after_limit")),
        # A fault after lack of funds starts its own distances, and the other way round.
        (
            [("no_funds", _FUNDS[:2]), ("provider_down", ("2026-11-13 10:02",))],
            _SILENT,
            ("2026-11-13 10:07", "after_fault"),
        ),
        (
            [("provider_down", _FUNDS[:3]), ("no_funds", ("2026-11-13 10:20",))],
            _SILENT,
            ("2026-11-14 10:00", "after_no_funds"),
        ),
        # What cannot be mended by a repetition: another way, or a person.
        ([("mandate_missing", ("2026-11-10 10:02",))], _LINK, ("2026-11-10 10:12", "another_way")),
        ([("mandate_missing", ("2026-11-10 10:02",))], _SILENT, ("needs_mending", "none")),
        ([("our_credentials", ("2026-11-10 10:02",))], _SILENT, ("needs_mending", "none")),
        (
            [("wallet_frozen", ("2026-11-10 10:02",))],
            route(Channel.PUSH, OTHER_WALLET),
            ("2026-11-10 10:12", "another_way"),
        ),
        (
            [("limit_reached", ("2026-11-10 10:02",))],
            route(Channel.PUSH, OTHER_WALLET),
            ("2026-11-11 10:00", "another_way"),
        ),
        (
            [("wallet_frozen", ("2026-11-10 10:02",))],
            NoRoute(cause=FailureCause.WALLET_FROZEN),
            ("needs_mending", "none"),
        ),
    ],
)
def test_the_next_attempt(
    failures: list[tuple[str, tuple[str, ...]]], way: Route | NoRoute, said: tuple[str, ...]
) -> None:
    channel = way.channel if isinstance(way, Route) and way is not _LINK else Channel.MANDATE
    attempts = [failed(cause, at, channel=channel) for cause, times in failures for at in times]
    assert _said(_next(*attempts, way=way)) == said
    # In whatever order they are told.
    assert _said(_next(*reversed(attempts), way=way)) == said


def test_nothing_is_tried_on_a_holiday_where_the_policy_says_so() -> None:
    eve = addis("2026-09-10 10:02")
    due_on = date(2026, 9, 10)
    assert _said(_next(failed("no_funds", eve), due_on=due_on)) == (
        "2026-09-12 10:00",
        "after_no_funds",
        "holiday",
    )
    late = addis("2026-09-10 22:58")
    assert _said(_next(failed("provider_down", late), due_on=due_on)) == (
        "2026-09-11 05:00",
        "after_fault",
        "quiet_hours",
    )


def test_ethiopian_salary_days() -> None:
    days = SalaryDays(calendar=SalaryCalendar.ETHIOPIAN, first_day=28, last_day=1)
    policy = replace(_POLICY, salary_days=days)
    told = next_attempt(
        policy=policy,
        failures=[failed("no_funds", at) for at in _FUNDS[:3]],
        route=_SILENT,
        due_on=_DUE,
        holidays=(),
        spread_key=PLAN,
    )
    # 28 Hidar 2019.
    assert _said(told) == ("2026-12-07 10:00", "salary_day")


@pytest.mark.parametrize(
    ("due_on", "said"),
    [
        (date(2026, 10, 26), ("2026-11-25 10:00", "salary_day")),
        (date(2026, 10, 25), ("past_last_day", "funds")),
    ],
)
def test_nothing_is_tried_after_the_last_day(due_on: date, said: tuple[str, ...]) -> None:
    assert _said(_next(*(failed("no_funds", at) for at in _FUNDS[:3]), due_on=due_on)) == said


def test_nothing_is_tried_before_the_due_date() -> None:
    early = failed("no_funds", "2026-11-01 10:02")
    assert _said(_next(early)) == ("2026-11-10 10:00", "after_no_funds")


def test_an_attempt_counts_on_the_day_on_which_it_was_made() -> None:
    """Six faults on the 10th, the last one known on the 11th: the 11th is free."""
    faults = [failed("provider_down", f"2026-11-10 1{hour}:00") for hour in range(5)]
    late = replace(failed("provider_down", "2026-11-10 20:30"), failed_at=addis("2026-11-11 06:00"))
    assert _said(_next(*faults, late)) == ("2026-11-11 10:00", "after_fault")


def test_a_day_is_full_of_attempts_that_failed_of_this_and_that() -> None:
    asked = [
        failed("customer_busy", f"2026-11-10 09:{minute}", channel=Channel.PUSH)
        for minute in (10, 30)
    ]
    faults = [failed("provider_down", f"2026-11-10 1{hour}:00") for hour in range(4)]
    assert _said(_next(*asked, *faults[:3])) == ("2026-11-10 13:00", "after_fault")
    assert _said(_next(*asked, *faults)) == (
        "2026-11-11 05:00",
        "after_fault",
        "quiet_hours",
        "day_is_full",
    )


def test_the_spread_does_not_carry_an_attempt_into_a_holiday() -> None:
    """It would be made at 23:54, and some minutes later on the holiday."""
    policy = replace(retries(), quiet_for_debits=None)
    spread = policy.plans[FailureCounter.NONE].pace.window.spread
    late = timedelta(minutes=7)
    key = next(
        key
        for key in (f"pln_{number}" for number in range(100))
        if spread_within(key=key, window=spread) >= late
    )
    told = next_attempt(
        policy=policy,
        failures=[failed("wallet_missing", "2026-09-10 23:44")],
        route=route(Channel.MANDATE, OTHER_WALLET),
        due_on=date(2026, 9, 10),
        holidays={_ENKUTATASH},
        spread_key=key,
    )
    assert isinstance(told, NextAttempt)
    assert told.delays == ("holiday",)
    assert told.at - addis("2026-09-12 00:00") == spread_within(key=key, window=spread)


def test_attempts_are_made_in_whole_seconds_and_never_a_moment_early() -> None:
    moment = addis("2026-11-10 10:02") + timedelta(microseconds=1)
    told = _next(failed("provider_down", moment))
    assert isinstance(told, NextAttempt)
    assert told.at == addis("2026-11-10 10:07") + timedelta(seconds=1)


def test_a_calendar_without_an_open_day_is_an_error() -> None:
    closed = {_DUE + timedelta(days=day) for day in range(200)}
    with pytest.raises(Defect) as broken:
        next_attempt(
            policy=_POLICY,
            failures=[failed("no_funds", _FUNDS[0])],
            route=_SILENT,
            due_on=_DUE,
            holidays=closed,
            spread_key=PLAN,
        )
    assert broken.value.code == "no_time_to_collect"


@pytest.mark.parametrize(
    ("not_before", "said"),
    [
        (None, "2026-11-10 10:00"),
        ("2026-11-10 10:00", "2026-11-10 10:00"),
        ("2026-11-10 10:01", "2026-11-11 10:00"),
        ("2026-11-01 08:00", "2026-11-10 10:00"),
    ],
)
def test_the_first_attempt(not_before: str | None, said: str) -> None:
    told = first_attempt(
        policy=_POLICY,
        route=_PUSH,
        due_on=_DUE,
        holidays={_DUE},
        spread_key=PLAN,
        not_before=None if not_before is None else addis(not_before),
    )
    assert _said(told) == (said, "due")
    assert told.counter is None
    assert told.at.tzinfo is UTC


def test_a_due_day_is_spread_over_its_window() -> None:
    policy = retries()
    offsets = [
        first_attempt(
            policy=policy,
            route=_SILENT,
            due_on=_DUE,
            holidays=(),
            spread_key=f"pln_{number}",
        ).at
        - addis("2026-11-10 10:00")
        for number in range(2_000)
    ]
    assert min(offsets) >= timedelta(0)
    assert max(offsets) < policy.due_day.spread
    by_minute = [0] * 60
    for offset in offsets:
        by_minute[offset // timedelta(minutes=1)] += 1
    assert min(by_minute) > 0
    assert max(by_minute) < 4 * 2_000 / 60


def test_a_plans_share_of_a_window_is_always_the_same() -> None:
    hour = timedelta(hours=1)
    assert spread_within(key=PLAN, window=hour) == spread_within(key=PLAN, window=hour)
    assert spread_within(key="pln_b", window=hour) != spread_within(key=PLAN, window=hour)
    assert spread_within(key=PLAN, window=timedelta(0)) == timedelta(0)
