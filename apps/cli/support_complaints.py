"""The commands ``meqenet support complaint``: complaints, from their receipt to their end."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from apps.cli.calling import Api, Json, called, print_found
from apps.cli.reading import BAD_INPUT, end
from apps.cli.support_deeds import Why
from meqenet.disputes.complaint_states import (
    AnswerOutcome,
    ComplaintCategory,
    ComplaintChannel,
)

_Number = Annotated[
    str, typer.Argument(help="The tracking number, as given or typed.", metavar="NUMBER")
]
_Text = Annotated[
    Path | None,
    typer.Option(
        "--text-file",
        help="A file with the words, - for standard input; else you are asked for them. They are "
        "kept sealed, and no history of a shell keeps them.",
        metavar="FILE",
    ),
]
_Language = Annotated[
    str, typer.Option("--language", help="A language tag like am, om-ET or en.", metavar="TAG")
]
_PATH = "/v1/support/complaints"


def complaint_app() -> typer.Typer:
    """The group of commands."""
    app = typer.Typer(
        help="What customers complain about: put on file, looked after, answered within ten "
        "working days.",
        no_args_is_help=True,
    )
    for name, command in (
        ("make", make),
        ("list", listed),
        ("show", show),
        ("assign", assign),
        ("escalate", escalate),
        ("answer", answer),
        ("reopen", reopen),
        ("close", close),
    ):
        app.command(name)(command)
    return app


def make(
    *,
    plan: Annotated[str, typer.Argument(help="The plan that it is about.", metavar="PLAN")],
    language: _Language,
    channel: Annotated[ComplaintChannel, typer.Option(help="How it came.")],
    category: Annotated[ComplaintCategory, typer.Option(help="What it is about.")],
    text_file: _Text = None,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Put a complaint on file. Tell the customer its number and its last day."""
    body = {
        "plan": plan,
        "language": language,
        "channel": channel.value,
        "category": category.value,
        "text": _words("make", text_file, asking="What the customer says"),
    }
    found = called(
        command="support complaint make", api=api, call=lambda reached: reached.post(_PATH, body)
    )
    _print(found, as_json=as_json)


def listed(
    *,
    plan: Annotated[
        str | None, typer.Option("--plan", help="Of a plan, closed ones too.", metavar="PLAN")
    ] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Those that you look after.")] = False,
    escalated: Annotated[
        bool, typer.Option("--escalated", help="Those alone that have come up to supervisors.")
    ] = False,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """List complaints under way; those that have come up to supervisors are at the top."""
    query: dict[str, str | int] = {"mine": str(mine).lower(), "escalated": str(escalated).lower()}
    if plan is not None:
        query["plan"] = plan
    found = called(
        command="support complaint list",
        api=api,
        call=lambda reached: reached.get(_PATH, query=query),
    )
    from apps.cli.support_complaints_page import list_page  # noqa: PLC0415 - not for --help

    print_found(found, page=list_page(found=found), as_json=as_json)


def show(*, number: _Number, api: Api = None, as_json: Json = False) -> None:
    """Show a complaint: what was said and done, by whom and why."""
    found = called(
        command="support complaint show",
        api=api,
        call=lambda reached: reached.get(f"{_PATH}/{number}"),
    )
    _print(found, as_json=as_json)


def assign(
    *,
    number: _Number,
    why: Why,
    to: Annotated[
        str | None,
        typer.Option("--to", help="A handle or a staff id; yourself by default.", metavar="STAFF"),
    ] = None,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Look after a complaint from now on; a supervisor may have somebody else do it."""
    _deed("assign", number, {"why": why, "to": to}, api=api, as_json=as_json)


def escalate(*, number: _Number, why: Why, api: Api = None, as_json: Json = False) -> None:
    """Have a supervisor look at a complaint before its clock does."""
    _deed("escalate", number, {"why": why}, api=api, as_json=as_json)


def answer(
    *,
    number: _Number,
    why: Why,
    outcome: Annotated[AnswerOutcome, typer.Option(help="What the answer says.")],
    language: _Language,
    text_file: _Text = None,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Answer a complaint, in the language in which the customer complained."""
    body = {
        "why": why,
        "outcome": outcome.value,
        "language": language,
        "text": _words("answer", text_file, asking="The answer"),
    }
    _deed("answer", number, body, api=api, as_json=as_json)


def reopen(
    *,
    number: _Number,
    why: Why,
    text_file: _Text = None,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """Take a complaint up again for a customer whom the answer does not content; once."""
    words = _words("reopen", text_file, asking="What the customer says")
    _deed("reopen", number, {"why": why, "text": words}, api=api, as_json=as_json)


def close(*, number: _Number, why: Why, api: Api = None, as_json: Json = False) -> None:
    """Close a complaint that the customer does not want followed, or is content about."""
    _deed("close", number, {"why": why}, api=api, as_json=as_json)


def _deed(
    name: str, number: str, body: Mapping[str, object], *, api: str | None, as_json: bool
) -> None:
    path = f"{_PATH}/{number}/{name}"
    found = called(
        command=f"support complaint {name}", api=api, call=lambda reached: reached.post(path, body)
    )
    _print(found, as_json=as_json)


def _words(name: str, file: Path | None, *, asking: str) -> str:
    if file is None:
        return str(typer.prompt(asking))
    try:
        words = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = "--text-file: must be a file of plain text in UTF-8 that can be read"
        end(command=f"support complaint {name}", text=text, code=BAD_INPUT)
    return words.strip()


def _print(found: dict[str, Any], *, as_json: bool) -> None:
    from apps.cli.support_complaints_page import complaint_page  # noqa: PLC0415 - not for --help

    print_found(found, page=complaint_page(found=found), as_json=as_json)
