"""The commands ``meqenet support payouts`` and ``pay-again``: merchants whose money came back."""

from typing import Annotated

import typer

from apps.cli.calling import Api, Json, called, print_json
from apps.cli.reading import paper

_PATH = "/v1/support/payouts"


def payouts(
    *,
    state: Annotated[
        str | None, typer.Option(help="created, unknown, pending, settled or rejected.")
    ] = None,
    merchant: Annotated[str | None, typer.Option(help="Only of this merchant.")] = None,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """List merchants' payouts, the newest first; those that were rejected say why."""
    asked = {"state": state, "merchant": merchant}
    query = {name: value for name, value in asked.items() if value is not None}
    found = called(
        command="support payouts", api=api, call=lambda reached: reached.get(_PATH, query=query)
    )
    if as_json:
        print_json(found)
        return
    from apps.writing import table  # noqa: PLC0415 - heavy; not for --help

    rows = table(
        "payouts, newest first; birr",
        *("payout", "merchant", "day", "by", "amount>", "state", "reason", "paid again by"),
    )
    for each in found["payouts"]:
        rows.add_row(
            each["id"],
            each["merchant"],
            each["day"]["gregorian"],
            each["by"],
            each["amount"],
            each["state"],
            each["reason_code"] or "",
            each["retried_by"] or "",
        )
    paper().print(rows)


def pay_again(
    *,
    payout: Annotated[str, typer.Argument(help="The rejected payout's id.", metavar="PAYOUT")],
    why: Annotated[str, typer.Option("--why", help="The reason, for the record.")],
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Let a merchant be paid again, to the account that is on file by now."""
    path = f"{_PATH}/{payout}/retry"
    found = called(
        command="support pay-again", api=api, call=lambda reached: reached.post(path, {"why": why})
    )
    if as_json:
        print_json(found)
        return
    typer.echo(f"{found['id']}: {found['merchant']} is being paid again")
