"""The commands ``meqenet ledger``: balances, closing, corrections and holds, for finance."""

from calendar import monthrange
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.reading import BAD_INPUT, end, paper, read_stores
from apps.cli.times import day_of, instant_of
from meqenet.errors import Refusal
from meqenet.ledger.periods import PeriodKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from db.kernel.engine import Database
    from db.ledger.views import AccountTotal
    from meqenet.ledger.as_of import AsOf
    from workers.bookkeeping import Closed

_By = Annotated[
    str, typer.Option("--by", help="Who does it, as your own records call them.", metavar="NAME")
]
_Json = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


def register(*, app: typer.Typer) -> None:
    """Add ``ledger`` to a command line."""
    ledger_app = typer.Typer(help="The books, for finance.", no_args_is_help=True)
    for name, command in (
        ("balances", balances),
        ("close", close),
        ("reverse", reverse),
        ("expire-holds", expire_holds),
    ):
        ledger_app.command(name)(command)
    app.add_typer(ledger_app, name="ledger")


def balances(
    *,
    account: Annotated[
        str | None,
        typer.Option(
            help="Each account of this name, or the account of this code; the sums of all names "
            "without it.",
            metavar="CODE",
        ),
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="Only what was true by then.", metavar="INSTANT")
    ] = None,
    recorded_at: Annotated[
        str | None,
        typer.Option(
            help="Only what had been written down by then; both may be given.", metavar="INSTANT"
        ),
    ] = None,
    as_json: _Json = False,
) -> None:
    """What stands on the accounts, now or as the books stood at an instant of either time.

    Ends with 1 when debits and credits of all accounts differ.
    """
    from db.ledger import views  # noqa: PLC0415 - heavy; not needed for --help
    from meqenet.ledger.accounts import AccountName  # noqa: PLC0415 - the same
    from meqenet.ledger.as_of import AsOf  # noqa: PLC0415 - the same

    command = "ledger balances"
    as_of = AsOf(
        effective_until=_instant(at, field="--at", command=command),
        recorded_until=_instant(recorded_at, field="--recorded-at", command=command),
    )
    name = account.partition(":")[0] if account is not None else None
    if name is not None and name not in set(AccountName):
        known = ", ".join(sorted(AccountName))
        end(command=command, text=f"--account: begins with one of {known}", code=BAD_INPUT)

    async def read(stores: "Mapping[str, Database]") -> "tuple[AccountTotal, ...]":
        async with stores["ledger"].read() as session:
            if account is not None:
                return await views.totals(session=session, prefix=account, as_of=as_of)
            return (await views.trial_balance(session=session, as_of=as_of)).lines

    lines = read_stores(command=command, domains=("ledger",), read=read)
    _print_balances(lines, as_of=as_of, as_json=as_json)
    debit, credit = (sum(amount) for amount in _sides(lines))
    if account is None and debit != credit:
        end(command=command, text="debits and credits differ: run `meqenet verify`")


def close(
    *,
    by: _By,
    reason: Annotated[str, typer.Option(help="Why it is closed.", metavar="TEXT")],
    day: Annotated[
        str | None, typer.Option(help="Close this day of Addis Ababa.", metavar="DATE")
    ] = None,
    month: Annotated[
        str | None, typer.Option(help="Close this Gregorian month.", metavar="YYYY-MM")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Close a day or a month, with everything before it, and sum up every account.

    What is told of later but was true before counts from the first open instant on. A closed
    period cannot be opened again. Asked again, it changes nothing.
    """
    command = "ledger close"
    if (day is None) is (month is None):
        end(command=command, text="give --day or --month, and one of them", code=BAD_INPUT)
    kind = PeriodKind.DAY if month is None else PeriodKind.MONTH
    last_day = _last_day(day=day, month=month, command=command)

    async def run(stores: "Mapping[str, Database]") -> "Closed":
        from workers import bookkeeping  # noqa: PLC0415 - heavy; not needed for --help
        from workers.opening import utc_now  # noqa: PLC0415 - the same

        return await bookkeeping.close(
            database=stores["ledger"],
            kind=kind,
            last_day=last_day,
            closed_by=by,
            reason=reason,
            at=utc_now(),
        )

    closed = read_stores(command=command, domains=("ledger",), read=run)
    if as_json:
        _print_json(closed)
        return
    said = "is closed" if closed.is_new else "was closed before"
    typer.echo(
        f"the {kind} {month or last_day} {said}: entries count from "
        f"{closed.open_from:%Y-%m-%dT%H:%M:%SZ} on; {closed.accounts} accounts summed up"
    )


def reverse(
    *,
    plan: Annotated[str, typer.Argument(help="Whose posting it is.", metavar="PLAN")],
    posting: Annotated[str, typer.Argument(help="The posting's id.", metavar="POSTING")],
    by: _By,
    reason: Annotated[str, typer.Option(help="What was wrong.", metavar="TEXT")],
    as_json: _Json = False,
) -> None:
    """Take a posting back by one that names it, from now on. Asked again, it changes nothing.

    ``meqenet plan show PLAN`` lists a plan's postings.
    """
    from meqenet.ledger.happenings import PostingReversed  # noqa: PLC0415 - not for --help

    correction = PostingReversed(plan_id=plan, reverses=posting, reason=reason, reversed_by=by)

    async def run(stores: "Mapping[str, Database]") -> str:
        from workers import bookkeeping  # noqa: PLC0415 - heavy; not needed for --help
        from workers.opening import utc_now  # noqa: PLC0415 - the same

        return await bookkeeping.reverse(
            database=stores["ledger"], correction=correction, at=utc_now()
        )

    reversal = read_stores(command="ledger reverse", domains=("ledger",), read=run)
    if as_json:
        _print_json({"plan": plan, "reverses": posting, "posting": reversal})
    else:
        typer.echo(f"{posting} is taken back by {reversal}")


def expire_holds(*, as_json: _Json = False) -> None:
    """Free the money of every hold whose time is over."""

    async def run(stores: "Mapping[str, Database]") -> list[str]:
        from workers import bookkeeping  # noqa: PLC0415 - heavy; not needed for --help
        from workers.opening import utc_now  # noqa: PLC0415 - the same

        batches = bookkeeping.expire_holds(database=stores["ledger"], at=utc_now())
        return [hold_id async for batch in batches for hold_id in batch]

    expired = read_stores(command="ledger expire-holds", domains=("ledger",), read=run)
    if as_json:
        _print_json({"expired": expired})
        return
    for hold_id in expired:
        typer.echo(hold_id)
    typer.echo(f"{len(expired)} holds have expired")


def _last_day(*, day: str | None, month: str | None, command: str) -> date:
    try:
        if month is None:
            return day_of(day or "", field="--day")
        first = day_of(f"{month}-01", field="--month")
    except Refusal as refusal:
        text = refusal.text if month is None else "--month: must be a month, like 2026-11"
        end(command=command, text=text, code=BAD_INPUT)
    return first.replace(day=monthrange(first.year, first.month)[1])


def _instant(text: str | None, *, field: str, command: str) -> datetime | None:
    try:
        return None if text is None else instant_of(text, field=field)
    except Refusal as refusal:
        end(command=command, text=refusal.text, code=BAD_INPUT)


def _sides(lines: "tuple[AccountTotal, ...]") -> tuple[list[int], list[int]]:
    return [line.debit.santim for line in lines], [line.credit.santim for line in lines]


def _print_balances(lines: "tuple[AccountTotal, ...]", *, as_of: "AsOf", as_json: bool) -> None:
    from meqenet.money import Money  # noqa: PLC0415 - not needed for --help

    debit, credit = (Money(sum(amounts)) for amounts in _sides(lines))
    if as_json:
        told = [
            {
                "account": line.code,
                "type": line.type,
                "debit": line.debit,
                "credit": line.credit,
                "balance": line.balance,
            }
            for line in lines
        ]
        _print_json({"as_of": as_of, "accounts": told, "debit": debit, "credit": credit})
        return
    from apps.writing import birr  # noqa: PLC0415 - heavy; not needed for --help

    page = _balance_table(as_of)
    for line in lines:
        amounts = (birr(line.debit), birr(line.credit), birr(line.balance))
        page.add_row(line.code, line.type.replace("_", " "), *amounts)
    page.add_section()
    page.add_row("together", "", birr(debit), birr(credit), "")
    paper().print(page)


def _balance_table(as_of: "AsOf") -> "Table":
    from apps.writing import instant, table  # noqa: PLC0415 - heavy; not needed for --help

    title = "What stands on the accounts, in birr"
    if as_of.effective_until is not None:
        title += f", of what was true by {instant(as_of.effective_until)} UTC"
    if as_of.recorded_until is not None:
        title += f", of what was written down by {instant(as_of.recorded_until)} UTC"
    return table(title, "account", "type", "debit>", "credit>", "balance>")


def _print_json(value: object) -> None:
    from apps.writing import as_json  # noqa: PLC0415 - heavy; not needed for --help

    typer.echo(as_json(value))
