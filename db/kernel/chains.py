"""Whether the streams of a whole event log hold, read as fast as the server can write it out."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pydantic_core import from_json
from sqlalchemy import func, select, text

from db.kernel.engine import Database, ReadSession
from db.kernel.tables import events
from meqenet.event_chain import ChainBreak, ChainWalk

_ROWS: Final = """
    SELECT stream, stream_sequence, id, type, version, data,
        to_char(effective_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        encode(previous_hash, 'hex'), encode(hash, 'hex')
    FROM events
    WHERE ($1::text IS NULL OR stream = $1)
        AND ($2::timestamptz IS NULL
            OR stream IN (SELECT stream FROM events WHERE recorded_at >= $2))
    ORDER BY stream, stream_sequence
"""
_BATCH_BYTES: Final = 1 << 20
_ESCAPED: Final = re.compile(r"\\(.)")
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@dataclass(frozen=True, kw_only=True)
class Streams:
    """Which streams to read, each from its first event on.

    Attributes:
        stream: this one only; None is all of them.
        changed_since: those only that had an event recorded then or later.
    """

    stream: str | None = None
    changed_since: datetime | None = None


async def first_chain_break(
    *, database: Database, streams: Streams, advance: Callable[[int], None]
) -> ChainBreak | None:
    """Recompute every hash of the streams, in the order of their names; None when all hold.

    Args:
        database: read in one transaction, however long it takes.
        streams: which ones.
        advance: told after every batch how many more events hold.

    Raises:
        Unavailable: the server cannot be reached, or it broke the reading off.
    """
    reading = _Reading(walk=ChainWalk(parse=from_json), advance=advance)
    async with database.read() as session:
        connection = await patient_connection(session=session)
        await connection.copy_from_query(
            _ROWS, streams.stream, streams.changed_since, output=reading.take
        )
    reading.check()
    return reading.broken


@dataclass
class _Reading:
    """What COPY writes, checked some thousand rows at a time."""

    walk: ChainWalk
    advance: Callable[[int], None]
    broken: ChainBreak | None = None
    _chunks: list[bytes] = field(default_factory=list)
    _size_bytes: int = 0

    async def take(self, chunk: bytes) -> None:
        """Take what has come; it ends anywhere in a row."""
        self._chunks.append(chunk)
        self._size_bytes += len(chunk)
        if self._size_bytes >= _BATCH_BYTES:
            self.check()

    def check(self) -> None:
        """Check all rows that have come as a whole."""
        whole, newline, rest = b"".join(self._chunks).rpartition(b"\n")
        self._chunks, self._size_bytes = [rest], len(rest)
        # After a break the rest is read and left alone: COPY cannot be ended early without its
        # connection.
        if not newline or self.broken is not None:
            return
        lines = whole.decode().split("\n")
        self.broken = self.walk.first_break(_rows(lines))
        if self.broken is None:
            self.advance(len(lines))


async def count_events(*, session: ReadSession, streams: Streams) -> int:
    """How many events :func:`first_chain_break` has before it."""
    await lift_limits(session=session)
    query = select(func.count()).select_from(events)
    if streams.stream is not None:
        query = query.where(events.c.stream == streams.stream)
    if streams.changed_since is not None:
        changed = select(events.c.stream).where(events.c.recorded_at >= streams.changed_since)
        query = query.where(events.c.stream.in_(changed))
    return await session.scalar(query) or 0


async def patient_connection(*, session: ReadSession) -> Any:  # noqa: ANN401 - asyncpg has no types
    """The session's own asyncpg connection, inside its transaction, with no limit of time."""
    await lift_limits(session=session)
    raw = await (await session.connection()).get_raw_connection()
    return raw.driver_connection


async def lift_limits(*, session: ReadSession) -> None:
    """Let this transaction take its time: it reads a whole store."""
    for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
        await session.execute(text(f"SET LOCAL {setting} = 0"))


def _rows(lines: list[str]) -> Iterator[list[str]]:
    """The columns of COPY's text format."""
    for line in lines:
        columns = line.split("\t")
        if "\\" in line:
            columns = [_ESCAPED.sub(_unescaped, column) for column in columns]
        yield columns


def _unescaped(match: re.Match[str]) -> str:
    letter = match[1]
    return _ESCAPES.get(letter, letter)
