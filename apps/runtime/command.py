"""The command ``meqenet up``."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from apps.runtime.addresses import Running, address_table
from apps.runtime.problems import CannotRun, Interrupted
from apps.runtime.up import UpOptions, run_up


class PortChoice(StrEnum):
    """How the ports are chosen."""

    SETTINGS = "settings"
    """Those of the settings ``MEQENET_…_PORT``; a taken one is an error."""
    AUTO = "auto"
    """Those of the settings, or the next free ones."""


def register(*, app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("up")(up)


def up(
    *,
    data: Annotated[
        Path | None, typer.Option(help="Keep the data here instead of in .meqenet.")
    ] = None,
    ephemeral: Annotated[
        bool, typer.Option("--ephemeral", help="Keep nothing: all data is removed at the end.")
    ] = False,
    port: Annotated[
        PortChoice, typer.Option(help="auto: where a port is taken, use the next free one.")
    ] = PortChoice.SETTINGS,
    backing_only: Annotated[
        bool,
        typer.Option("--backing-only", help="Only the servers: no sandboxes, worker or API."),
    ] = False,
) -> None:
    """Run everything on this machine until Ctrl-C: servers, sandboxes, worker and API."""
    console, errors = Console(highlight=False), Console(stderr=True, highlight=False)
    if data is not None and ephemeral:
        raise typer.BadParameter("--data keeps the data, --ephemeral does not: choose one")
    options = UpOptions(
        data=data,
        ephemeral=ephemeral,
        automatic_ports=port is PortChoice.AUTO,
        backing_only=backing_only,
        tell=lambda said: console.print(said, style="dim", markup=False, soft_wrap=True),
    )

    async def show(running: Running) -> None:
        console.print()
        console.print(address_table(running=running))
        console.print("\nCtrl-C stops everything.", style="dim")
        await asyncio.Event().wait()

    try:
        asyncio.run(run_up(options=options, on_ready=show))
    except Interrupted:
        console.print("\neverything is stopped", style="dim")
    except CannotRun as problem:
        errors.print(f"meqenet up: {problem}", markup=False, soft_wrap=True)
        raise typer.Exit(problem.exit_code) from None
