"""The command ``meqenet plan``: a plan as it is, or as it was."""

from datetime import datetime
from typing import Annotated

import typer

from apps.cli.reading import BAD_INPUT, end, paper, read_stores
from apps.cli.times import instant_of
from meqenet.errors import Refusal

_SHOW = "plan show"


def register(*, app: typer.Typer) -> None:
    """Add ``plan`` to a command line."""
    plan_app = typer.Typer(help="Plans, for support and finance.", no_args_is_help=True)
    plan_app.command("show")(show)
    app.add_typer(plan_app, name="plan")

    @plan_app.callback()
    def root() -> None:
        """Plans, for support and finance."""


def show(
    *,
    plan: Annotated[str, typer.Argument(help="The plan's id.", metavar="PLAN")],
    at: Annotated[
        str | None,
        typer.Option(
            help="Only what was true by then, whenever it was written down. Of a plan on a test "
            "clock: by its clock.",
            metavar="INSTANT",
        ),
    ] = None,
    recorded_at: Annotated[
        str | None,
        typer.Option(
            help="Only what had been written down by then, in real time; both may be given.",
            metavar="INSTANT",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a plan as it is, or as it was at an instant, with its events and its ledger.

    Ends with 1 when there is no such plan, or there was none yet, and with 2 when an instant is
    malformed.
    """
    until = _instant(at, field="--at")
    known = _instant(recorded_at, field="--recorded-at")

    from apps.plan_history.books import STORES, read_books  # noqa: PLC0415 - heavy; not for --help
    from apps.plan_history.page import print_story  # noqa: PLC0415 - the same
    from apps.plan_history.story import Moment, story_of  # noqa: PLC0415 - the same
    from apps.plan_history.told import story_to_tell  # noqa: PLC0415 - the same
    from apps.writing import as_json as json_of  # noqa: PLC0415 - the same

    moment = Moment(at=until, recorded_at=known)
    books = read_stores(
        command=_SHOW,
        domains=STORES,
        read=lambda stores: read_books(stores=stores, plan_id=plan),
    )
    if books is None:
        end(command=_SHOW, text=f"{plan}: there is no such plan")
    story = story_of(books=books, moment=moment)
    if story is None:
        first = f"opened at {books.opened_at:%Y-%m-%dT%H:%M:%SZ}"
        end(command=_SHOW, text=f"{plan}: nothing of it was known then; it was {first}")
    if as_json:
        typer.echo(json_of(story_to_tell(story=story)))
        return
    print_story(story=story, console=paper())


def _instant(text: str | None, *, field: str) -> datetime | None:
    try:
        return None if text is None else instant_of(text, field=field)
    except Refusal as refusal:
        end(command=_SHOW, text=refusal.text, code=BAD_INPUT)
