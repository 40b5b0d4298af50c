"""By which policy deadlines are counted, and on which days offices are closed."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select

from db.disputes.tables import DeadlinePolicy, OfficeDay
from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append, lock_stream
from meqenet import working_days
from meqenet.disputes.complaint_events import OfficeDaySet
from meqenet.disputes.policies import (
    ComplaintPolicy,
    DisputePolicy,
    PolicyKind,
    read_complaint_policy,
    read_dispute_policy,
)
from meqenet.errors import Defect

_STREAM: Final = "office_days"
"""The stream that tells of days on which offices are open or closed against the calendar."""


async def complaint_policy_on(*, session: ReadSession, day: date) -> ComplaintPolicy:
    """The newest version in force on an Addis Ababa date.

    Raises:
        Defect: ``deadline_policy_missing``: there was none yet.
    """
    return read_complaint_policy(
        document=await _in_force(session, kind=PolicyKind.COMPLAINTS, day=day)
    )


async def complaint_policy(*, session: ReadSession, version: int) -> ComplaintPolicy:
    """The version under which a complaint was acknowledged.

    Raises:
        Defect: ``deadline_policy_missing``.
    """
    return read_complaint_policy(
        document=await _version(session, kind=PolicyKind.COMPLAINTS, version=version)
    )


async def dispute_policy_on(*, session: ReadSession, day: date) -> DisputePolicy:
    """The newest version in force on an Addis Ababa date.

    Raises:
        Defect: ``deadline_policy_missing``: there was none yet.
    """
    return read_dispute_policy(document=await _in_force(session, kind=PolicyKind.DISPUTES, day=day))


async def dispute_policy(*, session: ReadSession, version: int) -> DisputePolicy:
    """The version under which a dispute was opened.

    Raises:
        Defect: ``deadline_policy_missing``.
    """
    return read_dispute_policy(
        document=await _version(session, kind=PolicyKind.DISPUTES, version=version)
    )


async def closed_days(*, session: ReadSession, holidays: Collection[date]) -> frozenset[date]:
    """The calendar's holidays, but for what ``office_days`` says otherwise."""
    stored = await session.scalars(select(OfficeDay))
    return working_days.closed_days(
        holidays=holidays, overruled={each.day: each.is_open for each in stored}
    )


async def set_office_day(
    *, session: WriteSession, day: date, is_open: bool, why: str, by: str, at: datetime
) -> None:
    """Overrule the calendar for a day: holidays that follow the moon are known late.

    Args:
        session: the transaction.
        day: an Addis Ababa date. Weekends stay closed, whatever is said of them.
        is_open: whether offices are open.
        why: the reason, kept for ever.
        by: who says so, by an opaque id.
        at: now, in real time.
    """
    await lock_stream(session=session, stream=_STREAM)
    stored = await session.get(OfficeDay, day)
    if stored is not None and (stored.is_open, stored.why) == (is_open, why):
        return
    await session.merge(OfficeDay(day=day, is_open=is_open, why=why))
    await session.flush()
    event = NewEvent.of(
        event_id=f"{day}-{at:%Y%m%d%H%M%S%f}",
        stream=_STREAM,
        data=OfficeDaySet(day=day, is_open=is_open, by=by, why=why),
        at=at,
    )
    await append(session=session, event=event)


async def _in_force(session: ReadSession, *, kind: PolicyKind, day: date) -> dict[str, Any]:
    document: dict[str, Any] | None = await session.scalar(
        select(DeadlinePolicy.document)
        .where(DeadlinePolicy.kind == kind, DeadlinePolicy.effective_from <= day)
        .order_by(DeadlinePolicy.effective_from.desc(), DeadlinePolicy.version.desc())
        .limit(1)
    )
    if document is None:
        raise Defect("deadline_policy_missing", f"no policy of {kind} was in force on {day}")
    return document


async def _version(session: ReadSession, *, kind: PolicyKind, version: int) -> dict[str, Any]:
    found = await session.get(DeadlinePolicy, (kind, version))
    if found is None:
        raise Defect("deadline_policy_missing", f"there is no version {version} of {kind}")
    return found.document
