"""The commands ``meqenet support alarms``, ``take`` and ``release``: who looks after which."""

from datetime import datetime
from typing import Annotated

import typer

from apps.cli.calling import Api, Json, called, print_found, print_json

_Attempt = Annotated[
    str,
    typer.Argument(help="The attempt, as `meqenet support alarms` names it.", metavar="ATTEMPT"),
]
_PATH = "/v1/support/alarms"


def alarms(*, api: Api = None, as_json: Json = False) -> None:
    """List payments whose outcome is unknown for too long; those without an owner come first."""
    found = called(command="support alarms", api=api, call=lambda reached: reached.get(_PATH))
    from apps.cli.support_alarms_page import alarms_page  # noqa: PLC0415 - heavy; not for --help

    print_found(found, page=alarms_page(found=found), as_json=as_json)


def take(*, attempt: _Attempt, api: Api = None, as_json: Json = False) -> None:
    """Look after such a payment from now on; whoever has it already keeps it."""
    _deed("take", attempt, api=api, as_json=as_json)


def release(*, attempt: _Attempt, api: Api = None, as_json: Json = False) -> None:
    """Leave such a payment to others. A supervisor may release what another has taken."""
    _deed("release", attempt, api=api, as_json=as_json)


def _deed(name: str, attempt: str, *, api: str | None, as_json: bool) -> None:
    path = f"{_PATH}/{attempt}/{name}"
    found = called(command=f"support {name}", api=api, call=lambda reached: reached.post(path, {}))
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
