from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.kernel.chains import Streams, count_events, first_chain_break
from db.kernel.engine import Database
from db.kernel.events import NewEvent, append
from meqenet.event_chain import ChainBreak
from meqenet.money import Money
from tests.db.kernel.tampering import columns_of, dice, flipped

AT = datetime(2026, 3, 1, 9, 30, 0, 123456, tzinfo=UTC)
STREAMS = ("pln_a", "pln_b", "pln_c")
EVENTS = 4
NOT_IN_THE_CHAIN = {"recorded_at", "xid", "position"}


async def _fill(store: Database) -> None:
    for number in range(1, EVENTS + 1):
        for stream in STREAMS:
            event = NewEvent(
                event_id=f"{stream}-e{number}",
                stream=stream,
                event_type="counted",
                data={
                    "number": number,
                    "amount": Money(number),
                    "rate": Decimal("1.50"),
                    "text": 'ብር\t"\\\n\r\b\f\x0b\x7f\u2028',
                    "rows": [{"on": AT.date(), "paid": True, "at": AT}],
                    "nothing": None,
                },
                at=AT + timedelta(days=number),
            )
            async with store.write() as session:
                await append(session=session, event=event)


async def _first_break(store: Database, streams: Streams | None = None) -> ChainBreak | None:
    counted: list[int] = []
    broken = await first_chain_break(
        database=store, streams=streams or Streams(), advance=counted.append
    )
    if broken is None:
        async with store.read() as session:
            expected = await count_events(session=session, streams=streams or Streams())
        assert sum(counted) == expected
    return broken


async def test_what_was_appended_holds(kernel_store: Database) -> None:
    assert await _first_break(kernel_store) is None
    await _fill(kernel_store)
    assert await _first_break(kernel_store) is None
    assert await _first_break(kernel_store, Streams(stream="pln_b")) is None


async def test_any_flipped_bit_of_an_event_is_found_and_named(
    kernel_store: Database, admin: AsyncEngine
) -> None:
    await _fill(kernel_store)
    chance = dice(seed=20261123)
    columns = await columns_of(admin, table="events")
    for column in (name for name in columns if name not in NOT_IN_THE_CHAIN):
        for _ in range(12):
            stream, sequence = chance.choice(STREAMS), chance.randint(1, EVENTS)
            where = f"stream = '{stream}' AND stream_sequence = {sequence}"
            async with flipped(
                admin,
                table="events",
                column=column,
                kind=columns[column],
                where=where,
                chance=chance,
            ) as what:
                broken = await _first_break(kernel_store)
                assert broken is not None, what
                if column not in {"stream", "stream_sequence"}:
                    assert (broken.stream, broken.sequence) == (stream, sequence), what
                elif broken.stream == stream:
                    assert broken.sequence <= sequence, what
                else:
                    assert column == "stream", what
    assert await _first_break(kernel_store) is None


async def test_a_missing_event_is_named(kernel_store: Database, admin: AsyncEngine) -> None:
    await _fill(kernel_store)
    async with admin.begin() as connection:
        await connection.execute(
            text("DELETE FROM events WHERE stream = 'pln_b' AND stream_sequence = 2")
        )
    assert await _first_break(kernel_store) == ChainBreak(
        stream="pln_b", sequence=2, what="missing: event 3 stands in its place"
    )
    assert await _first_break(kernel_store, Streams(stream="pln_a")) is None


_ADDED: Final = """
    INSERT INTO events SELECT stream, 5, 'pln_b-e5', type, version, data, effective_at,
        recorded_at, xid, position, previous_hash, hash
        FROM events WHERE stream = 'pln_b' AND stream_sequence = 4
"""
_RENUMBERED: Final = """
    UPDATE events SET stream_sequence = :new WHERE stream = 'pln_b' AND stream_sequence = :old
"""
_MOVED: Final = """
    UPDATE events SET stream = 'pln_d' WHERE stream = 'pln_b' AND stream_sequence = 1
"""


@pytest.mark.parametrize(
    ("deed", "numbers", "sequence", "what"),
    [
        (_ADDED, [{}], 5, "previous_hash is not the hash of the event before it"),
        (
            _RENUMBERED,
            [{"old": 2, "new": 9}, {"old": 3, "new": 2}, {"old": 9, "new": 3}],
            2,
            "previous_hash is not the hash of the event before it",
        ),
        (_MOVED, [{}], 1, "missing: event 2 stands in its place"),
    ],
    ids=["added", "reordered", "moved"],
)
async def test_an_event_that_was_added_or_moved_is_named(
    kernel_store: Database,
    admin: AsyncEngine,
    deed: str,
    numbers: list[dict[str, int]],
    sequence: int,
    what: str,
) -> None:
    await _fill(kernel_store)
    async with admin.begin() as connection:
        await connection.execute(text("ALTER TABLE events ALTER position DROP IDENTITY"))
        for each in numbers:
            await connection.execute(text(deed), each)
    assert await _first_break(kernel_store) == ChainBreak(
        stream="pln_b", sequence=sequence, what=what
    )


async def test_what_no_event_can_hold_is_a_break_too(
    kernel_store: Database, admin: AsyncEngine
) -> None:
    await _fill(kernel_store)
    deep = "[" * 5000 + "]" * 5000
    for data in (deep, "1e400", "0.5", "null", '{"number": 1.0}'):
        async with admin.begin() as connection:
            await connection.execute(
                text(
                    "UPDATE events SET data = CAST(:data AS jsonb)"
                    " WHERE stream = 'pln_c' AND stream_sequence = 1"
                ),
                {"data": data},
            )
        broken = await _first_break(kernel_store)
        assert broken is not None, data
        assert (broken.stream, broken.sequence) == ("pln_c", 1), data


async def test_only_streams_that_changed_since_are_read(
    kernel_store: Database, admin: AsyncEngine
) -> None:
    await _fill(kernel_store)
    async with admin.begin() as connection:
        await connection.execute(text("UPDATE events SET recorded_at = '2026-01-01Z'"))
        await connection.execute(
            text(
                "UPDATE events SET recorded_at = '2026-02-01Z'"
                " WHERE stream = 'pln_b' AND stream_sequence = 4"
            )
        )
    since = Streams(changed_since=datetime(2026, 1, 15, tzinfo=UTC))
    async with kernel_store.read() as session:
        assert await count_events(session=session, streams=since) == EVENTS
    async with admin.begin() as connection:
        await connection.execute(text("UPDATE events SET version = 2 WHERE stream = 'pln_a'"))
    assert await _first_break(kernel_store, since) is None
    async with admin.begin() as connection:
        await connection.execute(
            text("UPDATE events SET version = 2 WHERE stream = 'pln_b' AND stream_sequence = 1")
        )
    broken = await _first_break(kernel_store, since)
    assert broken is not None
    assert (broken.stream, broken.sequence) == ("pln_b", 1), "from the first event on"
