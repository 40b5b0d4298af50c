"""What can happen to a complaint. What the customer and the answer say stays out."""

from dataclasses import dataclass
from datetime import date, datetime

from meqenet.disputes.complaint_states import (
    AnswerOutcome,
    Closing,
    ComplaintCategory,
    ComplaintChannel,
    Escalation,
)
from meqenet.event_types import EventData


@dataclass(frozen=True, kw_only=True)
class ComplaintReceived(EventData):
    """A customer complained about a plan."""

    event_type = "complaint_received"
    plan_id: str
    """The plan that it is about."""
    merchant_id: str
    """Whose plan that is."""
    language: str
    """The language of the complaint, a tag of BCP 47."""
    channel: ComplaintChannel
    """How the customer complained."""
    category: ComplaintCategory
    """What it is about."""
    by: str
    """Who put it on file: a member of staff, or the merchant for the customer."""


@dataclass(frozen=True, kw_only=True)
class ComplaintAcknowledged(EventData):
    """The complaint has its clock: until when it is answered."""

    event_type = "complaint_acknowledged"
    policy_version: int
    """The version of the policy that says how long it may take."""
    due_on: date
    """The last day in Addis Ababa on which an answer is in time."""


@dataclass(frozen=True, kw_only=True)
class ComplaintDeadlineMoved(EventData):
    """A holiday was announced or moved, so the last day of the answer is another one."""

    event_type = "complaint_deadline_moved"
    before: date
    """The last day as it was."""
    due_on: date
    """The last day as it is."""


@dataclass(frozen=True, kw_only=True)
class ComplaintAssigned(EventData):
    """Somebody looks after the complaint."""

    event_type = "complaint_assigned"
    to: str
    """Who, by the opaque id of the member of staff."""
    by: str
    """Who has assigned it."""
    why: str
    """The reason given."""


@dataclass(frozen=True, kw_only=True)
class ComplaintReminded(EventData):
    """The answer is due soon, and whoever looks after the complaint was reminded."""

    event_type = "complaint_reminded"
    due_on: date
    """The last day of the answer."""
    assignee: str | None
    """Who looks after it; null: nobody yet."""


@dataclass(frozen=True, kw_only=True)
class ComplaintEscalated(EventData):
    """A supervisor is to look at the complaint."""

    event_type = "complaint_escalated"
    cause: Escalation
    """What has brought it up."""
    due_on: date
    """The last day of the answer."""
    by: str | None
    """Who asked; null: its clock."""
    why: str | None
    """The reason given."""


@dataclass(frozen=True, kw_only=True)
class ComplaintAnswered(EventData):
    """The customer was answered."""

    event_type = "complaint_answered"
    outcome: AnswerOutcome
    """What the answer says."""
    language: str
    """The language of the answer."""
    in_time: bool
    """Whether it came by the last day."""
    reopen_until: datetime
    """Until when the customer may come back to it."""
    by: str
    """Who has answered."""
    why: str
    """The reason given."""


@dataclass(frozen=True, kw_only=True)
class ComplaintReopened(EventData):
    """The customer is not content with the answer: the clock runs anew."""

    event_type = "complaint_reopened"
    due_on: date
    """The last day of the second answer."""
    by: str
    """Who put it on file."""
    why: str
    """The reason given."""


@dataclass(frozen=True, kw_only=True)
class ComplaintClosed(EventData):
    """The complaint is over."""

    event_type = "complaint_closed"
    closing: Closing
    """Why it is over."""
    by: str | None
    """Who has closed it; null: its clock."""
    why: str | None
    """The reason given."""


@dataclass(frozen=True, kw_only=True)
class OfficeDaySet(EventData):
    """Offices are open or closed on a day, whatever the calendar says: deadlines move by it."""

    event_type = "office_day_set"
    day: date
    """The day in Addis Ababa."""
    is_open: bool
    """Whether offices are open."""
    by: str
    """Who says so."""
    why: str
    """The reason given."""
