"""The command ``meqenet faults``."""

from typing import Annotated

import typer

from apps.cli.leaving import play_out


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
    from apps.faults.run import run_faults  # noqa: PLC0415 - heavy; not needed for --help

    wanted = range(first, first + seeds) if seed is None else range(seed, seed + 1)
    play_out(command="faults", play=lambda console: run_faults(console=console, seeds=wanted))
