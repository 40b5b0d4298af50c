"""The commands ``meqenet support bills`` and ``assign-bill``: money under no plan's number."""

from datetime import datetime
from typing import Annotated

import typer

from apps.cli.calling import Api, Json, called, print_json
from apps.cli.reading import paper

_PATH = "/v1/support/bills"


def bills(*, api: Api = None, as_json: Json = False) -> None:
    """List money that came to the short code under a number that is no plan's."""
    found = called(command="support bills", api=api, call=lambda reached: reached.get(_PATH))
    if as_json:
        print_json(found)
        return
    from apps.writing import instant, table  # noqa: PLC0415 - heavy; not for --help

    console = paper()
    if not found["bills"]:
        console.print("all money that came to the short code names a plan")
        return
    rows = table("under no plan's number", "receipt", "told, UTC", "birr>")
    for each in found["bills"]:
        told_at = instant(datetime.fromisoformat(each["told_at"]))
        rows.add_row(each["receipt"], told_at, each["amount"])
    console.print(rows)


def assign_bill(
    *,
    receipt: Annotated[
        str, typer.Argument(help="As `meqenet support bills` names it.", metavar="RECEIPT")
    ],
    plan: Annotated[str, typer.Argument(help="Whose it is: its id, pln_….", metavar="PLAN")],
    why: Annotated[str, typer.Option(help="How you know. It is kept for ever.")],
    api: Api = None,
) -> None:
    """Say for which plan such money came: the plan takes it, or owes it where it has ended."""
    path, body = f"{_PATH}/{receipt}/assign", {"plan": plan, "why": why}
    called(command="support assign-bill", api=api, call=lambda reached: reached.post(path, body))
    typer.echo(f"{receipt}: {plan} takes it once M-PESA has answered; look at `support show`")
