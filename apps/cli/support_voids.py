"""The commands ``meqenet support void`` and ``retry-cash-back``: money that goes back."""

from typing import Annotated

import typer

from apps.cli.calling import Api, Json
from apps.cli.support_deeds import Plan, Why, tell_plan


def void(
    *,
    plan: Plan,
    why: Why,
    amount: Annotated[
        str | None,
        typer.Option("--amount", help="In birr; all that is not captured without it."),
    ] = None,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Void for its merchant what is not captured of an order. The customer owes that much less."""
    body = {"why": why, "amount": amount}
    path = f"/v1/support/plans/{plan}/void"
    tell_plan(name="void", api=api, path=path, body=body, as_json=as_json)


def retry_cash_back(
    *,
    plan: Plan,
    number: Annotated[
        int, typer.Argument(help="Which refund of the plan, or which void, from 1.", min=1)
    ],
    why: Why,
    of_void: Annotated[bool, typer.Option("--void", help="It is a void, not a refund.")] = False,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Send money of a refund again that a provider has refused. What is back is not sent again."""
    kind = "voids" if of_void else "refunds"
    path = f"/v1/support/plans/{plan}/{kind}/{number}/retry"
    tell_plan(name="retry-cash-back", api=api, path=path, body={"why": why}, as_json=as_json)
