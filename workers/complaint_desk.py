"""Complaints as the front doors may read them, words included; whoever changes one asks its run.

The calendar is overruled here: a day is of all complaints, and of no run.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from db.disputes.deadlines import set_office_day
from db.disputes.views.complaint_facts import read_complaint_summary
from db.disputes.views.complaints import (
    ComplaintCounts,
    ComplaintView,
    DeedView,
    OfficeDayView,
    SaidView,
    count_open,
    deeds_of,
    find_complaint,
    list_complaints,
    office_days,
    said_in,
)
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from meqenet.disputes.complaint_summary import ComplaintSummary
from meqenet.disputes.months import Month

_METRIC: Final = "meqenet_open_complaints"


@dataclass(frozen=True, kw_only=True)
class ComplaintFile:
    """A complaint with all that was said and done. What was said is private."""

    complaint: ComplaintView
    said: tuple[SaidView, ...]
    deeds: tuple[DeedView, ...]


@dataclass(frozen=True, kw_only=True)
class ComplaintsListed:
    """Complaints under way; ``counts`` is of all of them, ``listed`` may be fewer."""

    counts: ComplaintCounts
    listed: tuple[ComplaintView, ...]


class ComplaintDesk:
    """Reads complaints where they are written, so that everybody sees what they have just done."""

    def __init__(self, *, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def complaint(
        self, *, tracking_number: str, merchant_id: str | None = None
    ) -> ComplaintView | None:
        """As it stands, without what was said; a merchant sees those of its own plans."""
        async with self._database.write() as session:
            return await find_complaint(
                session=session, tracking_number=tracking_number, merchant_id=merchant_id
            )

    async def file(
        self, *, tracking_number: str, merchant_id: str | None = None
    ) -> ComplaintFile | None:
        """With all that was said and done.

        Raises:
            Refusal: ``person_erased``.
        """
        async with self._database.write() as session:
            found = await find_complaint(
                session=session, tracking_number=tracking_number, merchant_id=merchant_id
            )
            if found is None:
                return None
            return ComplaintFile(
                complaint=found,
                said=await said_in(
                    session=session, keyring=self._keyring, tracking_number=tracking_number
                ),
                deeds=await deeds_of(session=session, tracking_number=tracking_number),
            )

    async def complaints(
        self, *, plan_id: str | None, assignee: str | None, escalated: bool
    ) -> ComplaintsListed:
        """See :func:`db.disputes.views.complaints.list_complaints`."""
        async with self._database.write() as session:
            return ComplaintsListed(
                counts=await count_open(session=session),
                listed=await list_complaints(
                    session=session, plan_id=plan_id, assignee=assignee, escalated=escalated
                ),
            )

    async def office_days(self, *, since: date) -> tuple[OfficeDayView, ...]:
        """See :func:`db.disputes.views.complaints.office_days`."""
        async with self._database.write() as session:
            return await office_days(session=session, since=since)

    async def set_office_day(
        self, *, day: date, is_open: bool, why: str, by: str, at: datetime
    ) -> None:
        """See :func:`db.disputes.deadlines.set_office_day`."""
        async with self._database.write() as session:
            await set_office_day(session=session, day=day, is_open=is_open, why=why, by=by, at=at)

    async def summary(self, *, month: Month, now: datetime) -> ComplaintSummary:
        """See :func:`db.disputes.views.complaint_facts.read_complaint_summary`."""
        async with self._database.read() as session:
            return await read_complaint_summary(session=session, month=month, now=now)


async def counted_complaints(*, disputes: Database) -> ComplaintCounts:
    """How many complaints wait for an answer now."""
    async with disputes.read() as session:
        return await count_open(session=session)


def as_prometheus(*, counts: ComplaintCounts) -> str:
    """The counts in Prometheus' text format (version 0.0.4)."""
    lines = (
        f'{_METRIC}{{escalation="{escalation}"}} {count}\n'
        for escalation, count in counts.by_escalation.items()
    )
    return (
        f"# HELP {_METRIC} Complaints that wait for an answer, by how far they have come up.\n"
        f"# TYPE {_METRIC} gauge\n" + "".join(lines)
    )
