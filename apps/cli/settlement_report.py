"""The command ``meqenet report settlement``: what merchants are still to get, and what they owe."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from apps.cli.reading import paper, read_stores

if TYPE_CHECKING:
    from collections.abc import Mapping

    from db.kernel.engine import Database
    from db.settlement.views.merchants import MerchantStanding

_COMMAND: Final = "report settlement"


def settlement(
    *, as_json: Annotated[bool, typer.Option("--json", help="JSON instead of tables.")] = False
) -> None:
    """Merchants with money to come, under way, rejected, or owed back to us; in real time.

    Read from the settlement store, so it is never behind.
    """
    from apps.writing import as_json as json_of  # noqa: PLC0415 - heavy; not for --help
    from apps.writing import table  # noqa: PLC0415 - the same
    from db.settlement.views.merchants import merchant_standings  # noqa: PLC0415 - the same
    from workers.opening import utc_now  # noqa: PLC0415 - the same

    async def read(stores: "Mapping[str, Database]") -> "tuple[MerchantStanding, ...]":
        async with stores["settlement"].read() as session:
            return await merchant_standings(session=session, at=utc_now())

    found = read_stores(command=_COMMAND, domains=("settlement",), read=read)
    if as_json:
        typer.echo(json_of({"merchants": [_told(each) for each in found]}))
        return
    rows = table(
        "merchants, in real time; birr",
        *("merchant", "available>", "later>", "of it reserve>", "under way>", "owed back>"),
        "rejected payout",
    )
    for each in found:
        told = _told(each)
        rows.add_row(*(told[name] or "" for name in told))
    paper().print(rows)


def _told(standing: "MerchantStanding") -> dict[str, str | None]:
    return {
        "merchant": standing.merchant_id,
        "available": str(standing.unpaid.available),
        "later": str(standing.unpaid.waiting),
        "reserve": str(standing.reserve),
        "under_way": str(standing.under_way),
        "owed_back": str(standing.unpaid.owed_back),
        "rejected_payout": standing.rejected,
    }
