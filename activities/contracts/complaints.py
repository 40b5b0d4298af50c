"""What the disputes domain can be asked about complaints: on file, on their clock, answered."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from activities.contracts.step import Step
from meqenet.disputes.complaint_rules import Deed
from meqenet.disputes.complaint_states import (
    ClockStep,
    ComplaintCategory,
    ComplaintChannel,
    ComplaintState,
)


@dataclass(frozen=True, kw_only=True)
class ReceiveComplaint:
    """Put a complaint on file under its tracking number.

    Attributes:
        language: a language tag of BCP 47.
        text: what the customer says; private, so it travels in encrypted payloads only.
        by: who puts it on file, by an opaque id: a member of staff, or the merchant.
        assignee: who looks after it, by a staff id; None: nobody yet.
        test_clock_id: the test clock by which it lives, if it does.
        at: now, by its clock.
    """

    tracking_number: str
    plan_id: str
    merchant_id: str
    language: str
    channel: ComplaintChannel
    category: ComplaintCategory
    text: str = field(repr=False)
    by: str
    assignee: str | None
    test_clock_id: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class FollowComplaint:
    """Acknowledge a complaint, or do what its clock has to do by now."""

    tracking_number: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DoComplaintDeed:
    """Have a deed done, under an id that whoever asks has made."""

    tracking_number: str
    deed_id: str
    deed: Deed
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ComplaintStanding:
    """Where a complaint stands.

    Attributes:
        due_on: the last Addis Ababa date of the answer; None before it is acknowledged.
        next_step / next_at: what its clock does next, and when; None: nothing.
    """

    state: ComplaintState
    due_on: date | None
    next_step: ClockStep | None
    next_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ListOpenComplaints:
    """The next ``limit`` complaints that are not closed, behind the number ``after``."""

    after: str | None
    limit: int


@dataclass(frozen=True, kw_only=True)
class OpenComplaint:
    """A complaint that is not closed, as its run begins. What was said stays in the store.

    Attributes:
        lived_until: the newest instant, by its clock, of which something is on file.
    """

    tracking_number: str
    plan_id: str
    merchant_id: str
    language: str
    channel: ComplaintChannel
    category: ComplaintCategory
    by: str
    test_clock_id: str | None
    lived_until: datetime


@dataclass(frozen=True, kw_only=True)
class OpenComplaintsListed:
    """A page of them, in the order of their numbers."""

    complaints: tuple[OpenComplaint, ...]


RECEIVE_COMPLAINT = Step(
    name="disputes.receive_complaint", command=ReceiveComplaint, result=ComplaintStanding
)
ACKNOWLEDGE_COMPLAINT = Step(
    name="disputes.acknowledge_complaint", command=FollowComplaint, result=ComplaintStanding
)
FOLLOW_COMPLAINT = Step(
    name="disputes.follow_complaint", command=FollowComplaint, result=ComplaintStanding
)
DO_COMPLAINT_DEED = Step(
    name="disputes.do_complaint_deed", command=DoComplaintDeed, result=ComplaintStanding
)
LIST_OPEN_COMPLAINTS = Step(
    name="disputes.list_open_complaints", command=ListOpenComplaints, result=OpenComplaintsListed
)


class ComplaintSteps(Protocol):
    """The steps of complaints."""

    async def receive_complaint(self, command: ReceiveComplaint) -> ComplaintStanding:
        """Idempotent by tracking number; another content is refused (``tracking_number_taken``)."""
        ...

    async def acknowledge_complaint(self, command: FollowComplaint) -> ComplaintStanding:
        """Idempotent: the clock is set once."""
        ...

    async def follow_complaint(self, command: FollowComplaint) -> ComplaintStanding:
        """Idempotent: each step of the clock is taken once a round."""
        ...

    async def do_complaint_deed(self, command: DoComplaintDeed) -> ComplaintStanding:
        """Idempotent by deed id; refused where the rules say no."""
        ...

    async def list_open_complaints(self, command: ListOpenComplaints) -> OpenComplaintsListed:
        """For beginning them again after the Temporal database was lost."""
        ...
