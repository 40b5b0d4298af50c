"""Reading a domain's events in commit order, without ever skipping one.

An event is written before its transaction commits, so neither its time nor its number says when
it becomes visible. What does: events of transactions that are older than every transaction still
running (``xid < pg_snapshot_xmin``) are all visible or never will be. Reading those in the order
of ``(xid, position)`` leaves no gap behind.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Text, cast, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from db.kernel.engine import Database, ReadSession, WriteSession
from db.kernel.tables import TransactionId, events, relay_position
from meqenet.event_chain import EventContent

_HAS_NEWS: Final = """
    SELECT EXISTS (
        SELECT 1 FROM events WHERE (xid, position) > (
            coalesce((SELECT xid FROM relay_position WHERE name = $1), '0'::xid8),
            coalesce((SELECT position FROM relay_position WHERE name = $1), 0)
        )
    ) AS found
"""


@dataclass(frozen=True, order=True)
class Position:
    """A place in the outbox: everything up to and including it has been read."""

    xid: int
    number: int


START: Final = Position(0, 0)
"""Before the first event."""


@dataclass(frozen=True, kw_only=True)
class OutboxEvent:
    """An event as the outbox hands it on."""

    position: Position
    content: EventContent
    recorded_at: datetime
    hash: bytes


async def read_batch(*, session: ReadSession, after: Position, limit: int) -> list[OutboxEvent]:
    """The next events in commit order; empty when there is none that is safe to read yet."""
    place = tuple_(events.c.xid, events.c.position)
    found = await session.execute(
        select(events, as_number(events.c.xid).label("xid_number"))
        .where(
            place > tuple_(as_xid(after), literal(after.number, BigInteger)),
            events.c.xid < func.pg_snapshot_xmin(func.pg_current_snapshot()),
        )
        .order_by(events.c.xid, events.c.position)
        .limit(limit)
    )
    return [
        OutboxEvent(
            position=Position(row.xid_number, row.position),
            content=EventContent(
                event_id=row.id,
                stream=row.stream,
                sequence=row.stream_sequence,
                event_type=row.type,
                version=row.version,
                data=row.data,
                effective_at=row.effective_at,
            ),
            recorded_at=row.recorded_at,
            hash=row.hash,
        )
        for row in found
    ]


async def has_news(*, database: Database, reader: str) -> bool:
    """Whether events stand behind what the reader has stored as read: one cheap round trip.

    Raises:
        Unavailable: the database cannot be reached.
    """
    answer = await database.write_alone(statement=_HAS_NEWS, arguments=(reader,))
    return bool(answer.found)


async def holds(*, session: ReadSession, position: Position) -> bool:
    """Whether an event stands at exactly this place."""
    found = await session.execute(
        select(events.c.id).where(
            events.c.xid == as_xid(position), events.c.position == position.number
        )
    )
    return found.first() is not None


async def read_position(*, session: ReadSession, reader: str) -> Position:
    """How far a reader has come; :data:`START` for a new one."""
    found = await session.execute(
        select(as_number(relay_position.c.xid), relay_position.c.position).where(
            relay_position.c.name == reader
        )
    )
    row = found.first()
    return Position(row[0], row[1]) if row else START


async def store_position(*, session: WriteSession, reader: str, position: Position) -> None:
    """Remember how far a reader has come."""
    place = {"xid": as_xid(position), "position": position.number}
    await session.execute(
        insert(relay_position)
        .values(name=reader, **place)
        .on_conflict_do_update(index_elements=["name"], set_={**place, "moved_at": func.now()})
    )


def as_xid(position: Position) -> Any:  # noqa: ANN401 - SQLAlchemy's cast of a user-defined type
    """The transaction of a position, as the database holds it."""
    return cast(literal(str(position.xid), Text), TransactionId)


def as_number(xid: Any) -> Any:  # noqa: ANN401 - SQLAlchemy's cast of a user-defined type
    """A transaction id as a number."""
    return cast(cast(xid, Text), BigInteger)
