"""The commands ``meqenet support payment``: one that was not what it had seemed; see --preview."""

from collections.abc import Mapping
from typing import Annotated

import typer

from apps.cli.calling import Api, Json
from apps.cli.support_deeds import Plan, Preview, WhyUnlessPreview, look_or_have_done

_Attempt = Annotated[
    str, typer.Argument(help="The payment, as the plan's attempts name it.", metavar="ATTEMPT")
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
    plan: Plan,
    attempt: _Attempt,
    why: WhyUnlessPreview = None,
    preview: Preview = False,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Take a payment out whose money is gone: the provider took it back, or it was another's."""
    body = {"cause": "reversed"}
    _run("reverse", plan, attempt, body, why=why, preview=preview, api=api, json=as_json)


def backdate(
    *,
    plan: Plan,
    attempt: _Attempt,
    to: Annotated[str, typer.Option("--to", help="When its money had moved.", metavar="DATE")],
    why: WhyUnlessPreview = None,
    preview: Preview = False,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Count a payment from the day on which its money had moved."""
    body = {"cause": "backdated", "value_date": to}
    _run("backdate", plan, attempt, body, why=why, preview=preview, api=api, json=as_json)


def repeated(
    *,
    plan: Plan,
    attempt: _Attempt,
    of: Annotated[
        str, typer.Option("--of", help="The payment that brought the same.", metavar="ATTEMPT")
    ],
    why: WhyUnlessPreview = None,
    preview: Preview = False,
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
    from apps.cli.support_payments_page import preview_page  # noqa: PLC0415 - not for --help

    look_or_have_done(
        name=f"payment {name}",
        api=api,
        path=f"/v1/support/plans/{plan}/payments/{attempt}/replay",
        change=body,
        why=why,
        preview=preview,
        page=lambda found: preview_page(found=found),
        as_json=json,
    )
