"""The commands ``meqenet report``: what the read models and the stores say, for staff."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.complaints_report import complaints
from apps.cli.providers import providers
from apps.cli.reading import BAD_INPUT, end, paper, read_stores
from apps.cli.reminders import reminders
from apps.cli.settlement_report import settlement
from apps.cli.times import day_of
from apps.cli.unclear import unclear
from meqenet.bnpl.options import PaymentOption
from meqenet.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import RenderableType

    from apps.reports.portfolio import Portfolio
    from apps.reports.statement import MerchantReport
    from db.analytics.views import CustomerExposure
    from db.kernel.engine import Database
    from workers.settings import Domain

_DAYS = 30
"""Over how many days collections are counted, where nothing else is asked for."""
_Json = Annotated[bool, typer.Option("--json", help="JSON instead of tables.")]


def register(*, app: typer.Typer) -> None:
    """Add ``report`` to a command line."""
    report_app = typer.Typer(help="What the read models say, for staff.", no_args_is_help=True)
    for name, command in (
        ("portfolio", portfolio),
        ("exposure", exposure),
        ("statement", statement),
        ("unclear", unclear),
        ("reminders", reminders),
        ("providers", providers),
        ("complaints", complaints),
        ("settlement", settlement),
    ):
        report_app.command(name)(command)
    app.add_typer(report_app, name="report")


def portfolio(
    *,
    at: Annotated[
        str | None, typer.Option(help="At the end of this day; today by default.", metavar="DATE")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="Count collections from this day on; 30 days with the last by default.",
            metavar="DATE",
        ),
    ] = None,
    merchant: Annotated[
        str | None, typer.Option(help="Of this merchant's plans only.", metavar="MERCHANT")
    ] = None,
    option: Annotated[
        PaymentOption | None, typer.Option(help="Of plans of this option only.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """What is lent out by days past due, and how collections end, by provider and failure.

    Days are Gregorian days of Addis Ababa.
    """
    from apps.reports import portfolio as report  # noqa: PLC0415 - heavy; not for --help

    command = "report portfolio"
    as_of = _day(at, field="--at", command=command) or _today()
    first = _day(since, field="--since", command=command) or as_of - timedelta(days=_DAYS - 1)
    if first > as_of:
        end(command=command, text="--since: must not be a day after --at", code=BAD_INPUT)

    async def read(stores: "Mapping[str, Database]") -> "Portfolio":
        async with stores["analytics"].read() as session:
            return await report.read_portfolio(
                session=session, as_of=as_of, since=first, merchant_id=merchant, option=option
            )

    found = read_stores(command=command, domains=("analytics",), read=read)
    if as_json:
        _print_json(report.portfolio_to_tell(report=found))
    else:
        _print(report.portfolio_page(report=found))


def exposure(
    *,
    customer: Annotated[str, typer.Argument(help="Our id of the customer.", metavar="CUSTOMER")],
    at: Annotated[
        str | None, typer.Option(help="At the end of this day; now by default.", metavar="DATE")
    ] = None,
    as_json: _Json = False,
) -> None:
    """What of a customer's limit is used, and by which plans.

    Ends with 1 when nothing was decided for such a customer.
    """
    from apps.reports import exposure as report  # noqa: PLC0415 - heavy; not for --help

    command = "report exposure"
    as_of = _day(at, field="--at", command=command)

    async def read(stores: "Mapping[str, Database]") -> "CustomerExposure | None":
        if as_of is None:
            async with stores["analytics"].read() as session:
                return await report.customer_exposure(session=session, customer_id=customer)
        async with stores["credit"].read() as session:
            return await report.exposure_on(session=session, customer_id=customer, as_of=as_of)

    domain: Domain = "analytics" if as_of is None else "credit"
    found = read_stores(command=command, domains=(domain,), read=read)
    if found is None:
        by = "" if as_of is None else f" by the end of {as_of}"
        end(command=command, text=f"{customer}: nothing was decided for such a customer{by}")
    if as_json:
        _print_json(report.exposure_to_tell(exposure=found, as_of=as_of))
    else:
        _print(report.exposure_page(exposure=found, as_of=as_of))


def statement(
    *,
    merchant: Annotated[str, typer.Argument(help="The merchant's id.", metavar="MERCHANT")],
    since: Annotated[
        str | None, typer.Option("--from", help="The first day.", metavar="DATE")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="The last day, included.", metavar="DATE")
    ] = None,
    as_json: _Json = False,
) -> None:
    """What a merchant gets for plans that became active on these days.

    Ends with 1 when there is no such merchant.
    """
    from apps.reports import statement as report  # noqa: PLC0415 - heavy; not for --help
    from db.marketplace.views import find_merchant  # noqa: PLC0415 - the same

    command = "report statement"
    first = _day(since, field="--from", command=command)
    last = _day(until, field="--to", command=command)
    if first is not None and last is not None and last < first:
        end(command=command, text="--to: must not be a day before --from", code=BAD_INPUT)

    async def read(stores: "Mapping[str, Database]") -> "MerchantReport | None":
        async with stores["marketplace"].read() as session:
            if await find_merchant(session=session, merchant_id=merchant) is None:
                return None
        async with stores["analytics"].read() as session:
            return await report.read_statement(
                session=session, merchant_id=merchant, since=first, until=last
            )

    found = read_stores(command=command, domains=("marketplace", "analytics"), read=read)
    if found is None:
        end(command=command, text=f"{merchant}: there is no such merchant")
    if as_json:
        _print_json(report.statement_to_tell(report=found))
    else:
        _print(report.statement_page(report=found))


def _day(text: str | None, *, field: str, command: str) -> date | None:
    try:
        return None if text is None else day_of(text, field=field)
    except Refusal as refusal:
        end(command=command, text=refusal.text, code=BAD_INPUT)


def _today() -> date:
    from meqenet.calendar import addis_date  # noqa: PLC0415 - of this default only
    from workers.opening import utc_now  # noqa: PLC0415 - heavy; not for --help

    return addis_date(at=utc_now())


def _print(page: "Iterable[RenderableType]") -> None:
    console = paper()
    for part in page:
        console.print(part)


def _print_json(told: dict[str, object]) -> None:
    from apps.writing import as_json  # noqa: PLC0415 - heavy; not for --help

    typer.echo(as_json(told))
