"""The commands ``meqenet reconcile``: a provider's statement beside our orders and our ledger."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from apps.cli.reading import BAD_INPUT, NOT_THERE, end, paper, read_stores
from apps.cli.times import day_of
from meqenet.errors import Defect, MeqenetError, Refusal

if TYPE_CHECKING:
    from db.kernel.engine import Database
    from db.payments.views import ItemView, JudgementView, StatementView

_PROVIDERS = ("telebirr", "mpesa", "bank")
_COMMAND = "reconcile"
_WHERE = "Run `meqenet up` in this checkout, or name its file of settings in MEQENET_ENV_FILE."
_Json = Annotated[bool, typer.Option("--json", help="JSON instead of tables.")]
_Provider = Annotated[str | None, typer.Option(help="telebirr, mpesa or bank.", metavar="PROVIDER")]
T = TypeVar("T")


def register(*, app: typer.Typer) -> None:
    """Add ``reconcile`` to a command line."""
    group = typer.Typer(invoke_without_command=True)
    group.callback()(reconcile)
    for name, command in (("open", show_open), ("accept", accept), ("show", show)):
        group.command(name)(command)
    app.add_typer(group, name="reconcile")


def reconcile(
    *,
    context: typer.Context,
    provider: _Provider = None,
    day: Annotated[
        str | None, typer.Option(help="A Gregorian day of Addis Ababa.", metavar="DATE")
    ] = None,
    statement: Annotated[
        Path | None,
        typer.Option(
            help="The statement in a file, CSV or JSON; fetched from the provider by default.",
            metavar="FILE",
        ),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Hold a provider's statement to our orders and our ledger.

    Fetches or reads the statement of a day, judges it, and tells what was found.

    Ends with 0 when nothing is open at the provider, with 1 when something is, and with 2 when
    the statement could not be had or read.
    """
    if context.invoked_subcommand is not None:
        return
    from workers.opening import utc_now  # noqa: PLC0415 - heavy; not for --help

    if provider not in _PROVIDERS:
        end(
            command=_COMMAND,
            text=f"--provider: must be one of {', '.join(_PROVIDERS)}",
            code=BAD_INPUT,
        )
    on = _day(day)
    document = _document(statement)
    _attempt(lambda: _run(provider, on, document))

    async def read(
        stores: "Mapping[str, Database]",
    ) -> "tuple[Sequence[StatementView], Sequence[ItemView], Sequence[ItemView]]":
        from db.payments import views  # noqa: PLC0415 - heavy; not for --help

        async with stores["payments"].read() as session:
            return (
                await views.versions_of(session=session, provider=provider, day=on),
                await views.lines_of_day(session=session, provider=provider, day=on),
                await views.open_items(session=session, provider=provider),
            )

    versions, lines, left = read_stores(command=_COMMAND, domains=("payments",), read=read)
    _show_day(provider, on, versions, lines, left, now=utc_now(), as_json=as_json)
    if left:
        raise typer.Exit(NOT_THERE)


def show_open(
    *,
    provider: _Provider = None,
    pending: Annotated[
        bool, typer.Option("--pending", help="Also what is still young enough to wait.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """What is open, the oldest first: how it differs, its age, and what to do about it."""
    from apps.reconciliation import pages  # noqa: PLC0415 - heavy; not for --help
    from apps.writing import as_json as written  # noqa: PLC0415 - the same
    from workers.opening import utc_now  # noqa: PLC0415 - the same

    if provider is not None and provider not in _PROVIDERS:
        known = ", ".join(_PROVIDERS)
        end(command=f"{_COMMAND} open", text=f"--provider: must be one of {known}", code=BAD_INPUT)

    async def read(stores: "Mapping[str, Database]") -> "Sequence[ItemView]":
        from db.payments.views import open_items  # noqa: PLC0415 - heavy; not for --help

        async with stores["payments"].read() as session:
            return await open_items(session=session, provider=provider, with_pending=pending)

    items = read_stores(command=f"{_COMMAND} open", domains=("payments",), read=read)
    now = utc_now()
    if as_json:
        typer.echo(written({"open": [pages.item_to_tell(item=each, now=now) for each in items]}))
        return
    for part in pages.open_page(items=items, now=now):
        paper().print(part)


def show(
    *,
    line: Annotated[str, typer.Argument(help="As `open` names it.", metavar="LINE")],
) -> None:
    """How a line, or an order that should be on one, has stood since it came."""
    from apps.reconciliation import pages  # noqa: PLC0415 - heavy; not for --help

    async def read(stores: "Mapping[str, Database]") -> "Sequence[JudgementView]":
        from db.payments.views import history_of  # noqa: PLC0415 - heavy; not for --help

        async with stores["payments"].read() as session:
            return await history_of(session=session, item_id=line)

    history = read_stores(command=f"{_COMMAND} show", domains=("payments",), read=read)
    if not history:
        end(command=f"{_COMMAND} show", text=f"{line}: nothing was judged of such a line")
    for part in pages.history_page(item_id=line, history=history):
        paper().print(part)


def accept(
    *,
    line: Annotated[str, typer.Argument(help="As `open` names it.", metavar="LINE")],
    by: Annotated[str, typer.Option(help="Your staff id.", metavar="WHO")],
    reason: Annotated[
        str, typer.Option(help="What was done about it; no private data.", metavar="TEXT")
    ],
) -> None:
    """Close a difference by your word. Who and why are kept, and told as an event."""
    command = f"{_COMMAND} accept"
    for field, text in (("--by", by), ("--reason", reason)):
        if not text.strip():
            end(command=command, text=f"{field}: must not be empty", code=BAD_INPUT)

    async def close(stores: "Mapping[str, Database]") -> str:
        from workers.opening import utc_now  # noqa: PLC0415 - heavy; not for --help
        from workers.reconciling import accept as closed  # noqa: PLC0415 - the same

        return await closed(
            database=stores["payments"], item_id=line, by=by, reason=reason, at=utc_now()
        )

    stood = read_stores(command=command, domains=("payments",), read=close)
    typer.echo(f"{line}: {stood}, accepted by {by}")


async def _run(provider: str, day: date, document: "tuple[str, bytes] | None") -> None:
    from meqenet.payments.statement_document import StatementForm  # noqa: PLC0415 - for this only
    from workers.connecting import temporal_client  # noqa: PLC0415 - heavy; not for --help
    from workers.opening import Environment, database, keyring, utc_now  # noqa: PLC0415 - heavy; not for --help
    from workers.reconciling import keep_file, reconcile_day  # noqa: PLC0415 - the same

    settings = Environment().settings
    kept = None
    if document is not None:
        store = database(settings=settings, domain="payments")
        try:
            kept = await keep_file(
                database=store,
                keyring=keyring(settings=settings),
                provider=provider,
                day=day,
                form=StatementForm(document[0]),
                content=document[1],
                at=utc_now(),
            )
        finally:
            await store.dispose()
    client = await temporal_client(settings=settings)
    await reconcile_day(
        client=client,
        provider=provider,
        day=day,
        kept=kept,
        pending_hours_max=settings.reconciliation_pending_hours,
    )


def _attempt(deed: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        await deed()

    try:
        asyncio.run(run())
    except Refusal as refusal:
        end(command=_COMMAND, text=refusal.text, code=BAD_INPUT)
    except MeqenetError as error:
        missing = isinstance(error, Defect) and error.code.startswith("setting_")
        end(command=_COMMAND, text=f"{error}{f'. {_WHERE}' if missing else ''}", code=BAD_INPUT)


def _show_day(
    provider: str,
    day: date,
    versions: "Sequence[StatementView]",
    lines: "Sequence[ItemView]",
    left: "Sequence[ItemView]",
    *,
    now: datetime,
    as_json: bool,
) -> None:
    from apps.reconciliation import pages  # noqa: PLC0415 - heavy; not for --help
    from apps.writing import as_json as written  # noqa: PLC0415 - the same

    if as_json:
        told = pages.day_to_tell(provider=provider, versions=versions, lines=lines, now=now)
        open_items = [pages.item_to_tell(item=each, now=now) for each in left]
        typer.echo(written({**told, "open": open_items}))
        return
    console = paper()
    title = f"{provider}, statement of {day}"
    for part in pages.day_page(title=title, versions=versions, lines=lines):
        console.print(part)
    for part in pages.open_page(items=left, now=now):
        console.print(part)


def _day(text: str | None) -> date:
    if text is None:
        end(command=_COMMAND, text="--day: give a day, like 2026-11-23", code=BAD_INPUT)
    try:
        return day_of(text, field="--day")
    except Refusal as refusal:
        end(command=_COMMAND, text=refusal.text, code=BAD_INPUT)


def _document(path: Path | None) -> tuple[str, bytes] | None:
    if path is None:
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        end(command=_COMMAND, text=f"--statement: {path}: {error.strerror}", code=BAD_INPUT)
    return ("json" if path.suffix.lower() == ".json" else "csv"), content
