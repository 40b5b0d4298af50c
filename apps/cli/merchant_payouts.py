"""What a merchant was paid: ``meqenet merchant payouts`` and ``statement``, over the API."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from apps.cli.reading import end, paper

if TYPE_CHECKING:
    from apps.cli.support_calls import SupportApi

_PAYOUTS: Final = "/v1/payouts"
_SIGNATURE: Final = "Meqenet-Signature"
_Api = Annotated[
    str | None, typer.Option("--api", help="The API's address; MEQENET_PUBLIC_URL by default.")
]


def payouts(
    *,
    limit: Annotated[int, typer.Option(min=1, max=100, help="So many at most.")] = 20,
    after: Annotated[str | None, typer.Option(help="Those behind this one.")] = None,
    api: _Api = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the merchant's payouts, newest first, and what is still to come."""
    from apps.writing import as_json as json_of  # noqa: PLC0415 - heavy; not for --help
    from apps.writing import table  # noqa: PLC0415 - the same

    query: dict[str, str | int] = {"limit": limit}
    if after is not None:
        query["after"] = after
    found = _called("payouts", api, lambda reached: reached.get(_PAYOUTS, query=query))
    if as_json:
        typer.echo(json_of(found))
        return
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
    api: _Api = None,
) -> None:
    """Fetch a payout's statement, check its signature, and keep both: FILE and FILE.jws."""
    from workers.statement_signing import is_signed  # noqa: PLC0415 - heavy; not for --help

    path = f"{_PAYOUTS}/{payout}/statement.{form}"
    content, headers = _called("statement", api, lambda reached: reached.fetch(path))
    keys = _called("statement", api, lambda reached: reached.get("/v1/keys"))
    signature = headers.get(_SIGNATURE, "")
    if not is_signed(content=content, signature=signature, public_keys=keys):
        end(command="merchant statement", text="the file is not what Meqenet has signed")
    place = out or Path(f"payout-{payout}.{form}")
    place.write_bytes(content)
    place.with_name(f"{place.name}.jws").write_text(f"{signature}\n", encoding="ascii")
    typer.echo(f"{place}: {len(content)} bytes, signed by {keys['keys'][0]['kid']}")


COMMANDS: Final[Mapping[str, Callable[..., None]]] = {"payouts": payouts, "statement": statement}
"""The commands of this module, by name."""


def _called(name: str, api: str | None, call: "Callable[[SupportApi], Any]") -> Any:  # noqa: ANN401 - of each call another
    import httpx  # noqa: PLC0415 - heavy; not for --help

    from apps.cli.support_calls import Refused, merchant_api  # noqa: PLC0415 - the same

    command = f"merchant {name}"
    with merchant_api(command=command, api=api) as reached:
        try:
            return call(reached)
        except Refused as refused:
            end(command=command, text=refused.text)
        except (httpx.TransportError, ValueError):
            end(command=command, text="the API does not answer; is its address right? (--api)")
