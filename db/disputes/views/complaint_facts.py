"""What the monthly summary counts, read once for a month."""

from datetime import datetime

from sqlalchemy import or_, select

from db.disputes.tables import Complaint, ComplaintRound
from db.kernel.engine import ReadSession
from meqenet.calendar import at_addis
from meqenet.disputes.complaint_summary import (
    AnswerFact,
    ComplaintFact,
    ComplaintSummary,
    summary_of,
)
from meqenet.disputes.months import Month


async def read_complaint_summary(
    *, session: ReadSession, month: Month, now: datetime
) -> ComplaintSummary:
    """The summary of a month of either calendar, as of its end or of now."""
    since = at_addis(on=month.first, hour=0)
    until = at_addis(on=month.following, hour=0)
    concerned = (
        Complaint.received_at < until,
        or_(Complaint.closed_at.is_(None), Complaint.closed_at >= since),
    )
    complaints = await session.scalars(select(Complaint).where(*concerned))
    found = await session.scalars(
        select(ComplaintRound)
        .join(Complaint, ComplaintRound.tracking_number == Complaint.tracking_number)
        .where(*concerned)
        .order_by(ComplaintRound.tracking_number, ComplaintRound.number)
    )
    rounds: dict[str, list[AnswerFact]] = {}
    for each in found:
        fact = AnswerFact(began_at=each.began_at, due_on=each.due_on, answered_at=each.answered_at)
        rounds.setdefault(each.tracking_number, []).append(fact)
    facts = [
        ComplaintFact(
            category=row.category,
            language=row.language,
            received_at=row.received_at,
            closed_at=row.closed_at,
            rounds=tuple(rounds.get(row.tracking_number, ())),
        )
        for row in complaints
    ]
    return summary_of(facts=facts, month=month, now=now)
