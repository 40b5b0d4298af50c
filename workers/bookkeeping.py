"""What operators do to the ledger: close a period, take a posting back, let holds expire."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from db.kernel.engine import Database
from db.ledger import holds, periods, reversals, snapshots
from meqenet.ledger.happenings import PostingReversed
from meqenet.ledger.periods import PeriodKind, first_open_instant

_PER_BATCH: Final = 50


@dataclass(frozen=True, kw_only=True)
class Closed:
    """A closed period.

    Attributes:
        kind: a day or a month.
        last_day: its last day, in Addis Ababa.
        open_from: the first instant that takes entries.
        is_new: whether it was open until now.
        accounts: how many accounts were summed up.
    """

    kind: PeriodKind
    last_day: date
    open_from: datetime
    is_new: bool
    accounts: int


async def close(
    *,
    database: Database,
    kind: PeriodKind,
    last_day: date,
    closed_by: str,
    reason: str,
    at: datetime,
) -> Closed:
    """Close a period, and sum up every account. Broken off and asked again, it goes on.

    Nobody who posts waits for the sums: they are taken after the period has been closed.

    Raises:
        Refusal: those of :func:`db.ledger.periods.close_period`.
        Unavailable: the database could not be reached, or somebody was posting for too long.
    """
    async with database.write() as session:
        is_new = await periods.close_period(
            session=session, kind=kind, last_day=last_day, closed_by=closed_by, reason=reason, at=at
        )
    async with database.write() as session:
        accounts = await snapshots.take_snapshots(session=session, last_day=last_day)
    return Closed(
        kind=kind,
        last_day=last_day,
        open_from=first_open_instant(kind=kind, last_day=last_day),
        is_new=is_new,
        accounts=accounts,
    )


async def expire_holds(*, database: Database, at: datetime) -> AsyncIterator[tuple[str, ...]]:
    """Free the money of every hold whose time is over, batch by batch; the ids of each batch."""
    while True:
        async with database.write() as session:
            expired = await holds.expire_due(session=session, at=at, limit=_PER_BATCH)
        if not expired:
            return
        yield expired


async def reverse(*, database: Database, correction: PostingReversed, at: datetime) -> str:
    """Take a posting back, from now on; the id of the reversal, which is derived from it.

    Raises:
        Refusal: those of :func:`db.ledger.reversals.reverse`.
    """
    posting_id = f"{correction.reverses}-reversed"
    async with database.write() as session:
        await reversals.reverse(
            session=session, posting_id=posting_id, correction=correction, effective_at=at
        )
    return posting_id
