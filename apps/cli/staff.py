"""The commands ``meqenet staff``: who may act, and under which role."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from apps.cli.reading import BAD_INPUT, end, paper, read_stores
from meqenet.auth.roles import Role
from meqenet.errors import Defect, Refusal

if TYPE_CHECKING:
    from temporalio.client import Client

    from db.auth.views import StoredStaffKey
    from db.kernel.engine import Database

T = TypeVar("T")
_WHERE_SETTINGS_COME_FROM: Final = (
    "Run `meqenet up` in this checkout, or name the credentials file that it prints in "
    "MEQENET_ENV_FILE."
)
_Handle = Annotated[
    str, typer.Argument(help="A short name of theirs: letters, digits, hyphens.", metavar="HANDLE")
]


def register(*, app: typer.Typer) -> None:
    """Add ``staff`` to a command line."""
    staff_app = typer.Typer(help="Staff, their roles and keys.", no_args_is_help=True)
    staff_app.command("add")(add)
    staff_app.command("list")(listed)
    staff_app.command("revoke")(revoke)
    app.add_typer(staff_app, name="staff")


def add(
    *,
    handle: _Handle,
    role: Annotated[Role, typer.Option(help="What they are there for.")],
) -> None:
    """Give a member of staff a key and print it. The key is shown this once."""
    from workers.opening import utc_now  # noqa: PLC0415 - heavy; not for --help
    from workers.staffing import take_on  # noqa: PLC0415 - the same

    joined = _asked(
        "staff add",
        lambda client: take_on(
            client=client, handle=handle, role=role, at=utc_now(), randomness=secrets.token_bytes
        ),
    )
    typer.echo(f"staff     {joined.staff_id}\nrole      {role}\nstaff key {joined.key}")


def revoke(*, handle: _Handle) -> None:
    """End all keys of a member of staff, at once."""
    from workers.opening import utc_now  # noqa: PLC0415 - heavy; not for --help
    from workers.staffing import let_go  # noqa: PLC0415 - the same

    staff_id = _asked(
        "staff revoke", lambda client: let_go(client=client, handle=handle, at=utc_now())
    )
    typer.echo(f"all keys of {handle} ({staff_id}) are revoked")


def listed() -> None:
    """Show every key that was ever given to staff."""
    from db.auth.views import staff_keys  # noqa: PLC0415 - heavy; not for --help

    async def read(stores: "Mapping[str, Database]") -> "tuple[StoredStaffKey, ...]":
        async with stores["auth"].read() as session:
            return await staff_keys(session=session)

    keys = read_stores(command="staff list", domains=("auth",), read=read)
    if not keys:
        typer.echo("no member of staff has a key yet: meqenet staff add HANDLE --role ROLE")
        return
    from apps.writing import instant, table  # noqa: PLC0415 - heavy; not for --help

    found = table(
        "staff keys, times are UTC", "handle", "role", "staff", "key", "issued", "revoked"
    )
    for key in keys:
        revoked = instant(key.revoked_at) if key.revoked_at else ""
        found.add_row(
            key.handle, key.role.value, key.staff_id, key.key_id, instant(key.issued_at), revoked
        )
    paper().print(found)


def _asked(command: str, ask: "Callable[[Client], Awaitable[T]]") -> T:
    from temporalio.client import WorkflowFailureError  # noqa: PLC0415 - heavy; not for --help

    from workers.connecting import temporal_client  # noqa: PLC0415 - the same
    from workers.opening import Environment  # noqa: PLC0415 - the same

    async def run() -> T:
        return await ask(await temporal_client(settings=Environment().settings))

    try:
        return asyncio.run(run())
    except Refusal as refusal:
        end(command=command, text=refusal.text, code=BAD_INPUT)
    except WorkflowFailureError as error:
        end(command=command, text=str(error.cause))
    except Defect as defect:
        end(command=command, text=f"{defect.text}. {_WHERE_SETTINGS_COME_FROM}")
    except RuntimeError as error:
        # The SDK's own error of a Temporal server that cannot be reached.
        text = f"the Temporal server does not answer ({error}). {_WHERE_SETTINGS_COME_FROM}"
        end(command=command, text=text)
