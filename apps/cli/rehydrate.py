"""The command ``meqenet rehydrate``: begin every open plan again after Temporal was lost."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.leaving import leave
from meqenet.errors import Defect, Unavailable

if TYPE_CHECKING:
    from rich.console import Console

    from workers.rehydrating import Rehydrated

_NOT_ALL = 1
_NOT_DONE = 2
_NEWS_DAYS = 14
"""A notice is tried for a week; another one for a webhooks worker that was down."""
_WHERE_SETTINGS_COME_FROM = (
    "They are environment variables; a running `meqenet up` leaves them in .meqenet/env"
)


def register(*, app: typer.Typer) -> None:
    """Add ``rehydrate`` to a command line."""
    app.command("rehydrate")(rehydrate)


def rehydrate(
    *,
    news_days: Annotated[
        int,
        typer.Option(
            help="Begin notices to merchants again that tell of the last so many days.", min=1
        ),
    ] = _NEWS_DAYS,
) -> None:
    """Begin every open plan again from the stores, after the Temporal database was lost.

    The Temporal server and the workers must be running. Plans, test clocks, notices and complaints
    that run already are left alone, so it may be run at any time, and again. Nothing is sent twice:
    providers and the bank are asked first.

    Ends with 0 when every open plan runs, with 1 and the names of those that could not be begun,
    and with 2 when the work could not be done.
    """
    from rich.console import Console  # noqa: PLC0415 - heavy; not needed for --help

    try:
        done = _run(Console(stderr=True), news_days=news_days)
    except Defect as defect:
        leave(code=_say(f"{defect.text}. {_WHERE_SETTINGS_COME_FROM}."))
    except Unavailable as error:
        leave(code=_say(f"{error.text}. What was begun goes on; run it again when that is mended."))
    leave(code=_show(done))


def _run(console: "Console", *, news_days: int) -> "Rehydrated":
    from rich.progress import (  # noqa: PLC0415 - heavy; not needed for --help
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("open plans", total=None)

        def show(seen: int, count: int) -> None:
            progress.update(bar, completed=seen, total=count)

        return asyncio.run(_rehydrate(news_days=news_days, on_progress=show))


async def _rehydrate(*, news_days: int, on_progress: Callable[[int, int], None]) -> "Rehydrated":
    from workers.connecting import temporal_client  # noqa: PLC0415 - heavy; not needed for --help
    from workers.opening import Environment, utc_now  # noqa: PLC0415 - heavy; not needed for --help
    from workers.rehydrating import Rehydrating, rehydrate  # noqa: PLC0415 - the same

    settings = Environment().settings
    try:
        client = await temporal_client(settings=settings)
    except RuntimeError as error:
        # The SDK's own error of a Temporal server that cannot be reached.
        raise Unavailable(
            "temporal_unavailable",
            f"the Temporal server at {settings.temporal_address} does not answer",
        ) from error
    now = utc_now()
    return await rehydrate(
        Rehydrating(
            client=client,
            run_id=f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
            news_since=now - timedelta(days=news_days),
            on_progress=on_progress,
        )
    )


def _show(done: "Rehydrated") -> int:
    """Print what became of everything; the exit code."""
    from rich.console import Console  # noqa: PLC0415 - heavy; not needed for --help
    from rich.table import Table  # noqa: PLC0415 - the same

    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for column in ("begun", "running already", "over", "not begun"):
        table.add_column(column, justify="right")
    for name, tally in (
        ("plans", done.plans),
        ("test clocks", done.clocks),
        ("notices", done.notices),
        ("complaints", done.complaints),
        ("disputes", done.disputes),
    ):
        counts = (tally.begun, tally.running, tally.over, len(tally.failed))
        table.add_row(name, *(str(count) for count in counts))
    Console().print(table)
    for each in done.plans.failed:
        typer.echo(f"meqenet rehydrate: {each.name} is not begun: {each.text}", err=True)
    return _NOT_ALL if done.plans.failed else 0


def _say(text: str) -> int:
    typer.echo(f"meqenet rehydrate: {text}", err=True)
    return _NOT_DONE
