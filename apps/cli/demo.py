"""The command ``meqenet demo``."""

from typing import Annotated

import typer

from apps.cli.leaving import play_out


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
    from apps.demo.run import run_demo  # noqa: PLC0415 - heavy; not needed for --help

    play_out(command="demo", play=lambda console: run_demo(console=console, keep=keep))
