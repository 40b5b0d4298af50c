"""A worker process: one Temporal worker per task queue of the domains that it serves."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from redis.asyncio import Redis

from workers.bootstrap import DomainParts, Environment, domain_parts, http_client, temporal_client
from workers.queue_worker import worker_for
from workers.relay import run_relay
from workers.settings import Domain


async def serve(
    *,
    domains: Sequence[Domain],
    environment: Environment,
    stop: asyncio.Event,
    on_ready: Callable[[], None],
) -> None:
    """Serve the domains' task queues and relay their events until ``stop`` is set.

    Raises:
        Defect: a setting that one of the domains needs is missing.
    """
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(http_client())
        client = await temporal_client(settings=environment.settings)
        redis = Redis.from_url(environment.settings.redis())
        stack.push_async_callback(redis.aclose)
        parts = [
            await stack.enter_async_context(
                domain_parts(domain=domain, environment=environment, http=http)
            )
            for domain in domains
        ]
        async with asyncio.TaskGroup() as running:
            relays = [running.create_task(_relay(part, redis=redis, stop=stop)) for part in parts]
            async with AsyncExitStack() as workers:
                for part in parts:
                    for queue, activities in part.activities_by_queue.items():
                        await workers.enter_async_context(
                            worker_for(client=client, queue=queue, activities=activities)
                        )
                on_ready()
                await stop.wait()
            await asyncio.gather(*relays)


async def _relay(part: DomainParts, *, redis: Redis, stop: asyncio.Event) -> None:
    await run_relay(domain=part.domain, database=part.database, redis=redis, stop=stop)
