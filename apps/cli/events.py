"""The commands ``meqenet events``: schemas, parked events, and how far readers are behind."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from redis.exceptions import RedisError

from apps.cli.model_names import require_model
from meqenet.errors import MeqenetError

if TYPE_CHECKING:
    from rich.table import Table

    from db.kernel.parking import ParkedEvent
    from workers.lag import Lag
    from workers.model_desk import ModelDesk, Tried

_Model = Annotated[str | None, typer.Option(help="Of this read model only.", metavar="MODEL")]
_Json = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
T = TypeVar("T")


def register(*, app: typer.Typer) -> None:
    """Add ``events`` to a command line."""
    events_app = typer.Typer(help="What domains tell, and who listens.", no_args_is_help=True)
    for name, command in (
        ("schemas", schemas),
        ("parked", parked),
        ("retry", retry),
        ("lag", lag),
    ):
        events_app.command(name)(command)
    app.add_typer(events_app, name="events")


def schemas(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 if something differs.")
    ] = False,
    directory: Annotated[
        Path | None, typer.Option(help="Where they stand; docs/events of the checkout by default.")
    ] = None,
) -> None:
    """Write the JSON Schema of every event that a store can write."""
    from apps.runtime.environment import CHECKOUT  # noqa: PLC0415 - not needed for --help
    from workers import event_pages  # noqa: PLC0415 - the same

    place = directory or CHECKOUT / "docs" / "events"
    if not place.is_dir():
        typer.echo(f"meqenet events schemas: {place} is no directory", err=True)
        raise typer.Exit(1)
    if not check:
        changed = event_pages.write(directory=place)
        typer.echo(f"{changed} of {len(event_pages.pages())} pages written in {place}")
        return
    found = event_pages.differences(directory=place)
    for path in found:
        typer.echo(f"not what the code says: {place / path}", err=True)
    if found:
        typer.echo("run: meqenet events schemas", err=True)
        raise typer.Exit(1)
    typer.echo(f"{len(event_pages.pages())} pages are what the code says")


def parked(
    *,
    model: _Model = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most, the oldest first.")] = 100,
    as_json: _Json = False,
) -> None:
    """List the events that a read model could not take in, and those that wait behind them."""
    chosen = None if model is None else require_model(model, hint="--model")
    found, total = _at_desk("parked", lambda desk: desk.parked(model=chosen, limit=limit))
    if as_json:
        typer.echo(json.dumps({"total": total, "parked": [_told(each) for each in found]}))
    elif not found:
        typer.echo("no event is parked")
    else:
        _print(_parked_table(found))
        left = total - len(found)
        typer.echo(f"{total} parked{f', {left} of them not shown' if left else ''}")


def retry(
    *,
    model: _Model = None,
    stream: Annotated[
        str | None, typer.Option(help="Of this plan, customer or merchant only.", metavar="ID")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that is parked.")] = False,
) -> None:
    """Try parked events again now; exit 1 if some of them still cannot be taken in."""
    if everything == bool(model or stream):
        raise typer.BadParameter(
            "say which: --model, --stream or both; or everything by --all", param_hint="--all"
        )
    chosen = None if model is None else require_model(model, hint="--model")

    async def tried(desk: "ModelDesk") -> "list[Tried]":
        done = []
        async for each in desk.retry(model=chosen, stream=stream):
            typer.echo(_outcome(each))
            done.append(each)
        return done

    done = _at_desk("retry", tried)
    if not done:
        typer.echo("no event is parked there")
    if any(each.head is not None for each in done):
        raise typer.Exit(1)


def lag(
    *,
    prometheus: Annotated[
        bool, typer.Option("--prometheus", help="Prometheus' text format, as /metrics has it.")
    ] = False,
) -> None:
    """Say how far each read model is behind each domain that feeds it."""
    from workers.lag import as_prometheus  # noqa: PLC0415 - the same
    from workers.opening import utc_now  # noqa: PLC0415 - heavy; not needed for --help

    lags = _at_desk("lag", lambda desk: desk.lag(at=utc_now()))
    if prometheus:
        typer.echo(as_prometheus(lags=lags), nl=False)
    else:
        _print(_lag_table(lags))


def _at_desk(command: str, deed: "Callable[[ModelDesk], Awaitable[T]]") -> T:
    """Do it, or say in a line why it cannot be done, and exit 1."""
    from workers.model_desk import model_desk  # noqa: PLC0415 - the same
    from workers.opening import Environment  # noqa: PLC0415 - heavy; not needed for --help

    # What cannot be taken in is told by the command itself.
    logging.basicConfig(handlers=[logging.NullHandler()])

    async def done() -> T:
        async with model_desk(environment=Environment()) as desk:
            return await deed(desk)

    try:
        return asyncio.run(done())
    except (MeqenetError, RedisError, OSError) as error:
        text = str(error) if isinstance(error, MeqenetError) else "Redis cannot be reached"
        typer.echo(f"meqenet events {command}: {text}", err=True)
        raise typer.Exit(1) from error


def _told(event: "ParkedEvent") -> dict[str, object]:
    failure = event.failure
    return {
        "model": event.consumer,
        "source": event.source,
        "stream": event.stream,
        "sequence": event.sequence,
        "event_id": event.event.get("id"),
        "type": event.event.get("type"),
        "error_type": failure.error_type if failure else None,
        "error_code": failure.error_code if failure else None,
        "tries": event.tries,
        "parked_at": event.parked_at.astimezone(UTC).isoformat(),
        "next_try_at": None
        if event.next_try_at is None
        else event.next_try_at.astimezone(UTC).isoformat(),
    }


def _outcome(tried: "Tried") -> str:
    queue, head = tried.queue, tried.head
    place = f"{queue.consumer}  {queue.source}  {queue.stream}: {tried.taken} taken in"
    if head is None:
        return place
    return f"{place}, then event {head.sequence} failed: {_why(head)}"


def _why(event: "ParkedEvent") -> str:
    if event.failure is None:
        return "waits behind another"
    return event.failure.error_code or event.failure.error_type


def _parked_table(events: "list[ParkedEvent]") -> "Table":
    table = _table("model", "stream", "event", "why", "tries", "parked at", "next try")
    for event in events:
        kind = str(event.event.get("type")).removeprefix("meqenet.")
        asked = "when asked" if event.failure else ""
        table.add_row(
            event.consumer,
            event.stream,
            f"{event.sequence} {kind}",
            _why(event),
            str(event.tries),
            _time(event.parked_at),
            asked if event.next_try_at is None else _time(event.next_try_at),
        )
    return table


def _lag_table(lags: "tuple[Lag, ...]") -> "Table":
    table = _table("model", "source", "events behind", "seconds behind", "parked")
    for each in lags:
        numbers = (str(each.events), str(each.seconds), str(each.parked))
        table.add_row(each.model, each.source, *numbers)
    return table


def _table(*columns: str) -> "Table":
    from rich.table import Table  # noqa: PLC0415 - not needed for --help

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        is_number = column.endswith("behind") or column in {"tries", "parked"}
        table.add_column(
            column,
            justify="right" if is_number else "left",
            overflow="fold",
            no_wrap=column in {"parked at", "next try"},
        )
    return table


def _print(table: "Table") -> None:
    from rich.console import Console  # noqa: PLC0415 - not needed for --help

    console = Console(highlight=False)
    if not console.is_terminal:
        # Whoever reads it from a pipe wants whole lines.
        console = Console(highlight=False, width=400)
    console.print(table)


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
