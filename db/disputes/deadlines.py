"""By which policy deadlines are counted, and on which days offices are closed."""

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import select

from db.disputes.tables import DeadlinePolicy, OfficeDay
from db.kernel.engine import ReadSession, WriteSession
from meqenet.disputes.policies import (
    ComplaintPolicy,
    DisputePolicy,
    PolicyKind,
    read_complaint_policy,
    read_dispute_policy,
)
from meqenet.errors import Defect


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
    overruled = list(await session.scalars(select(OfficeDay)))
    closed = {each.day for each in overruled if not each.is_open}
    opened = {each.day for each in overruled if each.is_open}
    return frozenset((set(holidays) | closed) - opened)


async def set_office_day(*, session: WriteSession, day: date, is_open: bool, why: str) -> None:
    """Overrule the calendar for a day: holidays that follow the moon are known late."""
    await session.merge(OfficeDay(day=day, is_open=is_open, why=why))
    await session.flush()


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
