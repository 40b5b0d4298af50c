"""The read models, kept up to date: a consumer each."""

import asyncio
from collections.abc import Iterable

from redis.asyncio import Redis

from db.analytics.models import ReadModel
from db.kernel.engine import Database
from workers.consuming import Consumer


async def run_projections(
    *, models: Iterable[ReadModel], database: Database, redis: Redis, stop: asyncio.Event
) -> None:
    """Keep the models until ``stop`` is set."""
    async with asyncio.TaskGroup() as running:
        for model in models:
            consumer = Consumer(model=model, database=database, redis=redis)
            running.create_task(consumer.run(stop=stop))
