"""A stream's events with both of their times: when each was true, and when it was stored."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from db.kernel.engine import ReadSession
from db.kernel.events import read_stream
from db.kernel.tables import events
from meqenet.event_chain import EventContent


@dataclass(frozen=True, kw_only=True)
class RecordedEvent:
    """An event as the store has it. ``source`` is the domain whose store that is."""

    source: str
    content: EventContent
    recorded_at: datetime
    hash: bytes


async def read_recorded(
    *, session: ReadSession, source: str, stream: str
) -> tuple[RecordedEvent, ...]:
    """A stream's events in order. ``session`` is a single snapshot, as reading ones are."""
    chain = await read_stream(session=session, stream=stream)
    found = await session.execute(
        select(events.c.stream_sequence, events.c.recorded_at).where(events.c.stream == stream)
    )
    recorded_at = {row[0]: row[1] for row in found}
    return tuple(
        RecordedEvent(
            source=source,
            content=each.content,
            recorded_at=recorded_at[each.content.sequence],
            hash=each.hash,
        )
        for each in chain
    )
