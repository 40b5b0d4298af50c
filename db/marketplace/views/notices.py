"""What a merchant may be shown of its notices: where each stands, and how its tries went."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, tuple_

from db.kernel.engine import ReadSession
from db.marketplace.tables import LoggedTry, StoredNotice
from meqenet.marketplace.notices import NoticeState, TryFailure


@dataclass(frozen=True, kw_only=True)
class NoticeView:
    """A notice, and what became of it.

    ``sequence`` counts the plan's notices from 1; ``status`` is the merchant's last HTTP answer,
    if it gave one; ``at`` is the instant of the news by the plan's clock, the others are real.
    """

    notice_id: str
    merchant_id: str
    plan_id: str
    sequence: int
    kind: str
    reference: str
    at: datetime
    stored_at: datetime
    state: NoticeState
    attempt_count: int
    status: int | None
    attempted_at: datetime | None
    delivered_at: datetime | None
    replayed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class TryView:
    """One try of a notice: an HTTP status, or why there was none."""

    number: int
    tried_at: datetime
    is_replay: bool
    status: int | None
    failure: TryFailure | None
    took_ms: int | None


@dataclass(frozen=True, kw_only=True)
class WantedNotices:
    """Which of a merchant's notices; None does not narrow.

    ``since`` and ``until`` are of when they were put on file; ``until`` does not belong to it.
    """

    merchant_id: str
    plan_id: str | None = None
    state: NoticeState | None = None
    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def conditions_of(wanted: WantedNotices, /) -> list[ColumnElement[bool]]:
    """What a stored notice has to meet to be one of these."""
    conditions = [StoredNotice.merchant_id == wanted.merchant_id]
    if wanted.plan_id is not None:
        conditions.append(StoredNotice.plan_id == wanted.plan_id)
    if wanted.state is not None:
        conditions.append(StoredNotice.state == wanted.state)
    if wanted.kind is not None:
        conditions.append(StoredNotice.kind == wanted.kind)
    if wanted.since is not None:
        conditions.append(StoredNotice.stored_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(StoredNotice.stored_at < wanted.until)
    return conditions


async def find_notice(
    *, session: ReadSession, notice_id: str, merchant_id: str | None = None
) -> NoticeView | None:
    """A notice, if there is one, and it is this merchant's where one is named."""
    row = await session.get(StoredNotice, notice_id)
    if row is None or merchant_id not in (None, row.merchant_id):
        return None
    return _view(row)


async def list_notices(
    *, session: ReadSession, wanted: WantedNotices, after: NoticeView | None, limit: int
) -> tuple[NoticeView, ...]:
    """Notices, the newest first; ``after`` is the last one of the page before."""
    narrowed = select(StoredNotice).where(*conditions_of(wanted))
    place = tuple_(StoredNotice.stored_at, StoredNotice.notice_id)
    if after is not None:
        narrowed = narrowed.where(place < tuple_(after.stored_at, after.notice_id))
    newest_first = (StoredNotice.stored_at.desc(), StoredNotice.notice_id.desc())
    found = await session.scalars(narrowed.order_by(*newest_first).limit(limit))
    return tuple(_view(row) for row in found)


async def plan_notices(
    *, session: ReadSession, plan_id: str, after: int, limit: int
) -> tuple[NoticeView, ...]:
    """A plan's notices in the order of their numbers, from behind ``after`` on."""
    found = await session.scalars(
        select(StoredNotice)
        .where(StoredNotice.plan_id == plan_id, StoredNotice.sequence > after)
        .order_by(StoredNotice.sequence)
        .limit(limit)
    )
    return tuple(_view(row) for row in found)


async def newest_of_plan(*, session: ReadSession, plan_id: str) -> int:
    """The number of the plan's newest notice; 0 where there is none."""
    newest = await session.scalar(
        select(func.max(StoredNotice.sequence)).where(StoredNotice.plan_id == plan_id)
    )
    return newest or 0


async def count_given_up(
    *, session: ReadSession, merchant_id: str, since: datetime | None, until: datetime | None
) -> int:
    """How many of a merchant's notices, put on file in a period, are given up."""
    wanted = WantedNotices(
        merchant_id=merchant_id, state=NoticeState.GIVEN_UP, since=since, until=until
    )
    return await session.scalar(select(func.count()).where(*conditions_of(wanted))) or 0


async def notice_tries(*, session: ReadSession, notice_id: str) -> tuple[TryView, ...]:
    """Every try of a notice, replays too, in the order in which they were made."""
    found = await session.scalars(
        select(LoggedTry)
        .where(LoggedTry.notice_id == notice_id)
        .order_by(LoggedTry.tried_at, LoggedTry.number)
    )
    return tuple(
        TryView(
            number=row.number,
            tried_at=row.tried_at,
            is_replay=row.is_replay,
            status=row.status,
            failure=row.failure,
            took_ms=row.took_ms,
        )
        for row in found
    )


def _view(row: StoredNotice) -> NoticeView:
    return NoticeView(
        notice_id=row.notice_id,
        merchant_id=row.merchant_id,
        plan_id=row.plan_id,
        sequence=row.sequence,
        kind=row.kind,
        reference=row.reference,
        at=row.at,
        stored_at=row.stored_at,
        state=row.state,
        attempt_count=row.attempt_count,
        status=row.status,
        attempted_at=row.attempted_at,
        delivered_at=row.delivered_at,
        replayed_at=row.replayed_at,
    )
