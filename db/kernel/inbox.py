"""What a consumer has taken in of other domains' events, kept beside the effect it had.

A consumer has a position per source, as readers of an outbox have, and a sequence per stream. The
position says where to read on; the sequence decides whether an event has had its effect already,
so a repeat is harmless wherever it comes from, and a missing event shows.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from sqlalchemy import BigInteger, Text, any_, cast, delete, func, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY, insert

from db.kernel.engine import Database, ReadSession, WriteSession
from db.kernel.outbox import Position, as_number, as_xid
from db.kernel.tables import inbox_positions, inbox_streams
from meqenet.errors import Unavailable
from meqenet.event_chain import EventContent

_PAUSE_SECONDS_MIN: Final = 0.01
_PAUSE_SECONDS_MAX: Final = 0.2
_RETRY_AFTER: Final = timedelta(seconds=1)

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class InboxEvent:
    """An event as it arrived. ``source`` is the domain in whose outbox its position is."""

    source: str
    position: Position
    content: EventContent
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class Reached:
    """How far a consumer has come in a source: a position, and how many events lie behind it."""

    position: Position
    passed: int


@dataclass(frozen=True, kw_only=True)
class Written:
    """An event that somebody wrote and now wants to see: its domain, stream and number in it."""

    source: str
    stream: str
    sequence: int


async def lock_consumer(*, session: WriteSession, consumer: str) -> None:
    """Wait until no other transaction takes in events for this consumer."""
    await session.execute(select(func.pg_advisory_xact_lock(_lock_key(consumer))))


async def try_lock_consumer(*, session: WriteSession, consumer: str) -> bool:
    """As :func:`lock_consumer`, or False at once."""
    return bool(await session.scalar(select(func.pg_try_advisory_xact_lock(_lock_key(consumer)))))


async def read_reached(*, session: ReadSession, consumer: str) -> dict[str, Reached]:
    """How far the consumer has come, by source; a source that it has not read is not there."""
    found = await session.execute(
        select(
            inbox_positions.c.source,
            as_number(inbox_positions.c.xid),
            inbox_positions.c.position,
            inbox_positions.c.passed,
        ).where(inbox_positions.c.consumer == consumer)
    )
    return {
        source: Reached(position=Position(xid, number), passed=passed)
        for source, xid, number, passed in found
    }


async def store_reached(
    *, session: WriteSession, consumer: str, source: str, reached: Reached
) -> None:
    """Remember how far the consumer has come."""
    place = {
        "xid": as_xid(reached.position),
        "position": reached.position.number,
        "passed": reached.passed,
    }
    await session.execute(
        insert(inbox_positions)
        .values(consumer=consumer, source=source, **place)
        .on_conflict_do_update(
            index_elements=["consumer", "source"], set_={**place, "moved_at": func.now()}
        )
    )


async def read_sequences(
    *, session: ReadSession, consumer: str, source: str, streams: Iterable[str]
) -> dict[str, int]:
    """The last event of each stream that has its effect; a new stream is not there."""
    found = await session.execute(
        select(inbox_streams.c.stream, inbox_streams.c.sequence).where(
            inbox_streams.c.stream == any_(literal(list(streams), ARRAY(Text))),
            inbox_streams.c.source == source,
            inbox_streams.c.consumer == consumer,
        )
    )
    return {row.stream: row.sequence for row in found}


async def store_sequences(
    *, session: WriteSession, consumer: str, source: str, sequences: Mapping[str, int]
) -> None:
    """Remember the last event of each stream."""
    await session.execute(
        text(
            "INSERT INTO inbox_streams (stream, source, consumer, sequence) "
            "SELECT stream, :source, :consumer, sequence "
            "FROM unnest(CAST(:streams AS text[]), CAST(:sequences AS bigint[])) "
            "AS taken (stream, sequence) "
            "ON CONFLICT (stream, source, consumer) DO UPDATE SET sequence = EXCLUDED.sequence"
        ),
        {
            "source": source,
            "consumer": consumer,
            "streams": list(sequences),
            "sequences": list(sequences.values()),
        },
    )


async def forget(*, session: WriteSession, consumer: str) -> None:
    """Let the consumer begin anew; its effects are the caller's to undo in the transaction."""
    for table in (inbox_positions, inbox_streams):
        await session.execute(delete(table).where(table.c.consumer == consumer))


async def has_seen(*, session: ReadSession, consumer: str, written: Iterable[Written]) -> bool:
    """Whether all of these events have had their effect."""
    return await _first_unseen(session, consumer=consumer, written=written) is None


async def read_after(
    *,
    database: Database,
    consumer: str,
    written: Collection[Written],
    view: Callable[[ReadSession], Awaitable[T]],
    timeout_seconds: float,
) -> T:
    """Read your own writes: what a view shows once all of these events have had their effect.

    Events and view are asked of one snapshot, so it does not matter which replica answers. Without
    events the view is read as it stands.

    Raises:
        Unavailable: ``read_model_behind``: they have not had it within the time given.
    """
    pause = _PAUSE_SECONDS_MIN
    deadline = asyncio.get_running_loop().time() + timeout_seconds
    while True:
        async with database.read() as session:
            unseen = await _first_unseen(session, consumer=consumer, written=written)
            if unseen is None:
                return await view(session)
        left = deadline - asyncio.get_running_loop().time()
        if left <= 0:
            raise Unavailable(
                "read_model_behind",
                f"{consumer} has not come to event {unseen.sequence} of {unseen.stream} yet",
                retry_after=_RETRY_AFTER,
            )
        await asyncio.sleep(min(pause, left))
        pause = min(2 * pause, _PAUSE_SECONDS_MAX)


async def wait_until_seen(
    *, database: Database, consumer: str, written: Collection[Written], timeout_seconds: float
) -> None:
    """Wait until all of these events have had their effect.

    Raises:
        Unavailable: ``read_model_behind``.
    """

    async def nothing(_session: ReadSession) -> None:
        return None

    await read_after(
        database=database,
        consumer=consumer,
        written=written,
        view=nothing,
        timeout_seconds=timeout_seconds,
    )


async def _first_unseen(
    session: ReadSession, *, consumer: str, written: Iterable[Written]
) -> Written | None:
    for each in written:
        sequence = await session.scalar(
            select(inbox_streams.c.sequence).where(
                inbox_streams.c.stream == each.stream,
                inbox_streams.c.source == each.source,
                inbox_streams.c.consumer == consumer,
            )
        )
        if sequence is None or sequence < each.sequence:
            return each
    return None


def _lock_key(consumer: str) -> object:
    return func.hashtextextended(cast(f"inbox:{consumer}", Text), cast(0, BigInteger))
