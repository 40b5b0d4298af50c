"""The commands ``meqenet support void`` and ``retry-cash-back``: money that goes back."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from apps.cli.calling import Api, Json, called, print_json
from apps.cli.reading import paper

_Plan = Annotated[str, typer.Argument(help="The plan's id.", metavar="PLAN")]
_Why = Annotated[
    str, typer.Option("--why", help="The reason; kept for ever, so no names and no phones.")
]


def void(
    *,
    plan: _Plan,
    why: _Why,
    amount: Annotated[
        str | None,
        typer.Option("--amount", help="In birr; all that is not captured without it."),
    ] = None,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Void for its merchant what is not captured of an order. The customer owes that much less."""
    body = {"why": why, "amount": amount}
    _print(_posted("void", api, path=f"/v1/support/plans/{plan}/void", body=body), as_json)


def retry_cash_back(
    *,
    plan: _Plan,
    number: Annotated[
        int, typer.Argument(help="Which refund of the plan, or which void, from 1.", min=1)
    ],
    why: _Why,
    of_void: Annotated[bool, typer.Option("--void", help="It is a void, not a refund.")] = False,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Send money of a refund again that a provider has refused. What is back is not sent again."""
    kind = "voids" if of_void else "refunds"
    path = f"/v1/support/plans/{plan}/{kind}/{number}/retry"
    _print(_posted("retry-cash-back", api, path=path, body={"why": why}), as_json)


def _posted(name: str, api: str | None, *, path: str, body: Mapping[str, object]) -> dict[str, Any]:
    return called(command=f"support {name}", api=api, call=lambda reached: reached.post(path, body))


def _print(plan: dict[str, Any], as_json: bool) -> None:  # noqa: FBT001 - of this file alone
    if as_json:
        print_json(plan)
        return
    from apps.cli.support_page import plan_page  # noqa: PLC0415 - heavy; not for --help

    console = paper()
    for part in plan_page(plan=plan):
        console.print(part)
