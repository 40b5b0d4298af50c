"""The command ``meqenet worker``: serve some domains, or all of them."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.leaving import leave
from meqenet.errors import Defect
from workers.settings import DOMAINS, Domain

if TYPE_CHECKING:
    from workers.opening import Environment


def register(*, app: typer.Typer) -> None:
    """Add ``worker`` to a command line."""
    app.command("worker")(worker)


def worker(
    *,
    domains: Annotated[
        str, typer.Option(help="Which domains, separated by commas.", metavar="kyc,credit,…")
    ] = ",".join(DOMAINS),
) -> None:
    """Serve domains' task queues and relay their events until SIGTERM or Ctrl-C."""
    chosen = _chosen(domains)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log URLs, secret paths included
    try:
        asyncio.run(_run(chosen))
    except Defect as defect:
        typer.echo(f"meqenet worker: {defect.text}", err=True)
        code = 1
    except _CannotListen as problem:
        typer.echo(f"meqenet worker: {problem}", err=True)
        code = 1
    else:
        code = 0
    leave(code=code)


def _chosen(text: str) -> list[Domain]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    chosen = [domain for domain in DOMAINS if domain in names]
    unknown = sorted(set(names) - set(DOMAINS))
    if unknown or not chosen:
        raise typer.BadParameter(
            f"no such domain: {', '.join(unknown) or '(none)'}; there are {', '.join(DOMAINS)}",
            param_hint="--domains",
        )
    return chosen


class _CannotListen(Exception):
    """The address or the port of the metrics cannot be used."""


async def _run(domains: list[Domain]) -> None:
    from workers.opening import Environment  # noqa: PLC0415 - heavy; not needed for --help
    from workers.serving import serve  # noqa: PLC0415 - heavy; not needed for --help

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    environment = Environment()
    async with _metrics(environment, domains):
        await serve(
            domains=domains,
            environment=environment,
            stop=stop,
            on_ready=lambda: print("ready", ", ".join(domains), flush=True),  # noqa: T201 - the readiness line
        )


@asynccontextmanager
async def _metrics(environment: "Environment", domains: list[Domain]) -> AsyncIterator[None]:
    """Beside domains that have something to tell, serve their metrics."""
    if environment.settings.metrics_port is None:
        yield
        return
    from apps.metrics import (  # noqa: PLC0415 - heavy; not needed for --help
        MEASURED_DOMAINS,
        serving_metrics,
    )

    async with AsyncExitStack() as stack:
        if MEASURED_DOMAINS.intersection(domains):
            try:
                url = await stack.enter_async_context(
                    serving_metrics(environment=environment, domains=domains)
                )
            except OSError as error:
                settings = environment.settings
                place = f"{settings.metrics_host}:{settings.metrics_port}"
                text = f"cannot listen on {place}: {error.strerror or error}"
                raise _CannotListen(text) from error
            if url is not None:
                logging.getLogger("meqenet.worker").info("metrics at %s/metrics", url)
        yield
