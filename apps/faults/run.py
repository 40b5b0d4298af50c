"""A run from beginning to end: everything up, the batches, the table."""

from collections.abc import Sequence

from rich.console import Console

from apps.faults.running import Run, run_batches
from apps.faults.view import bar_of, closing_table, failures
from apps.faults.world import opened
from apps.runtime.addresses import Running
from apps.runtime.backing import remove_backing, temporary_directory
from apps.runtime.up import UpOptions, run_up


async def run_faults(*, console: Console, seeds: Sequence[int]) -> bool:
    """Live the scenarios of these seeds in a house of their own; True when everything holds."""
    verdict: list[bool] = []

    async def live(running: Running) -> None:
        verdict.append(await _live(running, console=console, seeds=seeds))

    # Servers that are killed must come back with what they had, so nothing is ephemeral.
    directory = temporary_directory()
    options = UpOptions(
        data=directory,
        automatic_ports=True,
        tell=lambda said: console.print(said, style="dim", markup=False, soft_wrap=True),
    )
    try:
        await run_up(options=options, on_ready=live)
    finally:
        remove_backing(directory=directory)
    return all(verdict)


async def _live(running: Running, *, console: Console, seeds: Sequence[int]) -> bool:
    run = Run(show=lambda: None)
    async with opened(running=running) as world:
        with bar_of(console=console, run=lambda: run) as show:
            run.show = show
            await run_batches(world=world, seeds=seeds, run=run)
    console.print(closing_table(run=run))
    for line in failures(run=run):
        console.print(line, style="red", markup=False, soft_wrap=True)
    return run.holds
