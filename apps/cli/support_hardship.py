"""The commands ``meqenet support hardship``: another schedule, previewed and granted."""

from collections.abc import Mapping
from typing import Annotated

import typer

from apps.cli.calling import Api, Json
from apps.cli.support_deeds import Plan, Preview, WhyUnlessPreview, look_or_have_done

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
    plan: Plan,
    first_day: Annotated[str, typer.Option("--from", help="Its first day.", metavar="DATE")],
    last_day: Annotated[str, typer.Option("--to", help="Its last day.", metavar="DATE")],
    why: WhyUnlessPreview = None,
    preview: Preview = False,
    approve: _Approve = False,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Let days count for nothing: what is due next from the first one on is so many days later."""
    change = {"change": "pause", "first_day": first_day, "last_day": last_day}
    _run("pause", plan, change, why=why, preview=preview, approve=approve, api=api, json=as_json)


def move(
    *,
    plan: Plan,
    number: Annotated[int, typer.Argument(help="The installment.", min=1, max=99, metavar="N")],
    to: Annotated[str, typer.Option("--to", help="Its new due date.", metavar="DATE")],
    why: WhyUnlessPreview = None,
    preview: Preview = False,
    approve: _Approve = False,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Have an installment due later, and those after it by the plan's rhythm from there."""
    change = {"change": "move_due_date", "number": number, "to": to}
    _run("move", plan, change, why=why, preview=preview, approve=approve, api=api, json=as_json)


def spread(
    *,
    plan: Plan,
    why: WhyUnlessPreview = None,
    preview: Preview = False,
    approve: _Approve = False,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Have what is past due paid with the installments to come, in equal parts."""
    change = {"change": "spread_arrears"}
    _run("spread", plan, change, why=why, preview=preview, approve=approve, api=api, json=as_json)


def extend(
    *,
    plan: Plan,
    installments: Annotated[
        int, typer.Option("--installments", help="How many more.", min=1, max=98)
    ],
    why: WhyUnlessPreview = None,
    preview: Preview = False,
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

    look_or_have_done(
        name=f"hardship {name}",
        api=api,
        path=f"/v1/support/plans/{plan}/hardship",
        change=change,
        why=why,
        approval={"approved": approve},
        preview=preview,
        page=lambda found: preview_page(found=found),
        as_json=json,
    )
