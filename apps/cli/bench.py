"""The command ``meqenet bench``: every measurement, one after the other."""

import pkgutil
import subprocess
import sys
from typing import Annotated

import typer

_SHARED = ("rates", "idle_workflow", "plan_logs", "running")
"""Modules that measure nothing by themselves."""


def register(*, app: typer.Typer) -> None:
    """Add ``bench`` to a command line."""
    app.command("bench")(bench)


def bench(
    *,
    only: Annotated[str | None, typer.Option(help="One measurement by name.")] = None,
) -> None:
    """Measure, each figure beside a bare baseline in the same run."""
    import apps.bench  # noqa: PLC0415 - heavy; not needed for --help

    found = [name for _, name, _ in pkgutil.iter_modules(apps.bench.__path__)]
    names = [name for name in found if name not in _SHARED]
    chosen = [name for name in names if only in (None, name)]
    if not chosen:
        raise typer.BadParameter(f"there are {', '.join(names)}", param_hint="--only")
    for name in chosen:
        # A process of its own, so that one measurement does not warm or burden the next.
        subprocess.run([sys.executable, "-m", f"apps.bench.{name}"], check=True)  # noqa: S603 - our own modules
