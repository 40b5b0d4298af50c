"""The append-only event log of a domain. No event carries private data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sqlalchemy import Row, func, insert, or_, select

from db.kernel.engine import ReadSession, WriteSession
from db.kernel.tables import events
from meqenet.errors import Defect, Unavailable
from meqenet.event_chain import (
    GENESIS,
    ChainedEvent,
    EventContent,
    event_hash,
    first_break,
    plain,
)
from meqenet.event_types import EventData


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """What happened. ``event_id`` is derived by the caller, so that a repeat finds its trace.

    ``data`` may hold what :func:`meqenet.event_chain.plain` takes; ``at`` is when it was true.
    """

    event_id: str
    stream: str
    event_type: str
    data: Mapping[str, Any] | EventData
    at: datetime
    version: int = 1

    @classmethod
    def of(cls, *, event_id: str, stream: str, data: EventData, at: datetime) -> Self:
        """An event whose data say themselves of what type and version they are."""
        return cls(
            event_id=event_id,
            stream=stream,
            event_type=data.event_type,
            data=data,
            at=at,
            version=data.version,
        )


async def append(
    *, session: WriteSession, event: NewEvent, expected_sequence: int | None = None
) -> ChainedEvent:
    """Append to the stream in the caller's transaction; the same event again changes nothing.

    Args:
        session: the transaction that also changes the rows which the event speaks of.
        event: what happened.
        expected_sequence: the number that the event must get (the first is 1); None takes the
            next one.

    Raises:
        Defect: ``event_differs`` when the id, or the expected number, has other content already;
            ``event_out_of_sequence`` when the expected number is not the next one.
        Unavailable: ``transaction_overtaken``: see :func:`lock_stream`.
    """
    stream = event.stream
    await lock_stream(session=session, stream=stream)
    newest = (
        select(func.max(events.c.stream_sequence))
        .where(events.c.stream == stream)
        .scalar_subquery()
    )
    found = await session.execute(
        select(events, (events.c.xid > func.pg_current_xact_id()).label("has_overtaken"))
        .where(
            events.c.stream == stream,
            or_(
                events.c.id == event.event_id,
                events.c.stream_sequence == newest,
                events.c.stream_sequence == expected_sequence,
            ),
        )
        .order_by(events.c.stream_sequence)
    )
    rows = found.all()
    near = [_chained(row) for row in rows]
    for stored in near:
        content = stored.content
        if content.event_id == event.event_id or content.sequence == expected_sequence:
            _require_same(stored=content, event=event, expected_sequence=expected_sequence)
            return stored
    if rows and rows[-1].has_overtaken:
        raise Unavailable(
            "transaction_overtaken",
            f"{stream}: a transaction that began to write later has appended first",
        )
    last = near[-1] if near else None
    return await _insert(
        session=session, event=event, last=last, expected_sequence=expected_sequence
    )


async def lock_stream(*, session: WriteSession, stream: str) -> None:
    """Let no other transaction append to the stream until this one has ended.

    Readers of the outbox take transactions in the order of their ids, and a transaction gets its id
    with its first write. Take this lock before that, wherever several transactions may append to
    one stream at a time: otherwise the one that comes second may have the lower id, its event would
    be read before the one that it follows, and :func:`append` has it tried again instead.
    """
    await session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"events:{stream}", 0)))
    )


async def read_stream(
    *, session: ReadSession, stream: str, after_sequence: int = 0
) -> list[ChainedEvent]:
    """A stream's events in order, from the one behind ``after_sequence`` on."""
    found = await session.execute(
        select(events)
        .where(events.c.stream == stream, events.c.stream_sequence > after_sequence)
        .order_by(events.c.stream_sequence)
    )
    return [_chained(row) for row in found]


async def require_unbroken(*, session: ReadSession, stream: str) -> None:
    """Recompute the stream's whole chain.

    Raises:
        Defect: ``event_chain_broken``, with the sequence at which it ceases to hold.
    """
    broken_at = first_break(events=await read_stream(session=session, stream=stream))
    if broken_at is not None:
        raise Defect(
            "event_chain_broken",
            f"the event chain of {stream} breaks at {broken_at}",
            facts={"stream": stream, "sequence": str(broken_at)},
        )


async def _insert(
    *,
    session: WriteSession,
    event: NewEvent,
    last: ChainedEvent | None,
    expected_sequence: int | None,
) -> ChainedEvent:
    sequence = last.content.sequence + 1 if last else 1
    if expected_sequence not in (None, sequence):
        raise Defect(
            "event_out_of_sequence",
            f"{event.stream}: event {expected_sequence} cannot follow {sequence - 1}",
        )
    content = _content(event, sequence=sequence)
    previous_hash = last.hash if last else GENESIS
    chained = ChainedEvent(
        content=content,
        previous_hash=previous_hash,
        hash=event_hash(content=content, previous_hash=previous_hash),
    )
    await session.execute(
        insert(events).values(
            stream=content.stream,
            stream_sequence=sequence,
            id=content.event_id,
            type=content.event_type,
            version=content.version,
            data=content.data,
            effective_at=content.effective_at,
            previous_hash=chained.previous_hash,
            hash=chained.hash,
        )
    )
    return chained


def _require_same(*, stored: EventContent, event: NewEvent, expected_sequence: int | None) -> None:
    expected = _content(event, sequence=expected_sequence or stored.sequence)
    if stored != expected:
        raise Defect(
            "event_differs",
            f"{stored.stream}: event {stored.sequence} is stored with other content",
            facts={"stored_type": stored.event_type, "type": event.event_type},
        )


def _content(event: NewEvent, *, sequence: int) -> EventContent:
    return EventContent(
        event_id=event.event_id,
        stream=event.stream,
        sequence=sequence,
        event_type=event.event_type,
        version=event.version,
        data=plain(event.data),
        effective_at=event.at,
    )


def _chained(row: Row[Any]) -> ChainedEvent:
    return ChainedEvent(
        content=EventContent(
            event_id=row.id,
            stream=row.stream,
            sequence=row.stream_sequence,
            event_type=row.type,
            version=row.version,
            data=row.data,
            effective_at=row.effective_at,
        ),
        previous_hash=row.previous_hash,
        hash=row.hash,
    )
