"""What became of complaints in a month, as the National Bank is told."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from meqenet.calendar import addis_date, at_addis
from meqenet.disputes.complaint_states import ComplaintCategory
from meqenet.disputes.months import Month
from meqenet.errors import Mender, Refusal

AGES: Final[Mapping[str, int]] = {
    "0-7 days": 7,
    "8-14 days": 14,
    "15-30 days": 30,
    "over 30 days": 1_000_000,
}
"""Ages of open complaints: up to so many whole days since they came."""


@dataclass(frozen=True, kw_only=True)
class AnswerFact:
    """The way to one answer. ``answered_at`` None: it was not given yet."""

    began_at: datetime
    due_on: date
    answered_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ComplaintFact:
    """What is counted of a complaint. ``rounds``: the first, and the second once reopened."""

    category: ComplaintCategory
    language: str
    received_at: datetime
    closed_at: datetime | None
    rounds: Sequence[AnswerFact]


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Complaints that have something in common.

    Attributes:
        received / reopened: in the month.
        answered_in_time / answered_late: answers given in the month, second ones too.
        withdrawn: closed in the month before they were answered.
        open: without an answer when the month ended, or now.
        overdue: those of them whose last day was over.
    """

    received: int
    reopened: int
    answered_in_time: int
    answered_late: int
    withdrawn: int
    open: int
    overdue: int


@dataclass(frozen=True, kw_only=True)
class ComplaintSummary:
    """A month's complaints, by category and by language without its region.

    ``as_of``: the end of the month, or now while it is under way.
    """

    month: Month
    as_of: datetime
    all: Tally
    by_category: Mapping[str, Tally]
    by_language: Mapping[str, Tally]
    open_by_age: Mapping[str, int]


def summary_of(*, facts: Iterable[ComplaintFact], month: Month, now: datetime) -> ComplaintSummary:
    """Count what happened in a month, and what was open at its end.

    Args:
        facts: all complaints that came before the month's end and were not closed before it began.
        month: of either calendar.
        now: aware; what comes later has not happened.

    Raises:
        Refusal: ``month_not_begun``.
    """
    known = tuple(facts)
    since = at_addis(on=month.first, hour=0)
    if since > now:
        raise Refusal(
            "month_not_begun",
            f"month: {month.name} begins on {month.first} only (Gregorian); name an earlier one",
            mender=Mender.NOBODY,
            field="month",
        )
    as_of = min(at_addis(on=month.following, hour=0), now)

    def tallied(chosen: Iterable[ComplaintFact]) -> Tally:
        return _tally(tuple(chosen), since=since, as_of=as_of)

    def by(name: Callable[[ComplaintFact], str]) -> dict[str, Tally]:
        names = sorted({name(fact) for fact in known})
        found = {each: tallied(fact for fact in known if name(fact) == each) for each in names}
        return {each: tally for each, tally in found.items() if tally != _NOTHING}

    ages = Counter(_age(as_of - fact.received_at) for fact in known if _open_round(fact, at=as_of))
    return ComplaintSummary(
        month=month,
        as_of=as_of,
        all=tallied(known),
        by_category=by(lambda fact: fact.category.value),
        by_language=by(lambda fact: fact.language.partition("-")[0]),
        open_by_age={name: ages[name] for name in AGES},
    )


_NOTHING: Final = Tally(
    received=0,
    reopened=0,
    answered_in_time=0,
    answered_late=0,
    withdrawn=0,
    open=0,
    overdue=0,
)


def _tally(facts: Sequence[ComplaintFact], *, since: datetime, as_of: datetime) -> Tally:
    def falls(at: datetime | None) -> bool:
        return at is not None and since <= at < as_of

    answers = [
        addis_date(at=each.answered_at) <= each.due_on
        for fact in facts
        for each in fact.rounds
        if each.answered_at is not None and falls(each.answered_at)
    ]
    left = [each for fact in facts if (each := _open_round(fact, at=as_of)) is not None]
    return Tally(
        received=sum(falls(fact.received_at) for fact in facts),
        reopened=sum(falls(each.began_at) for fact in facts for each in fact.rounds[1:]),
        answered_in_time=sum(answers),
        answered_late=len(answers) - sum(answers),
        withdrawn=sum(
            falls(fact.closed_at) and fact.rounds[-1].answered_at is None
            for fact in facts
            if fact.rounds
        ),
        open=len(left),
        overdue=sum(_is_over(each, at=as_of) for each in left),
    )


def _is_over(each: AnswerFact, *, at: datetime) -> bool:
    return at >= at_addis(on=each.due_on + timedelta(days=1), hour=0)


def _open_round(fact: ComplaintFact, *, at: datetime) -> AnswerFact | None:
    """The way to an answer on which the complaint was at that instant, if it was on one."""
    if fact.received_at >= at or (fact.closed_at is not None and fact.closed_at < at):
        return None
    begun = [each for each in fact.rounds if each.began_at < at]
    if not begun:
        return None
    last = begun[-1]
    return None if last.answered_at is not None and last.answered_at < at else last


def _age(age: timedelta) -> str:
    return next(name for name, days in AGES.items() if age.days <= days)
