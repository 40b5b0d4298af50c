"""What a worker that keeps read models tells Prometheus, on a listener of its own.

It is no part of the API: how far readers are behind, and which provider is down, is nobody's
business but the operator's. The samples name models, domains and providers, and nobody.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from redis.exceptions import RedisError

from apps.checkout_api.serving import serve
from meqenet.errors import Unavailable
from workers import gate_standings
from workers.lag import as_prometheus
from workers.model_desk import ModelDesk, model_desk
from workers.opening import Environment, utc_now

_TEXT_FORMAT: Final = "text/plain; version=0.0.4; charset=utf-8"
_log = logging.getLogger(__name__)


def create_app(*, desk: ModelDesk, clock: Callable[[], datetime]) -> FastAPI:
    """The application: ``/metrics`` and nothing else."""
    app = FastAPI(openapi_url=None)

    @app.get("/metrics")
    async def metrics() -> PlainTextResponse:
        """Every read model's lag and every provider's gate, seen now; 503 when they cannot be."""
        try:
            lags = await desk.lag(at=clock())
            standings = await gate_standings.read_standings(redis=desk.redis)
        except (Unavailable, RedisError, OSError) as error:
            _log.warning("lag and gates cannot be measured: %s", type(error).__name__)
            return PlainTextResponse("cannot be measured now\n", status_code=503)
        text = as_prometheus(lags=lags) + gate_standings.as_prometheus(standings=standings)
        return PlainTextResponse(text, media_type=_TEXT_FORMAT)

    return app


@asynccontextmanager
async def serving_metrics(*, environment: Environment) -> AsyncIterator[str | None]:
    """Serve ``/metrics`` where the settings say, if they do; its URL.

    Raises:
        Defect: a setting is missing.
        OSError: the address or the port cannot be used.
    """
    settings = environment.settings
    if settings.metrics_port is None:
        yield None
        return
    async with model_desk(environment=environment) as desk:
        stop = asyncio.Event()
        listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(
            serve(
                app=create_app(desk=desk, clock=utc_now),
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
