"""The commands ``meqenet support dispute``: disputes, from their opening to their decision."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from apps.cli.calling import Api, Json, called, print_found, print_json
from apps.cli.reading import BAD_INPUT, end
from apps.cli.support_deeds import Plan, Why
from meqenet.disputes.dispute_states import DisputeKind
from meqenet.disputes.evidence import Side

_Number = Annotated[
    int, typer.Argument(help="Which dispute of the plan.", min=1, max=999, metavar="N")
]
_FileNumber = Annotated[
    int, typer.Argument(help="Which file of the dispute.", min=1, max=999, metavar="FILE")
]
_OUTCOME_FOR = {Side.CUSTOMER: "won", Side.MERCHANT: "lost"}


def dispute_app() -> typer.Typer:
    """The group of commands."""
    app = typer.Typer(
        help="Orders that customers dispute: opened, shown with evidence, withdrawn, decided.",
        no_args_is_help=True,
    )
    for name, command in (
        ("list", listed),
        ("open", opened),
        ("show", show),
        ("add", add),
        ("file", file),
        ("withdraw", withdraw),
        ("decide", decide),
    ):
        app.command(name)(command)
    return app


def listed(
    *,
    plan: Annotated[
        str | None, typer.Option("--plan", help="Of a plan, decided ones too.", metavar="PLAN")
    ] = None,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """List disputes that wait for somebody; those whose review is late are at the top."""
    path = "/v1/support/disputes" if plan is None else _path(plan)
    found = called(command="support dispute list", api=api, call=lambda reached: reached.get(path))
    from apps.cli.support_disputes_page import list_page  # noqa: PLC0415 - not for --help

    print_found(found, page=list_page(found=found), as_json=as_json)


def opened(
    *,
    plan: Plan,
    kind: Annotated[DisputeKind, typer.Option(help="What the customer disputes.")],
    amount: Annotated[
        str | None,
        typer.Option(help="Of the order's price, in birr; else all that has not gone back."),
    ] = None,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Open a dispute for a customer: installments wait, and the merchant's money."""
    body = {"kind": kind.value, "amount": amount}
    found = called(
        command="support dispute open",
        api=api,
        call=lambda reached: reached.post(_path(plan), body),
    )
    _print(found, as_json=as_json)


def show(*, plan: Plan, number: _Number, api: Api = None, as_json: Json = False) -> None:
    """Show a dispute: what has brought it on, who has, and why; and which files there are."""
    found = called(
        command="support dispute show",
        api=api,
        call=lambda reached: reached.get(_path(plan, number)),
    )
    _print(found, as_json=as_json)


def add(
    *,
    plan: Plan,
    number: _Number,
    evidence: Annotated[
        Path, typer.Argument(help="A PDF, JPEG, PNG or text, up to 5 MiB.", metavar="PATH")
    ],
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Add a file for the customer. It is kept sealed, and cannot be taken back."""
    try:
        content = evidence.read_bytes()
    except OSError:
        end(command="support dispute add", text="PATH: cannot be read", code=BAD_INPUT)
    added = called(
        command="support dispute add",
        api=api,
        call=lambda reached: reached.send(f"{_path(plan, number)}/evidence", content),
    )
    if as_json:
        print_json(added)
        return
    typer.echo(
        f"file {added['number']}: {added['content_type']}, {added['size_bytes']} bytes, "
        f"SHA-256 {added['sha256']}"
    )


def file(
    *,
    plan: Plan,
    number: _Number,
    file_number: _FileNumber,
    to: Annotated[Path, typer.Option("--to", help="Where it is written.", metavar="PATH")],
    api: Api = None,
) -> None:
    """Read a file of either side."""
    path = f"{_path(plan, number)}/evidence/{file_number}"
    content, headers = called(
        command="support dispute file", api=api, call=lambda reached: reached.fetch(path)
    )
    try:
        to.write_bytes(content)
    except OSError:
        end(command="support dispute file", text="--to: cannot be written", code=BAD_INPUT)
    typer.echo(f"{to}: {headers['content-type']}, {len(content)} bytes")


def withdraw(
    *, plan: Plan, number: _Number, why: Why, api: Api = None, as_json: Json = False
) -> None:
    """Withdraw a dispute on the customer's word: everything goes on as before."""
    _deed("withdraw", plan, number, {"why": why}, api=api, as_json=as_json)


def decide(
    *,
    plan: Plan,
    number: _Number,
    side: Annotated[Side, typer.Option("--for", help="For whom the evidence speaks.")],
    why: Why,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Decide a dispute whose merchant has answered; for supervisors. Money follows."""
    body = {"outcome": _OUTCOME_FOR[side], "why": why}
    _deed("decide", plan, number, body, api=api, as_json=as_json)


def _deed(
    name: str,
    plan: str,
    number: int,
    body: Mapping[str, object],
    *,
    api: str | None,
    as_json: bool,
) -> None:
    found = called(
        command=f"support dispute {name}",
        api=api,
        call=lambda reached: reached.post(f"{_path(plan, number)}/{name}", body),
    )
    _print(found, as_json=as_json)


def _path(plan: str, number: int | None = None) -> str:
    path = f"/v1/support/plans/{plan}/disputes"
    return path if number is None else f"{path}/{number}"


def _print(found: dict[str, Any], *, as_json: bool) -> None:
    from apps.cli.support_disputes_page import dispute_page  # noqa: PLC0415 - not for --help

    print_found(found, page=dispute_page(found=found), as_json=as_json)
