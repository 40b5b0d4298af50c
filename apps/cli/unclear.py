"""The command ``meqenet report unclear``: what somebody has to ask a provider about."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.reading import paper, read_stores

if TYPE_CHECKING:
    from collections.abc import Mapping

    from db.kernel.engine import Database
    from workers.unclear import Unclear

_COMMAND = "report unclear"


def unclear(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of tables.")] = False,
) -> None:
    """Payments whose outcome stays unknown, and callbacks that belong to no order of ours."""
    from apps.reports import unclear as report  # noqa: PLC0415 - heavy; not for --help
    from apps.writing import as_json as json_of  # noqa: PLC0415 - the same
    from workers.unclear import read_unclear  # noqa: PLC0415 - the same

    async def read(stores: "Mapping[str, Database]") -> "Unclear":
        async with stores["payments"].read() as session:
            return await read_unclear(session=session, now=datetime.now(tz=UTC))

    found = read_stores(command=_COMMAND, domains=("payments",), read=read)
    if as_json:
        typer.echo(json_of(found))
        return
    console = paper()
    for part in report.unclear_page(report=found):
        console.print(part)
