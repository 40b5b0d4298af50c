"""The command ``meqenet report reminders``: what a plan's customer was told."""

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.reading import end, paper, read_stores

if TYPE_CHECKING:
    from collections.abc import Mapping

    from db.kernel.engine import Database
    from workers.reminder_evidence import ToldReminder

_COMMAND = "report reminders"


def reminders(
    *,
    plan: Annotated[str, typer.Option(help="The plan's id.", metavar="PLAN")],
    texts: Annotated[
        bool,
        typer.Option(help="Open the sealed texts too; it needs the keys of private columns."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """What a plan's customer was told of its installments, when, and what became of it.

    Ends with 1 when no wallet of such a plan is on file.
    """
    from apps.reports import reminders as report  # noqa: PLC0415 - heavy; not for --help
    from apps.writing import as_json as json_of  # noqa: PLC0415 - the same
    from workers.opening import Environment, keyring  # noqa: PLC0415 - the same
    from workers.reminder_evidence import read_reminders  # noqa: PLC0415 - the same

    async def read(stores: "Mapping[str, Database]") -> "tuple[ToldReminder, ...] | None":
        keys = keyring(settings=Environment().settings) if texts else None
        async with stores["payments"].read() as session:
            return await read_reminders(session=session, plan_id=plan, keyring=keys)

    found = read_stores(command=_COMMAND, domains=("payments",), read=read)
    if found is None:
        end(command=_COMMAND, text=f"{plan}: no wallet of such a plan is on file")
    if as_json:
        typer.echo(json_of(report.reminders_to_tell(plan_id=plan, reminders=found)))
        return
    console = paper()
    for part in report.reminders_page(plan_id=plan, reminders=found):
        console.print(part)
