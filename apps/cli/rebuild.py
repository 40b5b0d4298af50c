"""The command ``meqenet rebuild``: drop a read model, and make it anew from the events."""

import asyncio
import logging
from typing import TYPE_CHECKING, Annotated

import typer
from redis.exceptions import RedisError

from apps.cli.model_names import require_model
from meqenet.errors import MeqenetError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


def register(*, app: typer.Typer) -> None:
    """Add ``rebuild`` to a command line."""
    app.command("rebuild")(rebuild)


def rebuild(
    *,
    model: Annotated[
        str | None, typer.Argument(help="The read model.", metavar="MODEL", show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every read model.")] = False,
) -> None:
    """Drop a read model and make it anew from every event that is published.

    Workers may go on meanwhile. Views show a part of the model until it is done. Exit 1 if some
    events could not be taken in: they are parked.
    """
    from workers.model_desk import MODEL_NAMES  # noqa: PLC0415 - heavy; not needed for --help

    if everything == (model is not None):
        raise typer.BadParameter(
            f"name a model, or --all; there are {', '.join(MODEL_NAMES)}", param_hint="MODEL"
        )
    names = MODEL_NAMES if model is None else (require_model(model, hint="MODEL"),)
    try:
        done = asyncio.run(_run(names))
    except (MeqenetError, RedisError, OSError) as error:
        text = str(error) if isinstance(error, MeqenetError) else "Redis cannot be reached"
        typer.echo(f"meqenet rebuild: {text}", err=True)
        raise typer.Exit(1) from error
    for name, events, parked in done:
        told = f", {parked:,} of them parked" if parked else ""
        typer.echo(f"rebuilt {name} from {events:,} events{told}")
    if any(parked for _, _, parked in done):
        typer.echo("meqenet rebuild: not all could be taken in: meqenet events parked", err=True)
        raise typer.Exit(1)


async def _run(names: tuple[str, ...]) -> list[tuple[str, int, int]]:
    """Rebuild each: its name, of how many events, and how many of them are parked."""
    from workers.model_desk import model_desk  # noqa: PLC0415 - the same
    from workers.opening import Environment  # noqa: PLC0415 - heavy; not needed for --help

    # What cannot be taken in is told at the end.
    logging.basicConfig(handlers=[logging.NullHandler()])
    done = []
    async with model_desk(environment=Environment()) as desk:
        with _progress() as progress:
            for name in names:
                bar = progress.add_task(name, total=None)

                def show(passed: int, total: int, *, task: "TaskID" = bar) -> None:
                    progress.update(task, completed=passed, total=total)

                events = await desk.rebuild(model=name, on_progress=show)
                _, parked = await desk.parked(model=name, limit=1)
                done.append((name, events, parked))
    return done


def _progress() -> "Progress":
    from rich.console import Console  # noqa: PLC0415 - not needed for --help
    from rich.progress import (  # noqa: PLC0415 - the same
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
