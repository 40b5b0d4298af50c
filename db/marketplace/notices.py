"""Notices to merchants: put on file under their number, tried, and what has become of them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, update

from db.kernel.engine import ReadSession, WriteSession
from db.kernel.once import insert_once
from db.marketplace.tables import LoggedTry, Merchant, Order, StoredNotice
from db.marketplace.views.notices import WantedNotices, conditions_of, newest_of_plan
from meqenet.errors import Unavailable
from meqenet.marketplace.notices import NoticeState, TryFailure
from meqenet.marketplace.webhooks import Notice


@dataclass(frozen=True, kw_only=True)
class NoticeTry:
    """One POST of a notice.

    ``number`` counts from 1; ``status`` is what the merchant answered, None when it did not, and
    then ``failure`` says why; ``is_last``: after it the notice is given up.
    """

    notice_id: str
    merchant_id: str
    plan_id: str
    kind: str
    number: int
    status: int | None
    failure: TryFailure | None
    took_ms: int | None
    delivered: bool
    is_replay: bool
    is_last: bool
    at: datetime


async def store_notice(
    *,
    session: WriteSession,
    notice_id: str,
    notice: Notice,
    at: datetime,
    after: str | None = None,
) -> StoredNotice:
    """Put a notice on file under the plan's next number; one that is on file keeps its own.

    Args:
        session: the number is given, and the notice stored, in one transaction.
        notice_id: names it.
        notice: what is told; its own ``sequence`` is not looked at.
        at: now.
        after: the notice that must have a lower number.

    Raises:
        Unavailable: ``earlier_notice_missing``: that one is not on file yet.
    """
    # One after another for each plan, so that no number is left out or given twice.
    await session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"notices of {notice.plan_id}", 0)))
    )
    stored = await session.get(StoredNotice, notice_id)
    if stored is not None:
        return stored
    if after is not None and await session.get(StoredNotice, after) is None:
        raise Unavailable("earlier_notice_missing", "the plan's notice before it is not on file")
    newest = await newest_of_plan(session=session, plan_id=notice.plan_id)
    wanted = await listening_among(session=session, merchant_ids={notice.merchant_id})
    stored = StoredNotice(
        notice_id=notice_id,
        merchant_id=notice.merchant_id,
        plan_id=notice.plan_id,
        sequence=newest + 1,
        kind=notice.kind,
        reference=notice.reference,
        at=notice.at,
        stored_at=at,
        state=NoticeState.PENDING if wanted else NoticeState.NOT_WANTED,
    )
    session.add(stored)
    await session.flush()
    return stored


async def begin_replay(*, session: WriteSession, notice_id: str, at: datetime) -> None:
    """Count the tries anew; one that was given up, or not wanted, is being told again."""
    stored = await session.get_one(StoredNotice, notice_id, with_for_update=True)
    if stored.replayed_at == at:
        return
    stored.replayed_at = at
    if stored.state is not NoticeState.DELIVERED:
        wanted = await listening_among(session=session, merchant_ids={stored.merchant_id})
        stored.attempt_count = 0
        stored.state = NoticeState.PENDING if wanted else NoticeState.NOT_WANTED


async def status_taken_with(*, session: ReadSession, notice_id: str) -> int | None:
    """The HTTP status with which the merchant has taken this notice; None while it has not."""
    stored = await session.get(StoredNotice, notice_id)
    if stored is None or stored.delivered_at is None:
        return None
    return stored.status


async def settled_among(
    *, session: ReadSession, notice_ids: Collection[str], tries_max: int
) -> frozenset[str]:
    """Those of the notices that were delivered, or given up after ``tries_max`` tries."""
    found = await session.scalars(
        select(StoredNotice.notice_id).where(
            StoredNotice.notice_id.in_(notice_ids),
            or_(
                StoredNotice.state != NoticeState.PENDING,
                StoredNotice.attempt_count >= tries_max,
            ),
        )
    )
    return frozenset(found)


async def listening_among(*, session: ReadSession, merchant_ids: Collection[str]) -> frozenset[str]:
    """Those of the merchants that have given a webhook."""
    found = await session.scalars(
        select(Merchant.merchant_id).where(
            Merchant.merchant_id.in_(merchant_ids), Merchant.webhook_url.is_not(None)
        )
    )
    return frozenset(found)


async def given_up_after(
    *,
    session: ReadSession,
    merchant_id: str,
    since: datetime | None,
    until: datetime | None,
    after: str | None,
    limit: int,
) -> tuple[StoredNotice, ...]:
    """A merchant's notices that were given up, stored in a period, in the order of their ids."""
    wanted = WantedNotices(
        merchant_id=merchant_id, state=NoticeState.GIVEN_UP, since=since, until=until
    )
    narrowed = select(StoredNotice).where(*conditions_of(wanted))
    if after is not None:
        narrowed = narrowed.where(StoredNotice.notice_id > after)
    found = await session.scalars(narrowed.order_by(StoredNotice.notice_id).limit(limit))
    return tuple(found)


async def call_off(*, session: WriteSession, notice_id: str) -> None:
    """The merchant has no webhook any more: what was being told is not."""
    await session.execute(
        update(StoredNotice)
        .where(StoredNotice.notice_id == notice_id, StoredNotice.state == NoticeState.PENDING)
        .values(state=NoticeState.NOT_WANTED)
    )


async def record_try(*, session: WriteSession, made: NoticeTry) -> None:
    """Log a try, and keep what the latest came to; the same one again changes nothing.

    Once delivered, a notice stays as it is. A delivery is taken down whatever its number, so that
    a workflow that was begun anew, and counts from 1 again, cannot lose one.
    """
    await _store_if_missing(session=session, made=made)
    row = {
        "notice_id": made.notice_id,
        "tried_at": made.at,
        "number": made.number,
        "is_replay": made.is_replay,
        "status": made.status,
        "failure": made.failure,
        "took_ms": made.took_ms,
    }
    await insert_once(session=session, table=LoggedTry, values=row)
    stored = await session.get_one(
        StoredNotice, made.notice_id, with_for_update=True, populate_existing=True
    )
    if stored.state is NoticeState.DELIVERED:
        return
    if not made.delivered and made.number <= stored.attempt_count:
        return
    stored.attempt_count = max(stored.attempt_count, made.number)
    stored.status, stored.attempted_at = made.status, made.at
    if made.delivered:
        stored.state, stored.delivered_at = NoticeState.DELIVERED, made.at
    elif made.is_last:
        stored.state = NoticeState.GIVEN_UP


async def _store_if_missing(*, session: WriteSession, made: NoticeTry) -> None:
    """A run that began before notices were put on file first tells of one by its first try."""
    if await session.get(StoredNotice, made.notice_id) is not None:
        return
    order = await session.get(Order, made.plan_id)
    notice = Notice(
        kind=made.kind,
        merchant_id=made.merchant_id,
        plan_id=made.plan_id,
        reference="" if order is None else order.reference,
        at=made.at,
    )
    stored = await store_notice(
        session=session, notice_id=made.notice_id, notice=notice, at=made.at
    )
    # It is being told, whatever is known here of a webhook.
    stored.state = NoticeState.PENDING
