"""What a merchant was paid: ``meqenet merchant payouts`` and ``statement``, over the API."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from apps.cli.calling import Api, Json, called, print_json
from apps.cli.reading import end, paper

_PAYOUTS: Final = "/v1/payouts"
_SIGNATURE: Final = "Meqenet-Signature"


def payouts(
    *,
    limit: Annotated[int, typer.Option(min=1, max=100, help="So many at most.")] = 20,
    after: Annotated[str | None, typer.Option(help="Those behind this one.")] = None,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """List the merchant's payouts, newest first, and what is still to come."""
    query: dict[str, str | int] = {"limit": limit}
    if after is not None:
        query["after"] = after
    found = called(
        command="merchant payouts",
        api=api,
        call=lambda reached: reached.get(_PAYOUTS, query=query),
        as_merchant=True,
    )
    if as_json:
        print_json(found)
        return
    from apps.writing import table  # noqa: PLC0415 - heavy; not for --help

    unpaid, console = found["unpaid"], paper()
    rows = table(
        "payouts, newest first; birr",
        *("payout", "day", "by", "state", "amount>", "owed back>", "reserve>", "bank's number"),
    )
    for each in found["payouts"]:
        rows.add_row(
            each["id"],
            each["day"]["gregorian"],
            each["by"],
            f"{each['state']} {each['reason_code'] or ''}".strip(),
            each["amount"],
            each["owed_back"],
            each["reserve_held"],
            each["bank_reference"] or "",
        )
    console.print(rows)
    console.print(
        f"available {unpaid['available']} · later {unpaid['waiting']} · "
        f"owed by you {unpaid['owed_back']}"
    )
    if found["next_after"]:
        console.print(f"more with --after {found['next_after']}")


def statement(
    *,
    payout: Annotated[str, typer.Argument(help="The payout's id.", metavar="PAYOUT")],
    form: Annotated[Literal["csv", "pdf", "json"], typer.Option(help="csv, pdf or json.")] = "csv",
    out: Annotated[
        Path | None, typer.Option(help="Where to put it; the payout's name by default.")
    ] = None,
    api: Api = None,
) -> None:
    """Fetch a payout's statement, check its signature, and keep both: FILE and FILE.jws."""
    from workers.statement_signing import is_signed  # noqa: PLC0415 - heavy; not for --help

    command, path = "merchant statement", f"{_PAYOUTS}/{payout}/statement.{form}"
    content, headers = called(
        command=command, api=api, call=lambda reached: reached.fetch(path), as_merchant=True
    )
    # Whoever checks the signature knows their form.
    keys: Any = called(
        command=command, api=api, call=lambda reached: reached.get("/v1/keys"), as_merchant=True
    )
    signature = headers.get(_SIGNATURE, "")
    if not is_signed(content=content, signature=signature, public_keys=keys):
        end(command=command, text="the file is not what Meqenet has signed")
    place = out or Path(f"payout-{payout}.{form}")
    place.write_bytes(content)
    place.with_name(f"{place.name}.jws").write_text(f"{signature}\n", encoding="ascii")
    typer.echo(f"{place}: {len(content)} bytes, signed by {keys['keys'][0]['kid']}")


COMMANDS: Final[Mapping[str, Callable[..., None]]] = {"payouts": payouts, "statement": statement}
"""The commands of this module, by name."""
