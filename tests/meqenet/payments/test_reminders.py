import json
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meqenet.calendar import addis_date, at_addis
from meqenet.payments.messages import MessageKind
from meqenet.payments.policy_documents import read_reminder_policy
from meqenet.payments.quiet_hours import QuietHours
from meqenet.payments.reminders import (
    OpenInstallment,
    Reminder,
    ReminderKind,
    ReminderPolicy,
    channels_of,
    failure_told_at,
    next_reminder_at,
    reminders_due,
    reminders_of,
    send_until,
)

DOCUMENT = json.loads(
    (files("db.payments") / "policies" / "reminders-customers-v1.json").read_text()
)
POLICY = read_reminder_policy(document=DOCUMENT)
SMS, EMAIL = MessageKind.SMS, MessageKind.EMAIL
DUE = date(2026, 12, 15)
BEFORE, FAILED, LATE = (
    ReminderKind.BEFORE_DUE,
    ReminderKind.ATTEMPT_FAILED,
    ReminderKind.PAST_DUE,
)
BEGINNING = datetime(2026, 12, 1, 9, tzinfo=UTC)


def at(day: int, hour: int, minute: int = 0, *, month: int = 12) -> datetime:
    """An instant by clocks in Addis Ababa."""
    return at_addis(on=date(2026, month, day), hour=hour, minute=minute)


def due(
    *installments: OpenInstallment, now: datetime, after: datetime = BEGINNING, told: int = 0
) -> list[tuple[int, ReminderKind, int]]:
    found = reminders_due(
        policy=POLICY, installments=installments, after=after, now=now, told_today=told
    )
    return [(each.number, each.kind, each.days) for each in found]


def test_all_reminders_of_an_installment() -> None:
    found = reminders_of(
        policy=POLICY, installment=OpenInstallment(number=2, due_on=DUE, failed_at=at(15, 10, 20))
    )
    assert found == (
        Reminder(at=at(12, 9), number=2, kind=BEFORE, days=3),
        Reminder(at=at(14, 9), number=2, kind=BEFORE, days=1),
        Reminder(at=at(15, 10, 20), number=2, kind=FAILED, days=0),
        Reminder(at=at(16, 9), number=2, kind=LATE, days=1),
        Reminder(at=at(18, 9), number=2, kind=LATE, days=3),
        Reminder(at=at(22, 9), number=2, kind=LATE, days=7),
        Reminder(at=at(29, 9), number=2, kind=LATE, days=14),
        Reminder(at=at_addis(on=date(2027, 1, 14), hour=9), number=2, kind=LATE, days=30),
    )


ONE = OpenInstallment(number=1, due_on=DUE)
CASES = [
    ("not yet", (ONE,), at(12, 8, 59), []),
    ("at its minute", (ONE,), at(12, 9), [(1, BEFORE, 3)]),
    ("later on its day", (ONE,), at(12, 20, 59), [(1, BEFORE, 3)]),
    ("not at night", (ONE,), at(12, 21), []),
    ("not on the day after", (ONE,), at(13, 9), []),
    ("a day late", (ONE,), at(16, 9), [(1, LATE, 1)]),
    (
        "a failure is told rather than a late day",
        (replace(ONE, failed_at=at(16, 8, 30)),),
        at(16, 9),
        [(1, FAILED, 1)],
    ),
    (
        "a failure of the night is told in the morning",
        (replace(ONE, failed_at=at(15, 23)),),
        at(16, 8),
        [(1, FAILED, 1)],
    ),
    ("and not in the night", (replace(ONE, failed_at=at(15, 23)),), at(15, 23), []),
    (
        "of two installments the later one is told",
        (ONE, OpenInstallment(number=2, due_on=date(2026, 12, 17))),
        at(16, 9),
        [(1, LATE, 1)],
    ),
]


@pytest.mark.parametrize(("case", "installments", "now", "expected"), CASES)
def test_what_is_due(
    case: str,
    installments: tuple[OpenInstallment, ...],
    now: datetime,
    expected: list[tuple[int, ReminderKind, int]],
) -> None:
    assert due(*installments, now=now) == expected, case


def test_what_was_seen_before_and_what_the_day_has_had_is_not_told_again() -> None:
    assert due(ONE, now=at(12, 10), after=at(12, 9)) == []
    assert due(ONE, now=at(12, 9), told=1) == []
    assert due(ONE, now=at(12, 9), told=0) == [(1, BEFORE, 3)]


def test_where_more_are_allowed_more_are_sent_and_the_weightiest_first() -> None:
    policy = replace(POLICY, per_day_max=2)
    installments = (
        OpenInstallment(number=1, due_on=date(2026, 12, 17)),
        ONE if ONE.number != 1 else replace(ONE, number=2),
        OpenInstallment(number=3, due_on=DUE, failed_at=at(16, 8, 30)),
    )
    found = reminders_due(
        policy=policy, installments=installments, after=BEGINNING, now=at(16, 9), told_today=0
    )
    assert [(each.number, each.kind) for each in found] == [(3, FAILED), (2, LATE)]


def test_when_to_look_next() -> None:
    def next_after(after: datetime, *installments: OpenInstallment) -> datetime | None:
        return next_reminder_at(policy=POLICY, installments=installments, after=after)

    assert next_after(BEGINNING, ONE) == at(12, 9)
    assert next_after(at(12, 9), ONE) == at(14, 9)
    assert next_after(at(15, 10), replace(ONE, failed_at=at(15, 9))) == at(15, 9)
    assert next_after(at(14, 9, month=12), ONE) == at(16, 9)
    assert next_after(at_addis(on=date(2027, 1, 14), hour=9), ONE) is None
    assert next_after(BEGINNING) is None


def test_until_when_it_may_leave() -> None:
    assert send_until(policy=POLICY, at=at(12, 9), channel=SMS) == at(12, 21)
    assert send_until(policy=POLICY, at=at(12, 20, 59), channel=SMS) == at(12, 21)
    # An e-mail may come at night, while what it says of days is true.
    assert send_until(policy=POLICY, at=at(12, 9), channel=EMAIL) == at(13, 0)
    assert send_until(policy=POLICY, at=at(12, 22), channel=EMAIL) == at(13, 0)


@pytest.mark.parametrize("kind", ReminderKind)
def test_by_which_channels_a_reminder_goes(kind: ReminderKind) -> None:
    by_email = replace(POLICY, by_email=(LATE, FAILED))
    both = (SMS,) if kind is BEFORE else (SMS, EMAIL)
    assert channels_of(policy=by_email, kind=kind, has_email=True) == both
    assert channels_of(policy=by_email, kind=kind, has_email=False) == (SMS,)
    assert channels_of(policy=POLICY, kind=kind, has_email=True) == (SMS,)


def test_by_the_second_version_everything_goes_by_email_too() -> None:
    path = files("db.payments") / "policies" / "reminders-customers-v2.json"
    second = read_reminder_policy(document=json.loads(path.read_text()))
    assert set(second.by_email) == set(ReminderKind)
    first_day = second.effective_from
    assert replace(second, by_email=()) == replace(POLICY, version=2, effective_from=first_day)


def test_when_a_failure_is_told() -> None:
    told = {
        at(15, 10): at(15, 10),
        at(15, 7, 59): at(15, 8),
        at(15, 21): at(16, 8),
        at(15, 0): at(15, 8),
    }
    for failed_at, expected in told.items():
        assert failure_told_at(policy=POLICY, failed_at=failed_at) == expected


BROKEN = [
    ("version", 0, "version: from 1"),
    ("days_before", (1, 3), "days_before: the longest first"),
    ("days_past_due", (3, 1), "days_past_due: the shortest first"),
    ("days_past_due", (0,), "days: from 1 to 90"),
    ("days_before", (91,), "days: from 1 to 90"),
    ("time_of_day", time(22), "time_of_day: outside the quiet hours"),
    ("per_day_max", 0, "per_day_max: from 1"),
    ("by_email", (LATE, LATE), "by_email: each kind once"),
]


@pytest.mark.parametrize(("field", "value", "rule"), BROKEN)
def test_a_policy_that_breaks_a_rule_says_which(field: str, value: object, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        replace(POLICY, **{field: value})  # type: ignore[arg-type]  # a value that is refused


@pytest.mark.parametrize(
    "change", [{"language": "fr"}, {"quiet": {}}, {"extra": 1}, {"by_email": ["x"]}]
)
def test_a_document_is_read_strictly(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_reminder_policy(document={**DOCUMENT, **change})


def test_an_old_document_keeps_its_hours() -> None:
    assert POLICY.quiet == QuietHours(start=time(21), end=time(8))
    assert (POLICY.days_before, POLICY.days_past_due) == ((3, 1), (1, 3, 7, 14, 30))


dates = st.dates(min_value=date(2026, 12, 2), max_value=date(2027, 3, 1))


@given(
    dues=st.lists(dates, min_size=1, max_size=5),
    failures=st.lists(st.integers(0, 100 * 24 * 60), max_size=6),
    per_day=st.integers(1, 2),
)
def test_a_plan_that_looks_at_each_instant_keeps_every_bound(
    dues: list[date], failures: list[int], per_day: int
) -> None:
    """Whatever falls due: never at night, never more a day than allowed, nothing twice."""
    policy = replace(POLICY, per_day_max=per_day)
    failed = sorted(
        (BEGINNING + timedelta(minutes=m), n % len(dues)) for n, m in enumerate(failures)
    )
    sent = _live(policy, dues, failed)
    days = [addis_date(at=when) for when, _ in sent]
    assert all(not policy.quiet.contain_instant(when) for when, _ in sent)
    assert all(days.count(day) <= per_day for day in days)
    told = [(day, each.number, each.kind) for day, (_, each) in zip(days, sent, strict=True)]
    # Where a day has room for two, both may tell of one installment's failures: the id is one.
    assert per_day > 1 or len(told) == len(set(told))
    assert all(addis_date(at=each.at) == addis_date(at=when) for when, each in sent)


def _live(
    policy: ReminderPolicy, dues: list[date], failed: list[tuple[datetime, int]]
) -> list[tuple[datetime, Reminder]]:
    """As a plan does: look at each instant of a reminder or failure, and remember what it told."""
    sent: list[tuple[datetime, Reminder]] = []
    looked, waiting = BEGINNING, dict[int, datetime]()
    while True:
        rows = [
            OpenInstallment(number=n, due_on=on, failed_at=waiting.get(n))
            for n, on in enumerate(dues)
        ]
        upcoming = next_reminder_at(policy=policy, installments=rows, after=looked)
        now = min(
            [each for each in (upcoming, *(when for when, _ in failed[:1])) if each], default=None
        )
        if now is None:
            return sent
        while failed and failed[0][0] <= now:
            when, number = failed.pop(0)
            waiting[number] = when
            rows[number] = replace(rows[number], failed_at=when)
        today = addis_date(at=now)
        told = [each for each in sent if addis_date(at=each[0]) == today]
        found = reminders_due(
            policy=policy, installments=rows, after=looked, now=now, told_today=len(told)
        )
        sent += [(now, each) for each in found]
        looked = max(now, looked)
        waiting = {
            number: when
            for number, when in waiting.items()
            if failure_told_at(policy=policy, failed_at=when) > now
        }
