"""A worker process: one Temporal worker per task queue of the domains that it serves."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta

from redis.asyncio import Redis
from temporalio.worker import Worker

from integrations.statements.settings import StatementSettings
from workers.accruing import schedule_accruals
from workers.anchoring import run_anchoring
from workers.bootstrap import DomainParts, domain_parts
from workers.connecting import http_client, temporal_client
from workers.opening import Environment, utc_now
from workers.projections import run_projections
from workers.queue_worker import worker_for
from workers.reconciling import schedule_reconciliations
from workers.relay import run_relay
from workers.settings import Domain
from workers.settling import schedule_settlement_days


async def serve(
    *,
    domains: Sequence[Domain],
    environment: Environment,
    stop: asyncio.Event,
    on_ready: Callable[[], None],
) -> None:
    """Serve the domains' queues, relay and anchor their events, keep their models, until told.

    Raises:
        Defect: a setting that one of the domains needs is missing.
    """
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(http_client())
        redis = Redis.from_url(environment.settings.redis())
        stack.push_async_callback(redis.aclose)
        parts = [
            await stack.enter_async_context(
                domain_parts(domain=domain, environment=environment, http=http)
            )
            for domain in domains
        ]
        async with asyncio.TaskGroup() as running:
            reading = [
                running.create_task(deed)
                for part in parts
                for deed in (
                    _relay(part, redis=redis, stop=stop),
                    _project(part, redis=redis, stop=stop),
                    _anchor(part, environment=environment, stop=stop),
                )
            ]
            async with AsyncExitStack() as workers:
                for worker in await _workers(parts, environment=environment):
                    await workers.enter_async_context(worker)
                on_ready()
                await stop.wait()
            await asyncio.gather(*reading)


async def _workers(parts: Sequence[DomainParts], *, environment: Environment) -> list[Worker]:
    """A worker per task queue; without one the process needs nothing of Temporal."""
    queues = [(part, queue) for part in parts for queue in part.activities_by_queue]
    if not queues:
        return []
    client = await temporal_client(settings=environment.settings)
    if any(part.domain == "ledger" for part in parts):
        await schedule_accruals(client=client)
    if "settlement" in {part.domain for part in parts}:
        await schedule_settlement_days(client=client)
    await schedule_reconciliations(
        client=client,
        domains=[part.domain for part in parts],
        statements=environment.read(StatementSettings),
        pending_hours_max=environment.settings.reconciliation_pending_hours,
    )
    return [
        worker_for(
            client=client,
            queue=queue,
            activities=part.activities_by_queue[queue],
            in_hand_max=part.in_hand_max.get(queue),
        )
        for part, queue in queues
    ]


async def _relay(part: DomainParts, *, redis: Redis, stop: asyncio.Event) -> None:
    await run_relay(domain=part.domain, database=part.database, redis=redis, stop=stop)


async def _project(part: DomainParts, *, redis: Redis, stop: asyncio.Event) -> None:
    await run_projections(models=part.read_models, database=part.database, redis=redis, stop=stop)


async def _anchor(part: DomainParts, *, environment: Environment, stop: asyncio.Event) -> None:
    if part.signer is not None:
        await run_anchoring(
            domain=part.domain,
            database=part.database,
            signer=part.signer,
            interval=timedelta(seconds=environment.settings.anchor_seconds),
            clock=utc_now,
            stop=stop,
        )
