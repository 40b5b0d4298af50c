"""The commands ``meqenet support payment``: one that was not what it had seemed; see --preview."""

from collections.abc import Mapping
from typing import Annotated

import typer

from apps.cli.calling import Api, Json, called, print_json
from apps.cli.reading import BAD_INPUT, end, paper

_Plan = Annotated[str, typer.Argument(help="The plan's id.", metavar="PLAN")]
_Attempt = Annotated[
    str, typer.Argument(help="The payment, as the plan's attempts name it.", metavar="ATTEMPT")
]
_Why = Annotated[
    str | None, typer.Option("--why", help="The reason; kept for ever, so no names and no phones.")
]
_Preview = Annotated[
    bool, typer.Option("--preview", help="Show what it would do, and change nothing.")
]


def payment_app() -> typer.Typer:
    """The group of commands."""
    app = typer.Typer(
        help="Replay payments in the order of their value dates; see --preview first.",
        no_args_is_help=True,
    )
    for name, command in (("reverse", reverse), ("backdate", backdate), ("repeated", repeated)):
        app.command(name)(command)
    return app


def reverse(
    *,
    plan: _Plan,
    attempt: _Attempt,
    why: _Why = None,
    preview: _Preview = False,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Take a payment out whose money is gone: the provider took it back, or it was another's."""
    body = {"cause": "reversed"}
    _run("reverse", plan, attempt, body, why=why, preview=preview, api=api, json=as_json)


def backdate(
    *,
    plan: _Plan,
    attempt: _Attempt,
    to: Annotated[str, typer.Option("--to", help="When its money had moved.", metavar="DATE")],
    why: _Why = None,
    preview: _Preview = False,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Count a payment from the day on which its money had moved."""
    body = {"cause": "backdated", "value_date": to}
    _run("backdate", plan, attempt, body, why=why, preview=preview, api=api, json=as_json)


def repeated(
    *,
    plan: _Plan,
    attempt: _Attempt,
    of: Annotated[
        str, typer.Option("--of", help="The payment that brought the same.", metavar="ATTEMPT")
    ],
    why: _Why = None,
    preview: _Preview = False,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Keep what came a second time as the customer's credit; return-credit then sends it back."""
    body = {"cause": "repeated", "repeats": of}
    _run("repeated", plan, attempt, body, why=why, preview=preview, api=api, json=as_json)


def _run(
    name: str,
    plan: str,
    attempt: str,
    body: Mapping[str, object],
    *,
    why: str | None,
    preview: bool,
    api: str | None,
    json: bool,
) -> None:
    from apps.cli.support_page import plan_page  # noqa: PLC0415 - not for --help
    from apps.cli.support_payments_page import preview_page  # noqa: PLC0415 - the same

    command = f"support payment {name}"
    path = f"/v1/support/plans/{plan}/payments/{attempt}/replay"
    if preview:
        path = f"{path}/preview"
    elif why is None:
        text = "--why: give the reason, or look first with --preview"
        end(command=command, text=text, code=BAD_INPUT)
    else:
        body = {**body, "why": why}
    found = called(command=command, api=api, call=lambda reached: reached.post(path, body))
    if json:
        print_json(found)
        return
    console = paper()
    for part in preview_page(found=found) if preview else plan_page(plan=found):
        console.print(part)
