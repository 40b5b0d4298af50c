"""Events verified a second, on one core, beside reading and hashing the same bytes bare."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final

from rich.console import Console
from sqlalchemy import make_url

from apps.bench.rates import Rate, rate_table
from apps.runtime.backing import Server, backing_servers
from db.kernel.chains import Streams, first_chain_break, patient_connection
from db.kernel.engine import Database
from db.kernel.migrate import migrate_all
from meqenet.event_chain import GENESIS, EventContent, canonical_json, event_hash

_STREAMS: Final = 10_000
_EVENTS_PER_STREAM: Final = 20
"""About as many as a plan over half a year has."""
_EVENTS: Final = _STREAMS * _EVENTS_PER_STREAM
_ROUNDS: Final = 3
_AT: Final = datetime(2026, 11, 23, 6, tzinfo=UTC)
_COLUMNS: Final = (
    "stream",
    "stream_sequence",
    "id",
    "type",
    "version",
    "data",
    "effective_at",
    "previous_hash",
    "hash",
)
_BARE: Final = "SELECT * FROM events ORDER BY stream, stream_sequence"


async def measure() -> list[Rate]:
    """Fill an event log and verify it; the best of a few rounds of each counts."""
    async with backing_servers(servers=(Server.POSTGRES,), durable=True) as backing:
        url = make_url(backing.admin_url).set(
            username="meqenet_bnpl",
            password="bench",  # noqa: S106 - of a server that lives for seconds
            database="meqenet_bnpl",
        )
        text = url.render_as_string(hide_password=False)
        await migrate_all(admin_url=backing.admin_url, domain_urls={"bnpl": text})
        database = Database(url=text)
        try:
            await _fill(database)
            rates: list[Rate] = []
            for _ in range(_ROUNDS):
                bare = await _both("bare COPY of the same rows, hashed", _read(database))
                rates += bare
                rates += await _both("event chains verified", _verify(database), baselines=bare)
        finally:
            await database.dispose()
    return [
        max((r for r in rates if r.what == what), key=attrgetter("per_second"))
        for what in _names(rates)
    ]


async def _both(
    what: str, work: Callable[[], Awaitable[object]], *, baselines: list[Rate] | None = None
) -> list[Rate]:
    """Do the work once: its rate by the clock on the wall, and by this process's time on a core."""
    wall_seconds, core_seconds = time.perf_counter(), time.process_time()
    await work()
    wall_seconds = time.perf_counter() - wall_seconds
    core_seconds = time.process_time() - core_seconds
    wall, core = baselines or (None, None)
    return [
        Rate(what=what, count=_EVENTS, seconds=wall_seconds, baseline=wall),
        Rate(what=f"{what} (core time)", count=_EVENTS, seconds=core_seconds, baseline=core),
    ]


def _verify(database: Database) -> Callable[[], Awaitable[None]]:
    async def verify() -> None:
        seen: list[int] = []
        broken = await first_chain_break(database=database, streams=Streams(), advance=seen.append)
        if broken is not None or sum(seen) != _EVENTS:
            raise RuntimeError(f"the log that was just written does not hold: {broken}")

    return verify


def _read(database: Database) -> Callable[[], Awaitable[None]]:
    async def read() -> None:
        digest = hashlib.sha256()

        async def take(chunk: bytes) -> None:
            digest.update(chunk)

        async with database.read() as session:
            connection = await patient_connection(session=session)
            await connection.copy_from_query(_BARE, output=take)

    return read


async def _fill(database: Database) -> None:
    async with database.write() as session:
        connection = await patient_connection(session=session)
        await connection.copy_records_to_table("events", records=_rows(), columns=_COLUMNS)
    async with database.write() as session:
        connection = await patient_connection(session=session)
        await connection.execute("ANALYZE events")


def _rows() -> Iterator[tuple[Any, ...]]:
    for number in range(_STREAMS):
        stream, previous = f"pln_{number:020d}", GENESIS
        for sequence in range(1, _EVENTS_PER_STREAM + 1):
            content = EventContent(
                event_id=f"{stream}-e{sequence}",
                stream=stream,
                sequence=sequence,
                event_type="installment_paid",
                version=1,
                data=_data(stream, sequence),
                effective_at=_AT,
            )
            digest = event_hash(content=content, previous_hash=previous)
            text = canonical_json(value=content.data).decode()
            yield (
                stream,
                sequence,
                content.event_id,
                content.event_type,
                1,
                text,
                _AT,
                previous,
                digest,
            )
            previous = digest


def _data(stream: str, sequence: int) -> dict[str, Any]:
    """What an installment's event holds: about as much as the average one."""
    return {
        "kind": "installment_paid",
        "number": sequence,
        "attempt_id": f"{stream}-i{sequence:02d}-a1",
        "amount": {"currency": "ETB", "santim": 100_000 + sequence},
        "paid_at": "2026-11-23T06:00:00.000000Z",
        "state": "active",
        "next_action": None,
        "next_step": "collect the next installment",
        "next_step_at": "2026-12-07T06:00:00.000000Z",
    }


def _names(rates: list[Rate]) -> list[str]:
    return list(dict.fromkeys(rate.what for rate in rates))


if __name__ == "__main__":
    Console().print(rate_table(title="Verification", rates=asyncio.run(measure())))
