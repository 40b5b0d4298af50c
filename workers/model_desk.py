"""What an operator does with the read models: see what is parked, try it again, rebuild."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from redis.asyncio import Redis

from db.analytics.models import MODELS, ReadModel
from db.kernel import parking
from db.kernel.engine import Database
from db.kernel.parking import ParkedEvent, Queue
from workers.consuming import retry_queue
from workers.lag import Lag, measure_lag
from workers.opening import Environment, database
from workers.rebuilding import OnProgress, rebuild

MODEL_NAMES: Final = tuple(MODELS)
"""The read models that there are."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What came of trying a queue again.

    Attributes:
        taken: how many of its events have had their effect.
        head: the event that failed now; None when the queue is empty.
    """

    queue: Queue
    taken: int
    head: ParkedEvent | None


@dataclass(frozen=True, kw_only=True)
class ModelDesk:
    """The read models' store and the Redis that feeds them."""

    database: Database
    redis: Redis
    models: Mapping[str, ReadModel] = field(default_factory=lambda: MODELS)

    async def parked(self, *, model: str | None, limit: int) -> tuple[list[ParkedEvent], int]:
        """The events that wait, the oldest first, and how many there are in all.

        Raises:
            Unavailable: the database cannot be reached; as of all that follow.
        """
        # Not of a replica: whoever has just tried one again wants to see what is left.
        async with self.database.write() as session:
            found = await parking.list_parked(session=session, consumer=model, limit=limit)
            counts = await parking.count_parked(session=session)
        return found, sum(
            count for (consumer, _), count in counts.items() if model in (None, consumer)
        )

    async def retry(self, *, model: str | None, stream: str | None) -> AsyncIterator[Tried]:
        """Try queues again, one after the other: all, or those of a model, of a stream, of both."""
        async with self.database.write() as session:
            queues = await parking.queues_of(session=session, parked_ids=None)
        for queue in queues:
            if model in (None, queue.consumer) and stream in (None, queue.stream):
                yield await self._retry(queue)

    async def rebuild(self, *, model: str, on_progress: OnProgress) -> int:
        """Drop a model and take in every published event: see :func:`workers.rebuilding.rebuild`.

        Raises:
            redis.exceptions.RedisError: Redis cannot be reached.
        """
        return await rebuild(
            model=self.models[model],
            database=self.database,
            redis=self.redis,
            on_progress=on_progress,
        )

    async def lag(self, *, at: datetime) -> tuple[Lag, ...]:
        """How far each model is behind each of its sources at ``at``, which is now.

        Raises:
            redis.exceptions.RedisError: Redis cannot be reached.
        """
        return await measure_lag(
            models=self.models.values(), database=self.database, redis=self.redis, at=at
        )

    async def _retry(self, queue: Queue) -> Tried:
        taken = 0
        model = self.models.get(queue.consumer)
        if model is not None:
            done = await retry_queue(model=model, database=self.database, queue=queue)
            taken = done.taken
        async with self.database.write() as session:
            left = await parking.read_queue(session=session, queue=queue, limit=1)
        return Tried(queue=queue, taken=taken, head=left[0] if left else None)


@asynccontextmanager
async def model_desk(*, environment: Environment) -> AsyncIterator[ModelDesk]:
    """Open the desk, and close it at the end.

    Raises:
        Defect: a setting is missing; its name is in the text.
    """
    settings = environment.settings
    store = database(settings=settings, domain="analytics")
    redis = Redis.from_url(settings.redis())
    try:
        yield ModelDesk(database=store, redis=redis)
    finally:
        await redis.aclose()
        await store.dispose()
