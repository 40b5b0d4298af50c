"""Closing: from then on no entry counts before the first open instant, whoever writes it."""

from datetime import date, datetime

from sqlalchemy import func, insert, select, text

from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append, lock_stream
from db.ledger.tables import ClosedPeriod
from meqenet.errors import Mender, Refusal
from meqenet.ledger.events import PERIODS_STREAM, PeriodClosed
from meqenet.ledger.periods import PeriodKind, first_open_instant


async def close_period(
    *,
    session: WriteSession,
    kind: PeriodKind,
    last_day: date,
    closed_by: str,
    reason: str,
    at: datetime,
) -> bool:
    """Close a day or a month, and everything before it. The same one again changes nothing.

    It waits for those who are posting, and whoever posts meanwhile waits for it; so keep the
    transaction short, and take the snapshots in the next one.

    Args:
        session: the transaction.
        kind: a day or a month.
        last_day: the day, or the last day of the month, in Addis Ababa.
        closed_by: how the operator signs; no private data.
        reason: why.
        at: now.

    Returns:
        Whether it was open until now.

    Raises:
        Refusal: ``period_invalid``; ``period_not_over``; ``period_closed``: it, or a later one, is
            closed already; ``reason_missing``.
    """
    closed_until = first_open_instant(kind=kind, last_day=last_day)
    for name, given in (("closed_by", closed_by), ("reason", reason)):
        if not given.strip():
            raise _refused("reason_missing", f"{name}: say why, and who says it", field=name)
    if closed_until > at:
        raise _refused(
            "period_not_over", f"last_day: {last_day} is not over in Addis Ababa", field="last_day"
        )
    await lock_stream(session=session, stream=PERIODS_STREAM)
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('ledger:periods', 0))")
    )
    stored = await session.get(ClosedPeriod, last_day)
    if stored is not None and stored.kind is kind:
        return False
    newest = await closed_until_now(session=session)
    if newest is not None and newest >= closed_until:
        raise _refused(
            "period_closed",
            f"last_day: the books are closed until {newest:%Y-%m-%d %H:%M}Z already",
            field="last_day",
        )
    told = PeriodClosed(
        kind=kind, last_day=last_day, closed_until=closed_until, closed_by=closed_by, reason=reason
    )
    await session.execute(
        insert(ClosedPeriod).values(
            last_day=last_day,
            kind=kind,
            closed_until=closed_until,
            closed_by=closed_by,
            reason=reason,
            closed_at=at,
        )
    )
    event = NewEvent.of(
        event_id=f"{PERIODS_STREAM}-{last_day}", stream=PERIODS_STREAM, data=told, at=at
    )
    await append(session=session, event=event)
    return True


async def closed_until_now(*, session: ReadSession) -> datetime | None:
    """The first open instant; None when nothing has been closed."""
    return await session.scalar(select(func.max(ClosedPeriod.closed_until)))


def _refused(code: str, what: str, *, field: str) -> Refusal:
    return Refusal(code, what, mender=Mender.MEQENET, field=field)
