"""The outbox relay: a domain's events, in commit order, to the Redis stream ``meqenet.<domain>``.

The id of a Redis entry is the event's place in the outbox, ``<transaction>-<number>``, and Redis
takes ids in rising order only. So Redis itself knows how far the relay has come: an event that is
published twice leaves one entry, a relay that was thought dead cannot put one out of order, and a
Redis that was emptied or set back gets everything after its last entry again. The position in the
store is for operators, and shows a stream that belongs to another database.
"""

import asyncio
import json
import logging
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError
from sqlalchemy import func, select

from db.kernel.engine import Database, WriteSession
from db.kernel.outbox import (
    START,
    OutboxEvent,
    Position,
    has_news,
    holds,
    read_batch,
    read_position,
    store_position,
)
from meqenet.errors import Defect, Unavailable
from meqenet.event_chain import instant_text
from workers.pacing import REST_SECONDS_MAX, REST_SECONDS_MIN, rest, rest_seconds

READER: Final = "redis"
"""The relay's name among the readers of the outbox."""
_LOCK: Final = 0x72656C6179
_BATCH_MAX: Final = 500
_LOOK_AT_REDIS_SECONDS: Final = 3.0
"""Without news, Redis is looked at as often as this: it may have lost what it had."""

_log = logging.getLogger(__name__)


async def run_relay(*, domain: str, database: Database, redis: Redis, stop: asyncio.Event) -> None:
    """Publish until ``stop`` is set. Any number may run at once: one at a time publishes.

    Raises:
        Defect: ``stream_of_another_store``: see docs/stores.md.
    """
    pause = REST_SECONDS_MIN
    clock = asyncio.get_running_loop().time
    look_at = clock()
    while not stop.is_set():
        published, began_at = 0, clock()
        try:
            if clock() >= look_at or await has_news(database=database, reader=READER):
                published = await relay_batch(domain=domain, database=database, redis=redis)
                look_at = clock() + _LOOK_AT_REDIS_SECONDS
        except (Unavailable, RedisError, OSError) as error:
            _log.warning("the relay of %s waits: %s", domain, type(error).__name__)
            published, pause = 0, REST_SECONDS_MAX
        if published:
            pause = rest_seconds(worked_seconds=clock() - began_at)
        if published == _BATCH_MAX:
            continue
        # What is stored within this pause is published together, and not one by one.
        await rest(stop=stop, seconds=pause)
        pause = min(2 * pause, REST_SECONDS_MAX)


async def relay_batch(*, domain: str, database: Database, redis: Redis) -> int:
    """Publish the next events; how many there were. Zero also when another relay is at it.

    The lock ends with the transaction, which writes (and so gets an id that other readers of the
    outbox have to wait for) only after everything is published.

    Raises:
        Defect: ``stream_of_another_store``.
        Unavailable: the database cannot be reached.
        redis.exceptions.RedisError: Redis cannot be reached, or is full.
    """
    stream = f"meqenet.{domain}"
    async with database.write() as session:
        if not await session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
            return 0
        stored = await read_position(session=session, reader=READER)
        reached = await _reached(redis, stream=stream)
        await _require_ours(session, stream=stream, stored=stored, reached=reached)
        batch = await read_batch(session=session, after=reached, limit=_BATCH_MAX)
        for event in batch:
            await _publish(redis, stream=stream, domain=domain, event=event)
        position = batch[-1].position if batch else reached
        if position != stored:
            await store_position(session=session, reader=READER, position=position)
    return len(batch)


def cloud_event(*, domain: str, event: OutboxEvent) -> dict[str, Any]:
    """The event as CloudEvents 1.0 in JSON; ``sequence`` and ``recordedtime`` are extensions."""
    content = event.content
    return {
        "specversion": "1.0",
        "id": content.event_id,
        "source": f"/meqenet/{domain}",
        "type": f"meqenet.{domain}.{content.event_type}.v{content.version}",
        "subject": content.stream,
        "time": instant_text(at=content.effective_at),
        "recordedtime": instant_text(at=event.recorded_at),
        "sequence": str(content.sequence),
        "hash": event.hash.hex(),
        "datacontenttype": "application/json",
        "data": content.data,
    }


async def _reached(redis: Redis, *, stream: str) -> Position:
    """The last place that Redis ever took in this stream."""
    if not await redis.exists(stream):
        return START
    info = await redis.xinfo_stream(stream)
    last = info["last-generated-id"]
    xid, _, number = (last.decode() if isinstance(last, bytes) else str(last)).partition("-")
    return Position(int(xid), int(number))


async def _require_ours(
    session: WriteSession, *, stream: str, stored: Position, reached: Position
) -> None:
    if reached == stored:
        return
    if reached < stored:
        _log.warning("%s has lost entries and gets them again", stream)
    if reached != START and not await holds(session=session, position=reached):
        raise Defect(
            "stream_of_another_store",
            f"the last entry of {stream} is no event of this store; see docs/stores.md",
        )


async def _publish(redis: Redis, *, stream: str, domain: str, event: OutboxEvent) -> None:
    place = f"{event.position.xid}-{event.position.number}"
    text = json.dumps(cloud_event(domain=domain, event=event), ensure_ascii=False)
    try:
        await redis.xadd(stream, {"event": text}, id=place)
    except ResponseError as error:
        # Another relay, slower or faster than this one, has put it there already.
        if "equal or smaller" not in str(error):
            raise
