"""What the relay owes whoever reads Redis: every event, in order, whatever is lost on the way."""

import asyncio
import json
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import make_url

from apps.runtime.backing import Backing, Server, backing_servers
from db.kernel.engine import Database, WriteSession
from db.kernel.events import NewEvent, append
from db.kernel.outbox import START, OutboxEvent, Position, read_batch, read_position
from tests.waiting import eventually
from workers.relay import READER, relay_batch, run_relay

AT = datetime(2026, 3, 1, tzinfo=UTC)
WRITERS = 16
EACH = 8


@pytest_asyncio.fixture(loop_scope="session")
async def store(
    kernel_store: Database,  # noqa: ARG001 - its database must be there first
    backing: Backing,
    unique: str,
) -> AsyncIterator[Database]:
    """The test's own database, with a connection for each writer and for those who read."""
    url = make_url(backing.admin_url).set(database=f"kernel_{unique}")
    text = url.render_as_string(hide_password=False)
    database = Database(url=text, connection_count_max=WRITERS + 4)
    yield database
    await database.dispose()


@pytest_asyncio.fixture(loop_scope="session")
async def forgetful() -> AsyncIterator[Backing]:
    """A Valkey of this test's own: it keeps nothing on disk, so it comes back empty."""
    async with backing_servers(servers=(Server.VALKEY,)) as servers:
        yield servers


async def _append(session: WriteSession, stream: str, number: int) -> None:
    event = NewEvent(
        event_id=f"{stream}-{number}",
        stream=stream,
        event_type="counted",
        data={"number": number},
        at=AT,
    )
    await append(session=session, event=event)


async def _position(store: Database) -> Position:
    async with store.read() as session:
        return await read_position(session=session, reader=READER)


async def _write(store: Database, stream: str, *, first: int = 0, count: int = EACH) -> None:
    for number in range(first, first + count):
        async with store.write() as session:
            await _append(session, stream, number)


def _expected(count: int) -> dict[str, list[int]]:
    return {f"pln_{writer}": list(range(1, count + 1)) for writer in range(WRITERS)}


def _by_stream(events: list[tuple[str, int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for stream, sequence in events:
        found.setdefault(stream, []).append(sequence)
    return dict(sorted(found.items(), key=lambda pair: int(pair[0].removeprefix("pln_"))))


async def _published(redis: Redis, domain: str) -> list[tuple[str, int]]:
    """What Redis has; nothing while it is away."""
    try:
        entries: Any = await redis.xrange(f"meqenet.{domain}")
    except (RedisError, OSError):
        return []
    told = [json.loads(fields[b"event"]) for _, fields in entries]
    return [(event["subject"], int(event["sequence"])) for event in told]


@pytest.mark.parametrize("seed", range(3))
async def test_a_reader_between_any_two_commits_skips_nothing(store: Database, seed: int) -> None:
    """Sixteen transactions at a time begin in one order and commit in another, by chance."""
    chance = random.Random(seed)  # noqa: S311 - nothing here is a secret
    seen: list[OutboxEvent] = []

    async def read() -> None:
        after = seen[-1].position if seen else START
        async with store.read() as session:
            seen.extend(
                await read_batch(session=session, after=after, limit=chance.randrange(1, 9))
            )

    for number in range(4):
        async with AsyncExitStack() as all_of_them:
            running = []
            for writer in range(WRITERS):
                one = await all_of_them.enter_async_context(AsyncExitStack())
                session = await one.enter_async_context(store.write())
                await _append(session, f"pln_{writer}", number)
                running.append(one)
            chance.shuffle(running)
            for one in running:
                await one.aclose()
                await read()
    before = -1
    while before != len(seen):
        before = len(seen)
        await read()
    assert [event.position for event in seen] == sorted(event.position for event in seen)
    told = [(event.content.stream, event.content.sequence) for event in seen]
    assert _by_stream(told) == _expected(4)


async def test_sixteen_writers_on_one_merchant_lose_nothing(
    store: Database, redis: Redis, unique: str
) -> None:
    """One stream, which all of them append to, read in its order by two relays at a time."""
    stop = asyncio.Event()
    relays = [
        asyncio.create_task(run_relay(domain=unique, database=store, redis=redis, stop=stop))
        for _ in range(2)
    ]

    async def write(writer: int) -> None:
        for number in range(EACH):
            async with store.write() as session:
                await _append(session, "mrc_1", writer * EACH + number)

    await asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    total = WRITERS * EACH
    events = await eventually(lambda: _published(redis, unique), lambda found: len(found) >= total)
    stop.set()
    await asyncio.gather(*relays)
    assert events == [("mrc_1", sequence) for sequence in range(1, total + 1)]


async def test_a_redis_that_comes_back_empty_gets_every_event_again(
    store: Database, forgetful: Backing, unique: str
) -> None:
    """Killed in the middle of the writing; two relays go on by themselves."""
    redis = Redis.from_url(forgetful.redis_url)
    stop = asyncio.Event()
    relays = [
        asyncio.create_task(run_relay(domain=unique, database=store, redis=redis, stop=stop))
        for _ in range(2)
    ]
    await asyncio.gather(*(_write(store, f"pln_{writer}") for writer in range(WRITERS)))
    await eventually(lambda: _published(redis, unique), lambda found: len(found) > WRITERS)
    await eventually(lambda: _position(store), lambda position: position > START)
    os.kill(forgetful.process_id(Server.VALKEY), signal.SIGKILL)
    await asyncio.gather(*(_write(store, f"pln_{writer}", first=EACH) for writer in range(WRITERS)))
    total = 2 * WRITERS * EACH
    events = await eventually(lambda: _published(redis, unique), lambda found: len(found) >= total)
    stop.set()
    await asyncio.gather(*relays)
    assert _by_stream(events) == _expected(2 * EACH)
    assert await relay_batch(domain=unique, database=store, redis=redis) == 0
    await redis.aclose()
