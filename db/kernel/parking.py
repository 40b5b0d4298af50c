"""Where events wait that a consumer could not take in, each stream's in order.

The first one that fails opens the queue; what comes of the same stream behind it waits there too,
and no other stream notices. It is tried again after set pauses, then only when a person asks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, Text, any_, delete, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from db.kernel.engine import ReadSession, WriteSession
from db.kernel.outbox import Position, as_number, as_xid
from db.kernel.tables import parked_events


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why an event could not be taken in: the error's type and our code, never its text."""

    error_type: str
    error_code: str | None


@dataclass(frozen=True, kw_only=True)
class ParkedEvent:
    """An event that waits.

    Attributes:
        event: as it came.
        failure: None when it only waits behind another one of its stream.
        tries: how often it has failed.
        next_try_at: None when nothing but a person's word has it tried again.
    """

    parked_id: int
    consumer: str
    source: str
    stream: str
    sequence: int
    position: Position
    event: Mapping[str, Any]
    failure: Failure | None
    tries: int
    parked_at: datetime
    next_try_at: datetime | None


@dataclass(frozen=True, kw_only=True, order=True)
class Queue:
    """The parked events of one stream, for one consumer."""

    consumer: str
    source: str
    stream: str


async def park(
    *,
    session: WriteSession,
    queue: Queue,
    sequence: int,
    position: Position,
    event: Mapping[str, Any],
    failure: Failure | None,
    try_again_in: timedelta | None,
) -> None:
    """Put an event into its queue; one that is there already stays as it is."""
    await session.execute(
        insert(parked_events)
        .values(
            consumer=queue.consumer,
            source=queue.source,
            stream=queue.stream,
            stream_sequence=sequence,
            xid=as_xid(position),
            position=position.number,
            event=event,
            error_type=failure.error_type if failure else None,
            error_code=failure.error_code if failure else None,
            tries=1 if failure else 0,
            next_try_at=_in(try_again_in),
        )
        .on_conflict_do_nothing()
    )


async def note_failure(
    *, session: WriteSession, parked_id: int, failure: Failure, try_again_in: timedelta | None
) -> None:
    """It has failed once more."""
    await session.execute(
        update(parked_events)
        .where(parked_events.c.parked_id == parked_id)
        .values(
            error_type=failure.error_type,
            error_code=failure.error_code,
            tries=parked_events.c.tries + 1,
            next_try_at=_in(try_again_in),
        )
    )


async def release(*, session: WriteSession, parked_ids: Iterable[int]) -> None:
    """Take events out of their queue: they have had their effect."""
    await session.execute(
        delete(parked_events).where(parked_events.c.parked_id.in_(list(parked_ids)))
    )


async def empty(*, session: WriteSession, consumer: str) -> None:
    """Take everything out of a consumer's queues: it begins anew."""
    await session.execute(delete(parked_events).where(parked_events.c.consumer == consumer))


async def blocked_streams(
    *, session: ReadSession, consumer: str, source: str, streams: Iterable[str]
) -> set[str]:
    """Those of the streams that have a queue."""
    found = await session.scalars(
        select(parked_events.c.stream)
        .distinct()
        .where(
            parked_events.c.stream == any_(literal(list(streams), ARRAY(Text))),
            parked_events.c.source == source,
            parked_events.c.consumer == consumer,
        )
    )
    return set(found)


async def read_queue(*, session: ReadSession, queue: Queue, limit: int) -> list[ParkedEvent]:
    """The events of a queue, in order."""
    found = await session.execute(
        _parked()
        .where(
            parked_events.c.stream == queue.stream,
            parked_events.c.source == queue.source,
            parked_events.c.consumer == queue.consumer,
        )
        .order_by(parked_events.c.stream_sequence)
        .limit(limit)
    )
    return [_event(row) for row in found]


async def due_queues(*, session: ReadSession, consumer: str, limit: int) -> list[Queue]:
    """The queues whose time for another try has come."""
    found = await session.scalars(
        select(parked_events.c.parked_id)
        .where(parked_events.c.consumer == consumer, parked_events.c.next_try_at <= func.now())
        .order_by(parked_events.c.next_try_at)
        .limit(limit)
    )
    return await queues_of(session=session, parked_ids=list(found))


async def queues_of(*, session: ReadSession, parked_ids: Iterable[int] | None) -> list[Queue]:
    """The queues in which these events are; None: all queues."""
    key = tuple_(parked_events.c.consumer, parked_events.c.source, parked_events.c.stream)
    query = select(
        parked_events.c.consumer, parked_events.c.source, parked_events.c.stream
    ).distinct()
    if parked_ids is not None:
        query = query.where(parked_events.c.parked_id.in_(list(parked_ids)))
    found = await session.execute(query.order_by(*key))
    return [
        Queue(consumer=consumer, source=source, stream=stream) for consumer, source, stream in found
    ]


async def list_parked(
    *, session: ReadSession, consumer: str | None = None, limit: int
) -> list[ParkedEvent]:
    """What waits, of one consumer or of all, the oldest first: only queues' heads have failed."""
    query = _parked()
    if consumer is not None:
        query = query.where(parked_events.c.consumer == consumer)
    found = await session.execute(query.order_by(parked_events.c.parked_id).limit(limit))
    return [_event(row) for row in found]


async def count_parked(*, session: ReadSession) -> dict[tuple[str, str], int]:
    """How many events wait, by consumer and source."""
    found = await session.execute(
        select(parked_events.c.consumer, parked_events.c.source, func.count()).group_by(
            parked_events.c.consumer, parked_events.c.source
        )
    )
    return {(consumer, source): count for consumer, source, count in found}


def _parked() -> Select[Any]:
    return select(parked_events, as_number(parked_events.c.xid).label("xid_number"))


def _event(row: Row[Any]) -> ParkedEvent:
    failure = None
    if row.error_type is not None:
        failure = Failure(error_type=row.error_type, error_code=row.error_code)
    return ParkedEvent(
        parked_id=row.parked_id,
        consumer=row.consumer,
        source=row.source,
        stream=row.stream,
        sequence=row.stream_sequence,
        position=Position(row.xid_number, row.position),
        event=row.event,
        failure=failure,
        tries=row.tries,
        parked_at=row.parked_at,
        next_try_at=row.next_try_at,
    )


def _in(pause: timedelta | None) -> Any:  # noqa: ANN401 - an SQL expression, or nothing
    return None if pause is None else func.now() + literal(pause)
