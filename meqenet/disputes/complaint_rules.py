"""When a complaint is answered, reminded of and escalated; and whether a deed may be done."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from meqenet.calendar import addis_date, at_addis
from meqenet.disputes.complaint_states import (
    POSSIBLE,
    AnswerOutcome,
    ClockStep,
    ComplaintDeed,
    ComplaintState,
)
from meqenet.disputes.policies import ComplaintPolicy
from meqenet.disputes.signatures import is_signature, require_signature
from meqenet.disputes.working_days import working_day_after
from meqenet.errors import Mender, Refusal

TEXT_LENGTH_MAX: Final = 4000
"""Characters of a complaint, of an answer, and of what a customer says against it."""
ROUNDS_MAX: Final = 2
"""A complaint is reopened once."""
_OFFICE_OPENS: Final = 9
_LANGUAGE: Final = re.compile(
    r"[a-z]{2,3}(-[a-z]{3}){0,3}(-[a-z]{4})?(-([a-z]{2}|[0-9]{3}))?(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*",
    re.ASCII | re.IGNORECASE,
)
"""Language tags of BCP 47 without extensions and private use."""
_LANGUAGE_LENGTH_MAX: Final = 35
_SCRIPT: Final = 4
_REGION: Final = 2


@dataclass(frozen=True, kw_only=True)
class ComplaintClock:
    """When something is due of a complaint that waits for its answer.

    Attributes:
        due_on: the last Addis Ababa date on which an answer is in time.
        remind_at: whoever looks after it is reminded.
        escalate_at: supervisors see it.
        overdue_at: the first instant at which an answer is late.
    """

    due_on: date
    remind_at: datetime
    escalate_at: datetime
    overdue_at: datetime


@dataclass(frozen=True, kw_only=True)
class Deed:
    """What somebody wants done with a complaint.

    Attributes:
        kind: which deed.
        who: an opaque id: a member of staff, or the merchant who speaks for the customer.
        why: kept in the log for ever, so nothing private.
        to: of an assignment, the staff id of whoever looks after it from now on.
        outcome: of an answer.
        language: of an answer, the language tag of its text.
        text: of an answer or a reopening; private.
    """

    kind: ComplaintDeed
    who: str
    why: str
    to: str | None = None
    outcome: AnswerOutcome | None = None
    language: str | None = None
    text: str | None = field(default=None, repr=False)


def clock_of(
    *, began_at: datetime, policy: ComplaintPolicy, closed_on: Collection[date]
) -> ComplaintClock:
    """When the round of a complaint that began then is due.

    Args:
        began_at: when it was received or reopened. That day does not count.
        policy: how many working days there are.
        closed_on: public holidays.
    """
    start, days = addis_date(at=began_at), policy.answer_working_days

    def working_day(count: int) -> date:
        return working_day_after(start=start, count=count, closed_on=closed_on)

    due_on = working_day(days)
    return ComplaintClock(
        due_on=due_on,
        remind_at=at_addis(on=working_day(days - policy.remind_before), hour=_OFFICE_OPENS),
        escalate_at=at_addis(on=working_day(days - policy.escalate_before), hour=_OFFICE_OPENS),
        overdue_at=at_addis(on=due_on + timedelta(days=1), hour=0),
    )


def next_clock_step(
    *, clock: ComplaintClock, last: ClockStep | None
) -> tuple[ClockStep, datetime] | None:
    """What the clock does next while an answer is due, and when; None once it has done all.

    Args:
        clock: of the round.
        last: what it has done last in this round.
    """
    steps = (
        (ClockStep.REMIND, clock.remind_at),
        (ClockStep.ESCALATE, clock.escalate_at),
        (ClockStep.OVERDUE, clock.overdue_at),
    )
    done = 0 if last is None else [step for step, _ in steps].index(last) + 1
    return steps[done] if done < len(steps) else None


def normalise_language(*, text: str) -> str:
    """A BCP 47 tag spelled one way: ``am``, ``om-Latn-ET``.

    Raises:
        Refusal: ``language_malformed``.
    """
    if len(text) > _LANGUAGE_LENGTH_MAX or not _LANGUAGE.fullmatch(text):
        raise _wrong(
            "language_malformed", "language", "must be a language tag of BCP 47, like am or om-ET"
        )
    first, *others = text.split("-")
    return "-".join((first.lower(), *(_subtag(each) for each in others)))


def require_deed(*, deed: Deed, state: ComplaintState, language: str, round_number: int) -> None:
    """Let be done what may be done now.

    Args:
        deed: what is wanted.
        state: where the complaint stands.
        language: in which the customer complained.
        round_number: 1, or 2 once it was reopened.

    Raises:
        Refusal: ``who_malformed``, ``reason_missing``, ``reason_private``,
            ``complaint_deed_impossible``, ``complaint_reopened_before``, ``assignee_missing``,
            ``answer_incomplete``, ``answer_language_differs``, ``text_missing``,
            ``text_too_long``.
    """
    require_signature(who=deed.who, why=deed.why)
    if deed.kind not in POSSIBLE[state]:
        raise Refusal(
            "complaint_deed_impossible",
            f"a complaint that is {state} cannot be made to {deed.kind}; read it again",
            mender=Mender.NOBODY,
        )
    if deed.kind is ComplaintDeed.ASSIGN and (deed.to is None or not is_signature(text=deed.to)):
        raise _wrong("assignee_missing", "to", "name who looks after it by a staff id, like stf_…")
    if deed.kind is ComplaintDeed.REOPEN:
        if round_number >= ROUNDS_MAX:
            raise Refusal(
                "complaint_reopened_before",
                "a complaint is reopened once; what is new is a complaint of its own",
                mender=Mender.CUSTOMER,
            )
        _require_text(deed.text)
    if deed.kind is ComplaintDeed.ANSWER:
        _require_answer(deed, language=language)


def require_text(*, text: str) -> None:
    """Hold what a customer says to its length.

    Raises:
        Refusal: ``text_missing``; ``text_too_long``.
    """
    _require_text(text)


def _require_answer(deed: Deed, *, language: str) -> None:
    if deed.outcome is None or deed.language is None:
        raise _wrong("answer_incomplete", "outcome", "an answer needs its outcome and its language")
    _require_text(deed.text)
    spoken = language.partition("-")[0]
    if deed.language.partition("-")[0].lower() != spoken:
        raise _wrong(
            "answer_language_differs",
            "language",
            f"the customer complained in {language}: answer in that language",
        )


def _require_text(text: str | None) -> None:
    if text is None or not text.strip():
        raise _wrong("text_missing", "text", "say it in words")
    if len(text) > TEXT_LENGTH_MAX:
        raise _wrong("text_too_long", "text", f"at most {TEXT_LENGTH_MAX} characters")


def _subtag(text: str) -> str:
    if len(text) == _SCRIPT and text.isalpha():
        return text.title()
    return text.upper() if len(text) == _REGION else text.lower()


def _wrong(code: str, name: str, rule: str) -> Refusal:
    return Refusal(code, f"{name}: {rule}", mender=Mender.MEQENET, field=name)
