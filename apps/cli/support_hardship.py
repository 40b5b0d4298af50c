"""The commands ``meqenet support hardship``: another schedule, previewed and granted."""

from collections.abc import Mapping
from typing import Annotated

import typer

from apps.cli.calling import Api, Json, called, print_json
from apps.cli.reading import BAD_INPUT, end, paper

_Plan = Annotated[str, typer.Argument(help="The plan's id.", metavar="PLAN")]
_Why = Annotated[
    str | None, typer.Option("--why", help="The reason; kept for ever, so no names and no phones.")
]
_Preview = Annotated[
    bool, typer.Option("--preview", help="Show what it would do, and change nothing.")
]
_Approve = Annotated[
    bool, typer.Option("--approve", help="Approve what goes beyond the limits; for supervisors.")
]


def hardship_app() -> typer.Typer:
    """The group of commands."""
    app = typer.Typer(
        help="Change the schedule of a customer who cannot pay as agreed; see --preview first.",
        no_args_is_help=True,
    )
    for name, command in (("pause", pause), ("move", move), ("spread", spread), ("extend", extend)):
        app.command(name)(command)
    return app


def pause(
    *,
    plan: _Plan,
    first_day: Annotated[str, typer.Option("--from", help="Its first day.", metavar="DATE")],
    last_day: Annotated[str, typer.Option("--to", help="Its last day.", metavar="DATE")],
    why: _Why = None,
    preview: _Preview = False,
    approve: _Approve = False,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Let days count for nothing: what is due next from the first one on is so many days later."""
    change = {"change": "pause", "first_day": first_day, "last_day": last_day}
    _run("pause", plan, change, why=why, preview=preview, approve=approve, api=api, json=as_json)


def move(
    *,
    plan: _Plan,
    number: Annotated[int, typer.Argument(help="The installment.", min=1, max=99, metavar="N")],
    to: Annotated[str, typer.Option("--to", help="Its new due date.", metavar="DATE")],
    why: _Why = None,
    preview: _Preview = False,
    approve: _Approve = False,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Have an installment due later, and those after it by the plan's rhythm from there."""
    change = {"change": "move_due_date", "number": number, "to": to}
    _run("move", plan, change, why=why, preview=preview, approve=approve, api=api, json=as_json)


def spread(
    *,
    plan: _Plan,
    why: _Why = None,
    preview: _Preview = False,
    approve: _Approve = False,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Have what is past due paid with the installments to come, in equal parts."""
    change = {"change": "spread_arrears"}
    _run("spread", plan, change, why=why, preview=preview, approve=approve, api=api, json=as_json)


def extend(
    *,
    plan: _Plan,
    installments: Annotated[
        int, typer.Option("--installments", help="How many more.", min=1, max=98)
    ],
    why: _Why = None,
    preview: _Preview = False,
    approve: _Approve = False,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Have everything that is left paid with more installments, each smaller."""
    change = {"change": "extend", "installments": installments}
    _run("extend", plan, change, why=why, preview=preview, approve=approve, api=api, json=as_json)


def _run(
    name: str,
    plan: str,
    change: Mapping[str, object],
    *,
    why: str | None,
    preview: bool,
    approve: bool,
    api: str | None,
    json: bool,
) -> None:
    from apps.cli.support_hardship_page import preview_page  # noqa: PLC0415 - not for --help
    from apps.cli.support_page import plan_page  # noqa: PLC0415 - the same

    command = f"support hardship {name}"
    path, body = f"/v1/support/plans/{plan}/hardship", change
    if preview:
        path = f"{path}/preview"
    elif why is None:
        text = "--why: give the reason, or look first with --preview"
        end(command=command, text=text, code=BAD_INPUT)
    else:
        body = {**change, "why": why, "approved": approve}
    found = called(command=command, api=api, call=lambda reached: reached.post(path, body))
    if json:
        print_json(found)
        return
    console = paper()
    for part in preview_page(found=found) if preview else plan_page(plan=found):
        console.print(part)
