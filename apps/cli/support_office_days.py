"""The command ``meqenet support office-day``: offices are open or closed against the calendar."""

from typing import Annotated

import typer

from apps.cli.calling import Api, called

_PATH = "/v1/support/office-days"


def office_day(
    *,
    day: Annotated[str, typer.Argument(help="A Gregorian day of Addis Ababa.", metavar="DATE")],
    is_open: Annotated[
        bool, typer.Option("--open/--closed", help="Whether offices are open on it.")
    ],
    why: Annotated[str, typer.Option("--why", help="The holiday's name; kept for ever.")],
    api: Api = None,
) -> None:
    """Say that a holiday is announced or moved: deadlines counted in working days move by it."""
    body = {"day": day, "is_open": is_open, "why": why}
    found = called(
        command="support office-day", api=api, call=lambda reached: reached.post(_PATH, body)
    )
    on = found["day"]
    stands = "open" if found["is_open"] else "closed"
    typer.echo(f"{on['gregorian']} ({on['ethiopian']}): offices are {stands}: {found['why']}")
