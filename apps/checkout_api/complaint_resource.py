"""A complaint as it is told: to the merchant's checkout, and with more to staff."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import ConfigDict
from pydantic.config import JsonDict

from apps.checkout_api.amounts import Day, day_of
from apps.checkout_api.told import Told
from db.disputes.views.complaints import ComplaintView, SaidView
from meqenet.disputes.acknowledgement import acknowledgement
from meqenet.disputes.complaint_states import (
    POSSIBLE,
    AnswerOutcome,
    Closing,
    ComplaintCategory,
    ComplaintChannel,
    ComplaintDeed,
    ComplaintState,
    Escalation,
)
from workers.complaint_desk import ComplaintFile, ComplaintsListed

_ANSWERS_EVERY: Final = 2
"""What was said has odd numbers where the customer has said it, and even ones where we have."""
_EXAMPLE: Final[JsonDict] = {
    "tracking_number": "CMP-7K3M-9QX4-T2H0",
    "plan": "pln_abcdefghijklmnopqrst",
    "state": "open",
    "category": "charges",
    "channel": "phone",
    "language": "am",
    "received_at": "2026-11-23T06:00:00Z",
    "answer_due_on": {"gregorian": "2026-12-07", "ethiopian": "2019-03-28"},
    "acknowledgement": {
        "english": "We have received your complaint. Its number is CMP-7K3M-9QX4-T2H0. You will "
        "have our answer by 07/12/2026 (28/3/2019 E.C.).",
        "amharic": "ቅሬታዎ ደርሶናል። የመከታተያ ቁጥሩ CMP-7K3M-9QX4-T2H0 ነው። እስከ 28/3/2019 ዓ.ም. ድረስ "
        "መልስ እንሰጥዎታለን።",
    },
    "answered_at": None,
    "outcome": None,
    "reopened": False,
    "reopen_until": None,
    "closed_at": None,
    "closing": None,
}
_SUPPORT_EXAMPLE: Final[JsonDict] = {
    **_EXAMPLE,
    "merchant": "mer_abcdefghijklmnopqrst",
    "assignee": "stf_abcdefghijklmnopqrst",
    "assignee_handle": "abebe",
    "reminded": False,
    "escalation": "none",
    "possible": ["answer", "assign", "close", "escalate"],
}
_SAID: Final[JsonDict] = {
    "by": "customer",
    "language": "am",
    "text": "የተከፈለው ክፍያ ሁለት ጊዜ ተወሰደ።",
    "at": "2026-11-23T06:00:00Z",
}


class AcknowledgementTold(Told):
    """Words for the customer, in two languages: show the one that they read better."""

    english: str
    amharic: str


class Complaint(Told):
    """Where a complaint stands. What was said is told only where it is read."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    tracking_number: str
    """Give it to the customer; twelve letters and digits, the last of them a check."""
    plan: str
    state: ComplaintState
    category: ComplaintCategory
    channel: ComplaintChannel
    language: str
    """A language tag of BCP 47; the answer is in this language."""
    received_at: datetime
    answer_due_on: Day | None
    """The last day on which an answer is in time: ten working days after the day it came."""
    acknowledgement: AcknowledgementTold | None
    """Show it to the customer while an answer is due."""
    answered_at: datetime | None
    outcome: AnswerOutcome | None
    reopened: bool
    """Whether the customer came back to the first answer; once is possible."""
    reopen_until: datetime | None
    """Until when the customer may come back to the answer; null where they may not."""
    closed_at: datetime | None
    closing: Closing | None


class Said(Told):
    """What the customer, or we, said."""

    by: str
    """``customer`` or ``meqenet``."""
    language: str
    text: str
    at: datetime


class ComplaintRead(Complaint):
    """A complaint with what was said, the oldest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_EXAMPLE, "said": [_SAID]}]})

    said: list[Said]


class SupportComplaint(Complaint):
    """A complaint, for staff."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SUPPORT_EXAMPLE]})

    merchant: str
    assignee: str | None
    """Who looks after it, by the staff id; null: nobody yet."""
    assignee_handle: str | None
    """The name that people know them by."""
    reminded: bool
    """Whether its last day is so near that whoever looks after it was reminded."""
    escalation: Escalation
    possible: list[ComplaintDeed]
    """What may be done with it now; your role may still not allow it."""


class DeedDone(Told):
    """Who did something with it, and why."""

    deed: ComplaintDeed
    by: str
    """A staff id, or the merchant who spoke for the customer."""
    handle: str | None
    """Of a member of staff, the name that people know them by."""
    why: str
    assigned_to: str | None
    """Of an assignment, the staff id of who looks after it since."""
    assigned_handle: str | None
    at: datetime


class SupportComplaintRead(SupportComplaint):
    """A complaint with what was said and done, for staff."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_SUPPORT_EXAMPLE,
                    "said": [_SAID],
                    "deeds": [
                        {
                            "deed": "assign",
                            "by": "stf_abcdefghijklmnopqrst",
                            "handle": "abebe",
                            "why": "speaks Amharic",
                            "assigned_to": "stf_abcdefghijklmnopqrst",
                            "assigned_handle": "abebe",
                            "at": "2026-11-23T06:30:00Z",
                        }
                    ],
                }
            ]
        }
    )

    said: list[Said]
    deeds: list[DeedDone]


class Complaints(Told):
    """Complaints under way: those that have come up first, then by their last day."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "open": 1,
                    "escalated": 0,
                    "complaints": [{**_SUPPORT_EXAMPLE, "assignee": None, "assignee_handle": None}],
                }
            ]
        }
    )

    open: int
    """Complaints that wait for an answer, of all that there are."""
    escalated: int
    """Those of them that have come up to supervisors."""
    complaints: list[SupportComplaint]
    """At most 100."""


def complaint_of(found: ComplaintView, /) -> Complaint:
    """For the merchant's checkout."""
    return Complaint.model_validate(_fields(found))


def complaint_read(found: ComplaintFile, /) -> ComplaintRead:
    """For the merchant's checkout, with what was said."""
    said = [_said(each) for each in found.said]
    return ComplaintRead.model_validate({**_fields(found.complaint), "said": said})


def support_complaint(found: ComplaintView, /, *, handles: Mapping[str, str]) -> SupportComplaint:
    """For staff. ``handles``: by staff id, the names that people know them by."""
    return SupportComplaint.model_validate(_support_fields(found, handles=handles))


def support_complaint_read(
    found: ComplaintFile, /, *, handles: Mapping[str, str]
) -> SupportComplaintRead:
    """For staff, with what was said and done."""
    return SupportComplaintRead.model_validate(
        {
            **_support_fields(found.complaint, handles=handles),
            "said": [_said(each) for each in found.said],
            "deeds": [
                DeedDone(
                    deed=each.kind,
                    by=each.who,
                    handle=handles.get(each.who),
                    why=each.why,
                    assigned_to=each.assigned_to,
                    assigned_handle=handles.get(each.assigned_to or ""),
                    at=each.at,
                )
                for each in found.deeds
            ],
        }
    )


def complaints_listed(found: ComplaintsListed, /, *, handles: Mapping[str, str]) -> Complaints:
    """The list, for staff."""
    return Complaints(
        open=found.counts.open,
        escalated=found.counts.escalated,
        complaints=[support_complaint(each, handles=handles) for each in found.listed],
    )


def _fields(found: ComplaintView) -> dict[str, object]:
    may_reopen = ComplaintDeed.REOPEN in POSSIBLE[found.state] and found.round_number == 1
    return {
        "tracking_number": found.tracking_number,
        "plan": found.plan_id,
        "state": found.state,
        "category": found.category,
        "channel": found.channel,
        "language": found.language,
        "received_at": found.received_at,
        "answer_due_on": None if found.due_on is None else day_of(found.due_on),
        "acknowledgement": _acknowledgement(found),
        "answered_at": found.answered_at,
        "outcome": found.outcome,
        "reopened": found.round_number > 1,
        "reopen_until": found.reopen_until if may_reopen else None,
        "closed_at": found.closed_at,
        "closing": found.closing,
    }


def _acknowledgement(found: ComplaintView) -> AcknowledgementTold | None:
    if found.due_on is None or found.state is not ComplaintState.OPEN:
        return None
    told = acknowledgement(tracking_number=found.tracking_number, due_on=found.due_on)
    return AcknowledgementTold(english=told.english, amharic=told.amharic)


def _support_fields(found: ComplaintView, *, handles: Mapping[str, str]) -> dict[str, object]:
    return {
        **_fields(found),
        "merchant": found.merchant_id,
        "assignee": found.assignee,
        "assignee_handle": handles.get(found.assignee or ""),
        "reminded": found.clock_step is not None and found.state is ComplaintState.OPEN,
        "escalation": found.escalation,
        "possible": sorted(POSSIBLE[found.state]),
    }


def _said(found: SaidView) -> Said:
    by = "customer" if found.number % _ANSWERS_EVERY else "meqenet"
    return Said(by=by, language=found.language, text=found.text, at=found.at)
