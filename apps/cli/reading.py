"""What commands that read stores share: the stores, one line for what went wrong, the paper."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, NoReturn, TypeVar

import typer

from meqenet.errors import MeqenetError, Refusal

if TYPE_CHECKING:
    from rich.console import Console

    from db.kernel.engine import Database
    from workers.settings import Domain

NOT_THERE = 1
BAD_INPUT = 2
_WHERE = (
    "Run `meqenet up` in this checkout, or name the credentials file that it prints in "
    "MEQENET_ENV_FILE."
)
_WIDTH = 160
"""Of what goes into a file or a pipe, where no terminal says how wide it is."""
T = TypeVar("T")


def read_stores(
    *,
    command: str,
    domains: "Sequence[Domain]",
    read: "Callable[[Mapping[str, Database]], Awaitable[T]]",
) -> T:
    """Open the stores of these domains and read; ends the command when that does not work."""

    async def run() -> T:
        async with _opened(domains) as stores:
            return await read(stores)

    try:
        return asyncio.run(run())
    except Refusal as refusal:
        end(command=command, text=refusal.text, code=BAD_INPUT)
    except MeqenetError as error:
        where = f". {_WHERE}" if error.code.startswith("setting_") else ""
        end(command=command, text=f"{error}{where}")


def end(*, command: str, text: str, code: int = NOT_THERE) -> NoReturn:
    """Say in one line why there is no answer, and end."""
    typer.echo(f"meqenet {command}: {text}", err=True)
    raise typer.Exit(code)


def paper() -> "Console":
    """Where tables are printed: as wide as the terminal, or wide enough for all of them."""
    from rich.console import Console  # noqa: PLC0415 - heavy; not for --help

    is_told = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if is_told else _WIDTH)


@asynccontextmanager
async def _opened(domains: "Sequence[Domain]") -> "AsyncIterator[Mapping[str, Database]]":
    from workers.opening import Environment, database  # noqa: PLC0415 - heavy; not for --help

    settings = Environment().settings
    async with AsyncExitStack() as stack:
        stores: dict[str, Database] = {}
        for domain in domains:
            stores[domain] = database(settings=settings, domain=domain)
            stack.push_async_callback(stores[domain].dispose)
        yield stores
