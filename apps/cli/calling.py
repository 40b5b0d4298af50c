"""What commands over the API share: their options, and one line for whatever was no answer."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from apps.cli.reading import end, paper

if TYPE_CHECKING:
    from rich.console import RenderableType

    from apps.cli.support_calls import SupportApi

T = TypeVar("T")
Api = Annotated[
    str | None, typer.Option("--api", help="The API's address; MEQENET_PUBLIC_URL by default.")
]
"""Where the API is."""
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
"""Whether the answer is printed as it is."""


def called(
    *,
    command: str,
    api: str | None,
    call: "Callable[[SupportApi], T]",
    as_merchant: bool = False,
) -> T:
    """What the API answers; the command ends where it refuses, or does not answer.

    Args:
        command: what is being run, for the one line that says why there is no answer.
        api: the API's address, else that of the settings.
        call: what is asked of it.
        as_merchant: under a merchant's key, not under one of the staff.
    """
    from apps.cli.support_calls import (  # noqa: PLC0415 - heavy; not for --help
        merchant_api,
        support_api,
    )

    reach = merchant_api if as_merchant else support_api
    with reach(command=command, api=api) as reached:
        return guarded(command=command, call=lambda: call(reached))


def guarded(*, command: str, call: Callable[[], T]) -> T:
    """The same of an API that the command has reached already."""
    import httpx  # noqa: PLC0415 - heavy; not for --help

    from apps.cli.support_calls import Refused  # noqa: PLC0415 - the same

    try:
        return call()
    except Refused as refused:
        end(command=command, text=refused.text)
    except (httpx.TransportError, ValueError):
        end(command=command, text="the API does not answer; is its address right? (--api)")


def print_json(found: Mapping[str, Any], /) -> None:
    """Print the API's answer as it is."""
    from apps.writing import as_json  # noqa: PLC0415 - heavy; not for --help

    typer.echo(as_json(found))


def print_found(
    found: Mapping[str, Any], /, *, page: "Iterable[RenderableType]", as_json: bool
) -> None:
    """Print the API's answer: as it is, or as its page."""
    if as_json:
        print_json(found)
        return
    console = paper()
    for part in page:
        console.print(part)
