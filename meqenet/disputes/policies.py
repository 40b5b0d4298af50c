"""Deadlines as dated data: how long complaints and the stages of disputes may take.

A version that was in force never changes; a change is a version of its own, and a complaint or a
dispute keeps the one under which it was opened.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from meqenet.disputes.dispute_states import Stage

DUE_AGAIN_DAYS_WHERE_SILENT: Final = 14
"""Of versions that are silent: two weeks, with a salary day or a market day in them."""
_WORKING_DAYS_MAX: Final = 250
"""More than a year's working days is a mistake in a document."""


class PolicyKind(StrEnum):
    """What a policy is of."""

    COMPLAINTS = "complaints"
    """Days until complaints are answered."""
    DISPUTES = "disputes"
    """Days for each stage of a dispute."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyKey:
    """Which policy a document is."""

    kind: PolicyKind
    version: int
    effective_from: date


@dataclass(frozen=True, kw_only=True, slots=True)
class ComplaintPolicy:
    """How long a complaint may take.

    Attributes:
        version: counts from 1.
        answer_working_days: within so many working days after the day it came it is answered.
        remind_before: whoever looks after it is reminded so many working days before the last.
        escalate_before: supervisors see it so many working days before the last.
        reopen_days: for so many days after the answer the customer may come back to it.

    Raises:
        ValueError: a rule does not hold; the text names it.
    """

    version: int
    answer_working_days: int
    remind_before: int
    escalate_before: int
    reopen_days: int

    def __post_init__(self) -> None:
        rules = {
            "answer_working_days: from 1": 1 <= self.answer_working_days <= _WORKING_DAYS_MAX,
            "remind_before: not before the first day": self.escalate_before
            <= self.remind_before
            < self.answer_working_days,
            "escalate_before: not negative": self.escalate_before >= 0,
            "reopen_days: from 1": self.reopen_days >= 1,
        }
        for rule, holds in rules.items():
            if not holds:
                raise ValueError(f"complaints: {rule}")


@dataclass(frozen=True, kw_only=True, slots=True)
class DisputePolicy:
    """How long a dispute may take.

    Attributes:
        version: counts from 1.
        open_within_days: a dispute is opened at most so many days after the plan became active.
        working_days: by stage that waits for somebody, how many working days it may take.
        due_again_days: an installment whose date has passed while it waited is due so many days
            after the end.

    Raises:
        ValueError: a stage has no deadline, or one of no days.
    """

    version: int
    open_within_days: int
    working_days: Mapping[Stage, int]
    due_again_days: int

    def __post_init__(self) -> None:
        waiting = {stage for stage in Stage if not stage.is_final}
        if set(self.working_days) != waiting:
            raise ValueError(f"disputes: working_days: of each of {', '.join(sorted(waiting))}")
        if not all(1 <= days <= _WORKING_DAYS_MAX for days in self.working_days.values()):
            raise ValueError("disputes: working_days: from 1")
        if min(self.open_within_days, self.due_again_days) < 1:
            raise ValueError("disputes: open_within_days, due_again_days: from 1")


def key_of(*, document: Mapping[str, Any]) -> PolicyKey:
    """Which policy the document is, once it is known to hold.

    Raises:
        ValueError: it is none, or breaks a rule of its kind.
    """
    kind = PolicyKind(document["kind"])
    if kind is PolicyKind.COMPLAINTS:
        read_complaint_policy(document=document)
    else:
        read_dispute_policy(document=document)
    return PolicyKey(
        kind=kind,
        version=document["version"],
        effective_from=date.fromisoformat(document["effective_from"]),
    )


def read_complaint_policy(*, document: Mapping[str, Any]) -> ComplaintPolicy:
    """The policy of complaints that a document states.

    Raises:
        ValueError: a rule does not hold.
    """
    return ComplaintPolicy(
        version=document["version"],
        answer_working_days=document["answer_working_days"],
        remind_before=document["remind_before_working_days"],
        escalate_before=document["escalate_before_working_days"],
        reopen_days=document["reopen_days"],
    )


def read_dispute_policy(*, document: Mapping[str, Any]) -> DisputePolicy:
    """The policy of disputes that a document states.

    Raises:
        ValueError: a rule does not hold.
    """
    return DisputePolicy(
        version=document["version"],
        open_within_days=document["open_within_days"],
        working_days={Stage(name): days for name, days in document["working_days"].items()},
        due_again_days=document.get("due_again_days", DUE_AGAIN_DAYS_WHERE_SILENT),
    )
