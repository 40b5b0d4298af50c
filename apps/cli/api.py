"""The command ``meqenet api``: the checkout's front door."""

import asyncio
import logging
import signal
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from apps.cli.leaving import leave
from meqenet.errors import Defect

if TYPE_CHECKING:
    from workers.opening import Environment

_PREFIXES = {
    "ApiSettings": "MEQENET_API_",
    "MpesaCallbackSettings": "MEQENET_MPESA_",
    "TelebirrNotifySettings": "MEQENET_TELEBIRR_",
}


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
    from workers.opening import Environment  # noqa: PLC0415 - heavy, and not needed for --help

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        environment = Environment()
        settings = environment.settings
        place = (host or settings.api_host, settings.api_port if port is None else port)
        asyncio.run(_run(environment, place=place))
    except Defect as defect:
        code = _fail(defect.text)
    except ValidationError as error:
        code = _fail(f"missing or malformed settings: {', '.join(_names(error))}")
    except _CannotListen as problem:
        code = _fail(str(problem))
    except RuntimeError as error:
        # The SDK's own error of a Temporal server that cannot be reached.
        code = _fail(str(error))
    else:
        code = 0
    leave(code=code)


class _CannotListen(Exception):
    """The address or the port cannot be used."""


async def _run(environment: "Environment", *, place: tuple[str, int]) -> None:
    from apps.checkout_api.app import create_app  # noqa: PLC0415 - heavy, not needed for --help
    from apps.checkout_api.parts import api_parts  # noqa: PLC0415 - the same
    from apps.checkout_api.serving import serve  # noqa: PLC0415 - the same

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    host, port = place
    async with api_parts(environment=environment) as parts:
        try:
            await serve(
                app=create_app(parts=parts),
                host=host,
                port=port,
                stop=stop,
                on_ready=lambda url: print("ready", url, flush=True),  # noqa: T201 - the readiness line
            )
        except OSError as error:
            text = f"cannot listen on {host}:{port}: {error.strerror or error}"
            raise _CannotListen(text) from error


def _names(error: ValidationError) -> list[str]:
    """The environment variables at fault, by the settings classes' prefixes."""
    prefix = _PREFIXES.get(error.title, "MEQENET_")
    return [f"{prefix}{'_'.join(map(str, found['loc'])).upper()}" for found in error.errors()]


def _fail(text: str) -> int:
    typer.echo(f"meqenet api: {text}", err=True)
    return 1
