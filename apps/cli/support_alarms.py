"""The commands ``meqenet support alarms``, ``take`` and ``release``: who looks after which."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli.reading import end, paper

if TYPE_CHECKING:
    from apps.cli.support_calls import SupportApi

_Attempt = Annotated[
    str,
    typer.Argument(help="The attempt, as `meqenet support alarms` names it.", metavar="ATTEMPT"),
]
_Api = Annotated[
    str | None, typer.Option("--api", help="The API's address; MEQENET_PUBLIC_URL by default.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_PATH = "/v1/support/alarms"


def alarms(*, api: _Api = None, as_json: _Json = False) -> None:
    """List payments whose outcome is unknown for too long; those without an owner come first."""
    found = called("alarms", api, lambda reached: reached.get(_PATH))
    if as_json:
        print_json(found)
        return
    from apps.cli.support_alarms_page import alarms_page  # noqa: PLC0415 - heavy; not for --help

    console = paper()
    for part in alarms_page(found=found):
        console.print(part)


def take(*, attempt: _Attempt, api: _Api = None, as_json: _Json = False) -> None:
    """Look after such a payment from now on; whoever has it already keeps it."""
    found = called("take", api, lambda reached: reached.post(f"{_PATH}/{attempt}/take", {}))
    _print_standing(found, as_json=as_json)


def release(*, attempt: _Attempt, api: _Api = None, as_json: _Json = False) -> None:
    """Leave such a payment to others. A supervisor may release what another has taken."""
    found = called("release", api, lambda reached: reached.post(f"{_PATH}/{attempt}/release", {}))
    _print_standing(found, as_json=as_json)


def called(
    name: str, api: str | None, call: "Callable[[SupportApi], dict[str, Any]]"
) -> dict[str, Any]:
    """What the API answers to a command of ``support``; the command ends where it refuses."""
    import httpx  # noqa: PLC0415 - heavy; not for --help

    from apps.cli.support_calls import Refused, support_api  # noqa: PLC0415 - the same

    command = f"support {name}"
    with support_api(command=command, api=api) as reached:
        try:
            return call(reached)
        except Refused as refused:
            end(command=command, text=refused.text)
        except (httpx.TransportError, ValueError):
            end(command=command, text="the API does not answer; is its address right? (--api)")


def _print_standing(found: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    from apps.writing import instant  # noqa: PLC0415 - heavy; not for --help

    owner = found["owner"]
    if owner is None:
        typer.echo(f"{found['attempt']}: without an owner")
        return
    since = instant(datetime.fromisoformat(owner["since"]))
    typer.echo(f"{found['attempt']}: {owner['handle'] or owner['staff']} since {since} UTC")


def print_json(found: Mapping[str, Any]) -> None:
    """Print the API's answer as it is."""
    from apps.writing import as_json  # noqa: PLC0415 - heavy; not for --help

    typer.echo(as_json(found))
