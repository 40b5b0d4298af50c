import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from db.kernel.engine import Database, WriteSession
from db.kernel.events import NewEvent, append
from db.kernel.outbox import START, Position, read_position
from meqenet.errors import Defect
from workers.relay import READER, relay_batch, run_relay

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


async def _append(session: WriteSession, number: int, *, stream: str = "pln_a") -> None:
    event = NewEvent(
        event_id=f"{stream}-{number}",
        stream=stream,
        event_type="counted",
        data={"number": number, "amharic": "ብር"},
        at=AT,
    )
    await append(session=session, event=event)


async def _published(redis: Redis, domain: str, *, count: int) -> list[dict[str, Any]]:
    """The first ``count`` events of the stream, awaited."""
    key, last, events = f"meqenet.{domain}", "0-0", list[dict[str, Any]]()
    async with asyncio.timeout(20):
        while len(events) < count:
            answer: Any = await redis.xread({key: last}, block=5000)
            for entry_id, fields in answer[0][1] if answer else []:
                last = entry_id
                events.append(json.loads(fields[b"event"]))
    assert await redis.xlen(key) == count
    return events


async def _ids(redis: Redis, domain: str, *, count: int) -> list[str]:
    return [event["id"] for event in await _published(redis, domain, count=count)]


async def _position(database: Database) -> Position:
    async with database.read() as session:
        return await read_position(session=session, reader=READER)


async def test_an_event_is_published_as_a_cloud_event(
    kernel_store: Database, redis: Redis, unique: str
) -> None:
    async with kernel_store.write() as session:
        await _append(session, 1)
    assert await relay_batch(domain=unique, database=kernel_store, redis=redis) == 1
    (event,) = await _published(redis, unique, count=1)
    assert len(bytes.fromhex(event.pop("hash"))) == 32
    assert datetime.fromisoformat(event.pop("recordedtime")) > AT
    assert event == {
        "specversion": "1.0",
        "id": "pln_a-1",
        "source": f"/meqenet/{unique}",
        "type": f"meqenet.{unique}.counted.v1",
        "subject": "pln_a",
        "time": "2026-03-01T09:30:00.000000Z",
        "sequence": "1",
        "datacontenttype": "application/json",
        "data": {"number": 1, "amharic": "ብር"},
    }


async def test_a_late_commit_is_published_too(
    kernel_store: Database, redis: Redis, unique: str
) -> None:
    """The transaction that began first commits last."""
    async with kernel_store.write() as slow:
        await _append(slow, 1, stream="pln_slow")
        async with kernel_store.write() as fast:
            await _append(fast, 1, stream="pln_fast")
        assert await relay_batch(domain=unique, database=kernel_store, redis=redis) == 0
    assert await relay_batch(domain=unique, database=kernel_store, redis=redis) == 2
    assert await _ids(redis, unique, count=2) == ["pln_slow-1", "pln_fast-1"]


async def test_publishing_again_after_a_crash_leaves_one_entry(
    kernel_store: Database, redis: Redis, unique: str
) -> None:
    """The relay died after Redis took the events and before the store knew."""
    async with kernel_store.write() as session:
        for number in range(3):
            await _append(session, number)

    class Dies(Redis):
        async def xadd(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as its base
            await super().xadd(*arguments, **options)
            raise RedisConnectionError

    dying = Dies(connection_pool=redis.connection_pool)
    with pytest.raises(RedisConnectionError):
        await relay_batch(domain=unique, database=kernel_store, redis=dying)
    assert await _position(kernel_store) == START
    assert await relay_batch(domain=unique, database=kernel_store, redis=redis) == 2
    assert await _position(kernel_store) > START
    assert await _ids(redis, unique, count=3) == ["pln_a-0", "pln_a-1", "pln_a-2"]


async def test_an_emptied_redis_gets_everything_again(
    kernel_store: Database, redis: Redis, unique: str
) -> None:
    for number in range(3):
        async with kernel_store.write() as session:
            await _append(session, number)
    assert await relay_batch(domain=unique, database=kernel_store, redis=redis) == 3
    assert await relay_batch(domain=unique, database=kernel_store, redis=redis) == 0
    before = await redis.xrange(f"meqenet.{unique}")
    await redis.delete(f"meqenet.{unique}")
    assert await relay_batch(domain=unique, database=kernel_store, redis=redis) == 3
    assert await redis.xrange(f"meqenet.{unique}") == before


async def test_a_stream_of_another_store_is_not_written(
    kernel_store: Database, redis: Redis, unique: str
) -> None:
    async with kernel_store.write() as session:
        await _append(session, 1)
    await redis.xadd(f"meqenet.{unique}", {"event": "{}"}, id="1-1")
    with pytest.raises(Defect) as defect:
        await relay_batch(domain=unique, database=kernel_store, redis=redis)
    assert defect.value.code == "stream_of_another_store"
    assert await redis.xlen(f"meqenet.{unique}") == 1


async def test_many_relays_and_writers_at_once_lose_and_repeat_nothing(
    kernel_store: Database, redis: Redis, unique: str
) -> None:
    stop = asyncio.Event()
    relays = [
        asyncio.create_task(run_relay(domain=unique, database=kernel_store, redis=redis, stop=stop))
        for _ in range(3)
    ]

    async def write(stream: str) -> None:
        for number in range(20):
            async with kernel_store.write() as session:
                await _append(session, number, stream=stream)

    await asyncio.gather(*(write(f"pln_{writer}") for writer in range(6)))
    events = await _published(redis, unique, count=120)
    stop.set()
    await asyncio.gather(*relays)
    for writer in range(6):
        mine = [event["sequence"] for event in events if event["subject"] == f"pln_{writer}"]
        assert mine == [str(number) for number in range(1, 21)]


async def test_a_relay_outlives_a_redis_that_is_away(
    kernel_store: Database, redis: Redis, unique: str
) -> None:
    away = Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    stop = asyncio.Event()
    relay = asyncio.create_task(
        run_relay(domain=unique, database=kernel_store, redis=away, stop=stop)
    )
    async with kernel_store.write() as session:
        await _append(session, 1)
    done, _ = await asyncio.wait([relay], timeout=0.3)
    assert not done
    away.connection_pool = redis.connection_pool
    assert await _ids(redis, unique, count=1) == ["pln_a-1"]
    stop.set()
    await relay
