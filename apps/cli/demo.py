"""The command ``meqenet demo``."""

import asyncio
import os
import sys
from typing import Annotated

import typer


def register(*, app: typer.Typer) -> None:
    """Add ``demo`` to a command line."""
    app.command("demo")(demo)


def demo(
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave everything running at the end, for a look.")
    ] = False,
) -> None:
    """Watch plans of all four kinds live from checkout to settlement, on real parts."""
    from rich.console import Console  # noqa: PLC0415 - not needed for --help

    from apps.demo.run import run_demo  # noqa: PLC0415 - heavy; not needed for --help
    from apps.runtime.problems import CannotRun, Interrupted  # noqa: PLC0415 - the same

    console = Console(highlight=False)
    try:
        equal = asyncio.run(run_demo(console=console, keep=keep))
    except Interrupted:
        code = 130
    except CannotRun as problem:
        console.print(f"meqenet demo: {problem}", style="red", markup=False)
        code = 1
    else:
        code = 0 if equal else 1
    # The SDK's native threads now and then crash an interpreter that takes its time to exit.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
