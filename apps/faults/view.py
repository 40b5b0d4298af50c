"""What a run shows: a bar while it lives, a table at its end, and how to live a failure again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from apps.faults.drawing import BATCH_SEEDS
from apps.faults.mishaps import HouseFault, Mishap
from apps.faults.running import Run


@contextmanager
def bar_of(*, console: Console, run: Callable[[], Run]) -> Iterator[Callable[[], None]]:
    """A bar on a terminal; nothing is drawn anywhere else. Call what it gives to move it on."""
    columns = (
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[living]} under way, {task.fields[failed]} failed"),
        TimeElapsedColumn(),
        TextColumn("{task.description}", style="dim"),
    )
    shown = console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=not shown) as progress:
        task = progress.add_task("", total=None, living=0, failed=0)

        def show() -> None:
            now = run()
            progress.update(
                task,
                total=now.total,
                completed=len(now.verdicts),
                living=now.living,
                failed=len(now.failed),
                description=now.said,
            )

        yield show


def closing_table(*, run: Run) -> Table:
    """Scenarios by what went wrong in them, faults of the house, and the books."""
    table = Table(title="Lived under faults", title_justify="left")
    table.add_column("fault", no_wrap=True)
    table.add_column("scenarios", justify="right", no_wrap=True)
    table.add_column("")
    for mishap in Mishap:
        mine = [verdict for verdict in run.verdicts if mishap in verdict.scenario.mishaps]
        if mine:
            failed = sorted(each.scenario.seed for each in mine if not each.holds)
            table.add_row(mishap.value, str(len(mine)), _verdict(failed))
    failed = [verdict.scenario.seed for verdict in run.failed]
    table.add_row("all", str(len(run.verdicts)), _verdict(failed), style="bold")
    table.add_section()
    table.add_row("[dim]in the house[/dim]", "[dim]times[/dim]", "")
    for fault in HouseFault:
        times = run.struck.count(fault)
        if times:
            table.add_row(fault.value, str(times), "")
    table.add_section()
    unverified = run.unverified
    verdict = "[red]BROKEN[/red]" if unverified else "[green]hold[/green]"
    table.add_row("checks of all books", str(len(run.checks)), verdict)
    return table


def failures(*, run: Run) -> Iterator[str]:
    """Each failure in full, and the commands that repeat it."""
    for verdict in run.failed:
        scenario = verdict.scenario
        yield (
            f"seed {scenario.seed} ({scenario.provider}, {scenario.option}, plan "
            f"{verdict.plan_id or 'never begun'}): "
            + ", ".join(mishap.value for mishap in Mishap if mishap in scenario.mishaps)
        )
        yield from (f"    {what}" for what in verdict.broken)
        first = scenario.seed // BATCH_SEEDS * BATCH_SEEDS
        yield f"    again: make faults SEED={scenario.seed}"
        yield f"    with its whole batch: make faults FROM={first} SEEDS={BATCH_SEEDS}"
    yield from (f"{checked.what}: {checked.bad}" for checked in run.unverified)


def _verdict(failed: list[int]) -> str:
    if not failed:
        return "[green]hold[/green]"
    return f"[red]FAILED: {', '.join(str(seed) for seed in failed)}[/red]"
