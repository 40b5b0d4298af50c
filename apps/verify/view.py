"""How a verification is shown: a table, JSON, and a bar while it runs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from workers.verifying.findings import BadRecord, Checked


class Bar:
    """A progress bar: one task, which each check takes over. It is a ``Watch``."""

    def __init__(self, *, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID = progress.add_task("", total=None)

    def begin(self, *, what: str, total: int | None) -> None:
        """A check begins."""
        self._progress.reset(self._task, description=what, total=total)

    def advance(self, count: int) -> None:
        """So many more hold."""
        self._progress.advance(self._task, count)


@contextmanager
def bar_on(*, console: Console) -> Iterator[Bar]:
    """A bar on a terminal; nothing is drawn anywhere else."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    shown = console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=not shown) as progress:
        yield Bar(progress=progress)


def verdict_table(*, checks: Sequence[Checked]) -> Table:
    """What was checked, how much of it holds, and where something does not."""
    table = Table(title="Verified", title_justify="left")
    table.add_column("what", no_wrap=True)
    table.add_column("how many", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("")
    for checked in checks:
        verdict = "[green]holds[/green]" if checked.bad is None else "[red]BROKEN[/red]"
        told = checked.note if checked.bad is None else str(checked.bad)
        if checked.bad is None and checked.note.startswith("not checked"):
            verdict = "[yellow]left out[/yellow]"
        table.add_row(checked.what, _counted(checked), verdict, told)
    return table


def as_json(*, checks: Sequence[Checked]) -> dict[str, Any]:
    """The same for machines: ``first_bad`` is null when everything holds."""
    bad = first_bad(checks=checks)
    return {
        "holds": bad is None,
        "first_bad": None if bad is None else _record(bad),
        "checks": [
            {
                "what": checked.what,
                "count": checked.count,
                "unit": checked.unit,
                "holds": checked.bad is None,
                "bad": None if checked.bad is None else _record(checked.bad),
                "note": checked.note,
            }
            for checked in checks
        ],
    }


def first_bad(*, checks: Sequence[Checked]) -> BadRecord | None:
    """The first bad record, in the order of the checks."""
    return next((checked.bad for checked in checks if checked.bad is not None), None)


def _counted(checked: Checked) -> str:
    unit = checked.unit
    if checked.count == 1:
        unit = "entry" if unit == "entries" else unit.removesuffix("s")
    return f"{checked.count:,} {unit}"


def _record(bad: BadRecord) -> dict[str, Any]:
    return {
        "domain": bad.domain,
        "stream": bad.stream,
        "sequence": bad.sequence,
        "what": bad.what,
    }
