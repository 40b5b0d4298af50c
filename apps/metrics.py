"""What a worker tells Prometheus of its domains, on a listener of its own.

It is no part of the API: how far readers are behind, which provider is down, and how many payments
and complaints wait for somebody is nobody's business but the operator's. The samples name models,
domains and providers, and nobody.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Final

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from redis.exceptions import RedisError

from apps.checkout_api.serving import serve
from meqenet.errors import Unavailable
from workers import alarm_desk, complaint_desk, dispute_desk, gate_standings
from workers.lag import as_prometheus
from workers.model_desk import ModelDesk, model_desk
from workers.opening import Environment, database, utc_now
from workers.settings import Domain

Measure = Callable[[datetime], Awaitable[str]]
"""Samples as they are at an instant, which is now, in Prometheus' text format."""
MEASURED_DOMAINS: Final[frozenset[Domain]] = frozenset({"analytics", "payments", "disputes"})
"""Domains whose workers have something to tell."""
_TEXT_FORMAT: Final = "text/plain; version=0.0.4; charset=utf-8"
_log = logging.getLogger(__name__)


def create_app(*, measures: Sequence[Measure], clock: Callable[[], datetime]) -> FastAPI:
    """The application: ``/metrics`` and nothing else."""
    app = FastAPI(openapi_url=None)

    @app.get("/metrics")
    async def metrics() -> PlainTextResponse:
        """All samples, measured now; 503 when they cannot be."""
        try:
            texts = [await measure(clock()) for measure in measures]
        except (Unavailable, RedisError, OSError) as error:
            _log.warning("metrics cannot be measured: %s", type(error).__name__)
            return PlainTextResponse("cannot be measured now\n", status_code=503)
        return PlainTextResponse("".join(texts), media_type=_TEXT_FORMAT)

    return app


@asynccontextmanager
async def serving_metrics(
    *, environment: Environment, domains: Sequence[Domain]
) -> AsyncIterator[str | None]:
    """Serve ``/metrics`` of these domains where the settings say, if they do; its URL.

    Raises:
        Defect: a setting is missing.
        OSError: the address or the port cannot be used.
    """
    settings = environment.settings
    if settings.metrics_port is None:
        yield None
        return
    async with _measures(environment, domains) as measures:
        stop = asyncio.Event()
        listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(
            serve(
                app=create_app(measures=measures, clock=utc_now),
                host=settings.metrics_host,
                port=settings.metrics_port,
                stop=stop,
                on_ready=listening.set_result,
            )
        )
        try:
            await asyncio.wait((serving, listening), return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                await serving
            yield await listening
        finally:
            stop.set()
            await serving


@asynccontextmanager
async def _measures(
    environment: Environment, domains: Sequence[Domain]
) -> AsyncIterator[list[Measure]]:
    async with AsyncExitStack() as stack:
        measures: list[Measure] = []
        if "analytics" in domains:
            desk = await stack.enter_async_context(model_desk(environment=environment))
            measures.append(_of_models(desk))
        if "payments" in domains:
            payments = database(settings=environment.settings, domain="payments")
            stack.push_async_callback(payments.dispose)

            async def alarms(at: datetime) -> str:
                counts = await alarm_desk.counted_alarms(payments=payments, at=at)
                return alarm_desk.as_prometheus(counts=counts)

            measures.append(alarms)
        if "disputes" in domains:
            disputes = database(settings=environment.settings, domain="disputes")
            stack.push_async_callback(disputes.dispose)

            async def complaints(at: datetime) -> str:
                del at  # a complaint comes up by its own clock
                counts = await complaint_desk.counted_complaints(disputes=disputes)
                return complaint_desk.as_prometheus(counts=counts)

            async def waiting(at: datetime) -> str:
                del at  # so does a dispute
                counts = await dispute_desk.counted_disputes(disputes=disputes)
                return dispute_desk.as_prometheus(counts=counts)

            measures += [complaints, waiting]
        yield measures


def _of_models(desk: ModelDesk) -> Measure:
    """Every read model's lag and every provider's gate."""

    async def measure(at: datetime) -> str:
        lags = await desk.lag(at=at)
        standings = await gate_standings.read_standings(redis=desk.redis)
        return as_prometheus(lags=lags) + gate_standings.as_prometheus(standings=standings)

    return measure
