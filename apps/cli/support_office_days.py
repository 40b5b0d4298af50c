"""The command ``meqenet support office-day``: offices are open or closed against the calendar."""

from typing import Annotated

import typer

from apps.cli.reading import end


def office_day(
    *,
    day: Annotated[str, typer.Argument(help="A Gregorian day of Addis Ababa.", metavar="DATE")],
    is_open: Annotated[
        bool, typer.Option("--open/--closed", help="Whether offices are open on it.")
    ],
    why: Annotated[str, typer.Option("--why", help="The holiday's name; kept for ever.")],
    api: Annotated[
        str | None, typer.Option("--api", help="The API's address; MEQENET_PUBLIC_URL by default.")
    ] = None,
) -> None:
    """Say that a holiday is announced or moved: deadlines counted in working days move by it."""
    import httpx  # noqa: PLC0415 - heavy; not for --help

    from apps.cli.support_calls import Refused, support_api  # noqa: PLC0415 - the same

    command = "support office-day"
    body = {"day": day, "is_open": is_open, "why": why}
    with support_api(command=command, api=api) as reached:
        try:
            found = reached.post("/v1/support/office-days", body)
        except Refused as refused:
            end(command=command, text=refused.text)
        except (httpx.TransportError, ValueError):
            end(command=command, text="the API does not answer; is its address right? (--api)")
    on = found["day"]
    stands = "open" if found["is_open"] else "closed"
    typer.echo(f"{on['gregorian']} ({on['ethiopian']}): offices are {stands}: {found['why']}")
