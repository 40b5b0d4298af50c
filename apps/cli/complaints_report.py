"""The command ``meqenet report complaints``: a month's complaints, for the National Bank."""

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.reading import BAD_INPUT, end, paper, read_stores
from meqenet.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from db.kernel.engine import Database
    from meqenet.disputes.complaint_summary import ComplaintSummary
    from meqenet.disputes.months import Month

_COMMAND = "report complaints"


def complaints(
    *,
    month: Annotated[
        str | None, typer.Option(help="A Gregorian month like 2026-11.", metavar="MONTH")
    ] = None,
    ethiopian_month: Annotated[
        str | None,
        typer.Option(help="An Ethiopian month like 2019-03; 13 is Pagume.", metavar="MONTH"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of tables.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV instead of tables.")] = False,
) -> None:
    """Complaints received, answered in time and late, and open at the end of a month.

    Days are days of Addis Ababa; a month that is under way is told as of now.
    """
    from apps.reports import complaints as report  # noqa: PLC0415 - heavy; not for --help
    from apps.writing import as_json as json_of  # noqa: PLC0415 - the same
    from workers.opening import utc_now  # noqa: PLC0415 - the same

    chosen = _month(month, ethiopian_month)
    if as_json and as_csv:
        end(command=_COMMAND, text="--csv: choose it or --json", code=BAD_INPUT)

    async def read(stores: "Mapping[str, Database]") -> "ComplaintSummary":
        async with stores["disputes"].read() as session:
            return await report.read_complaint_summary(session=session, month=chosen, now=utc_now())

    found = read_stores(command=_COMMAND, domains=("disputes",), read=read)
    if as_json:
        typer.echo(json_of(report.complaints_to_tell(summary=found)))
        return
    if as_csv:
        typer.echo(report.complaints_csv(summary=found), nl=False)
        return
    console = paper()
    for part in report.complaints_page(summary=found):
        console.print(part)


def _month(gregorian: str | None, ethiopian: str | None) -> "Month":
    from meqenet.disputes.months import chosen_month  # noqa: PLC0415 - of this command only

    try:
        return chosen_month(gregorian=gregorian, ethiopian=ethiopian)
    except Refusal as refusal:
        end(command=_COMMAND, text=f"--{refusal.text.replace('_', '-', 1)}", code=BAD_INPUT)
