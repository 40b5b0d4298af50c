"""Making a read model anew from the events that its sources have published.

The streams hold every event from the first on; if Redis has just lost them, the relays publish
them again meanwhile. A worker that keeps the model may go on: each takes what the other has not.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Final

from redis.asyncio import Redis

from db.analytics.models import ReadModel
from db.kernel import inbox
from db.kernel.engine import Database
from db.kernel.inbox import Reached
from db.kernel.outbox import START
from workers.consuming import Consumer, Step
from workers.receiving import Published, published

BATCH_MAX: Final = 1000
"""Events of each source in one transaction: fewer commits, and none so long that relays wait."""
_PAUSE_SECONDS: Final = 0.05

OnProgress = Callable[[int, int], None]
"""Called with how many events have been passed, and how many there are."""


async def rebuild(
    *, model: ReadModel, database: Database, redis: Redis, on_progress: OnProgress
) -> int:
    """Drop the model and take in every event published so far; how many there were.

    Views show a part of the model until this is done. Events that could not be taken in are
    tried anew, and parked anew if they still cannot be.

    Raises:
        Unavailable: the database cannot be reached.
        redis.exceptions.RedisError: Redis cannot be reached.
    """
    async with database.write() as session:
        await inbox.lock_consumer(session=session, consumer=model.name)
        await model.clear(session=session)
    goals = {source: await published(redis=redis, source=source) for source in model.sources}
    total = sum(goal.entries for goal in goals.values())
    consumer = Consumer(model=model, database=database, redis=redis, batch_max=BATCH_MAX)
    reached: Mapping[str, Reached] = {}
    while not _is_there(reached, goals):
        on_progress(_passed(reached, total=total), total)
        if await consumer.step() is not Step.MOVED:
            await _pause()
        async with database.write() as session:
            reached = await inbox.read_reached(session=session, consumer=model.name)
    on_progress(total, total)
    return total


def _is_there(reached: Mapping[str, Reached], goals: Mapping[str, Published]) -> bool:
    return all(
        goal.newest == START or (source in reached and reached[source].position >= goal.newest)
        for source, goal in goals.items()
    )


def _passed(reached: Mapping[str, Reached], *, total: int) -> int:
    return min(sum(place.passed for place in reached.values()), total)


async def _pause() -> None:
    """Another consumer is at it: its commit sets no event here."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), timeout=_PAUSE_SECONDS)
