"""Complaints as they stand, and what was said and done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import and_, case, func, select
from sqlalchemy.sql import Select

from db.disputes.complaint_texts import texts_of
from db.disputes.tables import Complaint, ComplaintDeedDone, ComplaintRound, OfficeDay
from db.kernel.encryption import Keyring
from db.kernel.engine import ReadSession
from meqenet.disputes.complaint_states import (
    AnswerOutcome,
    ClockStep,
    Closing,
    ComplaintCategory,
    ComplaintChannel,
    ComplaintDeed,
    ComplaintState,
    Escalation,
)

LISTED_MAX = 100
"""Complaints that are listed at once."""


@dataclass(frozen=True, kw_only=True)
class ComplaintView:
    """A complaint as it stands.

    Attributes:
        due_on: the last Addis Ababa date of the answer that is due, or was; None for a moment.
        clock_step: what its clock has done last in this round.
        answered_at / outcome / in_time / reopen_until: of the newest answer, if there is one to
            the round that it is in.
    """

    tracking_number: str
    plan_id: str
    merchant_id: str
    language: str
    channel: ComplaintChannel
    category: ComplaintCategory
    received_by: str
    received_at: datetime
    state: ComplaintState
    escalation: Escalation
    assignee: str | None
    round_number: int
    due_on: date | None
    clock_step: ClockStep | None
    answered_at: datetime | None
    outcome: AnswerOutcome | None
    in_time: bool | None
    reopen_until: datetime | None
    closed_at: datetime | None
    closing: Closing | None


@dataclass(frozen=True, kw_only=True)
class SaidView:
    """What was said: odd numbers are the customer's, even ones answers. Private."""

    number: int
    language: str
    text: str = field(repr=False)
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DeedView:
    """Who did what with a complaint, and why."""

    kind: ComplaintDeed
    who: str
    why: str
    assigned_to: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OfficeDayView:
    """A day on which offices are open or closed otherwise than the calendar says."""

    day: date
    is_open: bool
    why: str


@dataclass(frozen=True, kw_only=True)
class ComplaintCounts:
    """How many complaints wait for an answer, by how far they have come up."""

    by_escalation: Mapping[Escalation, int]

    @property
    def open(self) -> int:
        """All that wait for an answer."""
        return sum(self.by_escalation.values())

    @property
    def escalated(self) -> int:
        """Those that have come up to supervisors."""
        return self.open - self.by_escalation[Escalation.NONE]


async def find_complaint(
    *, session: ReadSession, tracking_number: str, merchant_id: str | None = None
) -> ComplaintView | None:
    """The complaint of that number, if there is one: of any plan, or of this merchant's only."""
    query = _complaints().where(Complaint.tracking_number == tracking_number)
    if merchant_id is not None:
        query = query.where(Complaint.merchant_id == merchant_id)
    row = (await session.execute(query)).one_or_none()
    return None if row is None else _view(*row)


async def list_complaints(
    *,
    session: ReadSession,
    plan_id: str | None = None,
    assignee: str | None = None,
    escalated: bool = False,
) -> tuple[ComplaintView, ...]:
    """Complaints under way: those that have come up first, then by their last day. At most 100.

    Args:
        session: the transaction.
        plan_id: those of a plan, closed ones too.
        assignee: those that this member of staff looks after.
        escalated: those alone that have come up to supervisors.
    """
    query = _complaints()
    if plan_id is None:
        query = query.where(Complaint.closed_at.is_(None))
    else:
        query = query.where(Complaint.plan_id == plan_id)
    if assignee is not None:
        query = query.where(Complaint.assignee == assignee)
    if escalated:
        query = query.where(
            Complaint.state == ComplaintState.OPEN, Complaint.escalation != Escalation.NONE
        )
    answered_last = case((Complaint.state == ComplaintState.OPEN, 0), else_=1)
    ranks = {each.value: -each.rank for each in Escalation}
    found = await session.execute(
        query.order_by(
            answered_last,
            case(ranks, value=Complaint.escalation),
            ComplaintRound.due_on,
            Complaint.received_at,
            Complaint.tracking_number,
        ).limit(LISTED_MAX)
    )
    return tuple(_view(*row) for row in found)


async def count_open(*, session: ReadSession) -> ComplaintCounts:
    """How many complaints wait for an answer, of all that there are."""
    found = await session.execute(
        select(Complaint.escalation, func.count())
        .where(Complaint.closed_at.is_(None), Complaint.state == ComplaintState.OPEN)
        .group_by(Complaint.escalation)
    )
    counts = {row[0]: row[1] for row in found}
    return ComplaintCounts(by_escalation={each: counts.get(each, 0) for each in Escalation})


async def office_days(*, session: ReadSession, since: date) -> tuple[OfficeDayView, ...]:
    """Days from ``since`` on that are open or closed otherwise than the calendar says."""
    found = await session.scalars(
        select(OfficeDay).where(OfficeDay.day >= since).order_by(OfficeDay.day)
    )
    return tuple(OfficeDayView(day=row.day, is_open=row.is_open, why=row.why) for row in found)


async def said_in(
    *, session: ReadSession, keyring: Keyring, tracking_number: str
) -> tuple[SaidView, ...]:
    """All that was said, in order.

    Raises:
        Refusal: ``person_erased``: the words cannot be read any more.
    """
    found = await texts_of(session=session, keyring=keyring, tracking_number=tracking_number)
    return tuple(
        SaidView(number=row.number, language=row.language, text=text, by=row.by, at=row.at)
        for row, text in found
    )


async def deeds_of(*, session: ReadSession, tracking_number: str) -> tuple[DeedView, ...]:
    """All that people did with a complaint, in order."""
    found = await session.scalars(
        select(ComplaintDeedDone)
        .where(ComplaintDeedDone.tracking_number == tracking_number)
        .order_by(ComplaintDeedDone.number)
    )
    return tuple(
        DeedView(kind=row.kind, who=row.who, why=row.why, assigned_to=row.assigned_to, at=row.at)
        for row in found
    )


def _complaints() -> Select[Complaint, ComplaintRound | None]:
    return select(Complaint, ComplaintRound).outerjoin(
        ComplaintRound,
        and_(
            ComplaintRound.tracking_number == Complaint.tracking_number,
            ComplaintRound.number == Complaint.round_number,
        ),
    )


def _view(row: Complaint, current: ComplaintRound | None) -> ComplaintView:
    return ComplaintView(
        tracking_number=row.tracking_number,
        plan_id=row.plan_id,
        merchant_id=row.merchant_id,
        language=row.language,
        channel=row.channel,
        category=row.category,
        received_by=row.received_by,
        received_at=row.received_at,
        state=row.state,
        escalation=row.escalation,
        assignee=row.assignee,
        round_number=row.round_number,
        due_on=current.due_on if current else None,
        clock_step=current.clock_step if current else None,
        answered_at=current.answered_at if current else None,
        outcome=current.outcome if current else None,
        in_time=current.in_time if current else None,
        reopen_until=current.reopen_until if current else None,
        closed_at=row.closed_at,
        closing=row.closing,
    )
