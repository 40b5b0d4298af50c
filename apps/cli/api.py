"""The command ``meqenet api``: the checkout's front door."""

import asyncio
import logging
import os
import signal
import sys
from typing import Annotated

import typer
from pydantic import ValidationError

from meqenet.errors import Defect


def register(*, app: typer.Typer) -> None:
    """Add ``api`` to a command line."""
    app.command("api")(api)


def api(
    *,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; MEQENET_API_HOST by default.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Port; MEQENET_API_PORT by default, 0 takes any free one."
        ),
    ] = None,
) -> None:
    """Serve the checkout API until SIGTERM or Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        asyncio.run(_run(host=host, port=port))
    except Defect as defect:
        code = _fail(defect.text)
    except ValidationError as error:
        fields = ", ".join(str(found["loc"][0]) for found in error.errors() if found["loc"])
        code = _fail(f"settings of {error.title} are missing or malformed: {fields}")
    except OSError as error:
        code = _fail(f"cannot listen: {error.strerror}")
    except RuntimeError as error:
        code = _fail(str(error))
    else:
        code = 0
    # The SDK's native threads now and then crash an interpreter that takes its time to exit.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


async def _run(*, host: str | None, port: int | None) -> None:
    # Heavy, and not needed for --help.
    from apps.checkout_api.app import create_app  # noqa: PLC0415 - see above
    from apps.checkout_api.parts import api_parts  # noqa: PLC0415 - see above
    from apps.checkout_api.serving import serve  # noqa: PLC0415 - see above
    from workers.bootstrap import Environment  # noqa: PLC0415 - see above

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    environment = Environment()
    async with api_parts(environment=environment) as parts:
        await serve(
            app=create_app(parts=parts),
            host=host or environment.settings.api_host,
            port=environment.settings.api_port if port is None else port,
            stop=stop,
            on_ready=lambda url: print("ready", url, flush=True),  # noqa: T201 - the readiness line
        )


def _fail(text: str) -> int:
    typer.echo(f"meqenet api: {text}", err=True)
    return 1
