"""The command ``meqenet report providers``: which provider is down, and what waits for it."""

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.reading import end, paper

if TYPE_CHECKING:
    from integrations.throttling.shared import Standing

_COMMAND = "report providers"
_WHERE = "Run `meqenet up`, or name the credentials file that it prints in MEQENET_ENV_FILE."


def providers(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """Each provider's circuit breaker, and the calls that were made and held back."""
    from apps.reports.providers import providers_page  # noqa: PLC0415 - heavy; not for --help

    found = _read()
    if as_json:
        typer.echo(json.dumps([asdict(standing) for standing in found]))
        return
    console = paper()
    for part in providers_page(standings=found):
        console.print(part)


def _read() -> "tuple[Standing, ...]":
    """The standings; ends the command in a line when they cannot be seen."""
    from redis.exceptions import RedisError  # noqa: PLC0415 - heavy; not for --help

    from meqenet.errors import Defect  # noqa: PLC0415 - the same
    from workers.gate_standings import opened_redis, read_standings  # noqa: PLC0415 - the same
    from workers.opening import Environment  # noqa: PLC0415 - the same

    async def run() -> "tuple[Standing, ...]":
        async with opened_redis(url=Environment().settings.redis()) as redis:
            return await read_standings(redis=redis)

    try:
        return asyncio.run(run())
    except Defect as defect:
        end(command=_COMMAND, text=f"{defect.text}. {_WHERE}")
    except (RedisError, OSError) as error:
        end(command=_COMMAND, text=f"Redis cannot be reached: {type(error).__name__}")
