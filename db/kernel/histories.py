"""Reading the whole histories of many streams, a batch at a time."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from db.kernel.engine import Database, ReadSession
from db.kernel.tables import events
from meqenet.event_chain import EventContent


async def stream_names(
    *, database: Database, changed_since: datetime | None = None, limit: int
) -> AsyncIterator[list[str]]:
    """The names of all streams in their order, ``limit`` at a time.

    Args:
        database: every batch is read in a transaction of its own.
        changed_since: those only that had an event recorded then or later.
        limit: how many there are in a batch at most.
    """
    after = ""
    while True:
        query = select(events.c.stream).distinct().where(events.c.stream > after)
        if changed_since is not None:
            query = query.where(events.c.recorded_at >= changed_since)
        async with database.read() as session:
            found = await session.scalars(query.order_by(events.c.stream).limit(limit))
            names = list(found)
        if not names:
            return
        yield names
        after = names[-1]


async def known_streams(
    *, session: ReadSession, streams: Sequence[str], changed_since: datetime | None = None
) -> set[str]:
    """Those of the streams that have an event, or one that was recorded then or later."""
    query = select(events.c.stream).distinct().where(_among(streams))
    if changed_since is not None:
        query = query.where(events.c.recorded_at >= changed_since)
    return set(await session.scalars(query))


async def read_streams(
    *, session: ReadSession, streams: Sequence[str]
) -> dict[str, list[EventContent]]:
    """The events of these streams, each in order; a stream without any is not there."""
    found = await session.execute(
        select(events).where(_among(streams)).order_by(events.c.stream, events.c.stream_sequence)
    )
    histories: dict[str, list[EventContent]] = {}
    for row in found:
        content = EventContent(
            event_id=row.id,
            stream=row.stream,
            sequence=row.stream_sequence,
            event_type=row.type,
            version=row.version,
            data=row.data,
            effective_at=row.effective_at,
        )
        histories.setdefault(row.stream, []).append(content)
    return histories


def _among(streams: Sequence[str]) -> ColumnElement[bool]:
    return events.c.stream == any_(literal(list(streams), ARRAY(Text)))
