"""The command ``meqenet faults``."""

import asyncio
import os
import sys
from typing import Annotated

import typer


def register(*, app: typer.Typer) -> None:
    """Add ``faults`` to a command line."""
    app.command("faults")(faults)


def faults(
    *,
    seeds: Annotated[int, typer.Option(min=1, help="How many scenarios to live.")] = 50,
    first: Annotated[int, typer.Option("--from", min=0, help="The seed of the first one.")] = 0,
    seed: Annotated[
        int | None, typer.Option(min=0, help="This scenario only, to see a failure again.")
    ] = None,
) -> None:
    """Live plans that are drawn at random, with faults at the providers and in the house.

    Ends with 0 when of each of them the books, the plan and its end are as they should be, and
    with 1 and the seeds that failed when not.
    """
    from rich.console import Console  # noqa: PLC0415 - not needed for --help

    from apps.faults.run import run_faults  # noqa: PLC0415 - heavy; not needed for --help
    from apps.runtime.problems import CannotRun, Interrupted  # noqa: PLC0415 - the same

    console = Console(highlight=False)
    wanted = range(first, first + seeds) if seed is None else range(seed, seed + 1)
    try:
        holds = asyncio.run(run_faults(console=console, seeds=wanted))
    except Interrupted:
        code = 130
    except CannotRun as problem:
        console.print(f"meqenet faults: {problem}", style="red", markup=False)
        code = 1
    else:
        code = 0 if holds else 1
    # The SDK's native threads now and then crash an interpreter that takes its time to exit.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
