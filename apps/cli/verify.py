"""The command ``meqenet verify``: hold all books to each other, and name the first bad record."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from apps.verify.wanted import Wanted
from meqenet.errors import Defect, Mender, Refusal, Unavailable
from workers.settings import DOMAINS, Domain

if TYPE_CHECKING:
    from workers.verifying.findings import Checked

_BROKEN = 1
_BAD_INPUT = 2
_PROVIDERS = ("telebirr", "mpesa", "bank")


def register(*, app: typer.Typer) -> None:
    """Add ``verify`` to a command line."""
    app.command("verify")(verify)


def verify(
    *,
    since: Annotated[
        str | None,
        typer.Option(help="Only what has been recorded since.", metavar="INSTANT"),
    ] = None,
    plan: Annotated[str | None, typer.Option(help="Only this plan.", metavar="PLAN")] = None,
    domains: Annotated[
        str,
        typer.Option(help="Only these stores, separated by commas.", metavar="bnpl,ledger,…"),
    ] = ",".join(DOMAINS),
    statements: Annotated[
        list[str] | None,
        typer.Option(
            help="A provider's statement in a file, CSV or JSON; may be given for each provider.",
            metavar="PROVIDER=FILE",
        ),
    ] = None,
    patience: Annotated[
        int,
        typer.Option(
            help="Seconds for which a difference between stores must last to count as one.",
            min=0,
            max=3600,
        ),
    ] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    public_key: Annotated[
        bool,
        typer.Option(
            "--public-key",
            help="Print the public half of MEQENET_ANCHOR_SIGNING_KEY, as "
            "MEQENET_ANCHOR_PUBLIC_KEYS takes it, and end.",
        ),
    ] = False,
) -> None:
    """Check event chains, anchors, the ledger, read models and provider statements.

    Ends with 0 when everything holds, with 1 and the first bad record's name when something does
    not, and with 2 when it could not be checked.
    """
    try:
        if public_key:
            _print_public_key()
            return
        wanted = Wanted(
            domains=_domains(domains),
            plan_id=plan,
            since=_instant(since),
            files=_files(statements or []),
            patience_seconds=patience,
        )
        checks = _run(wanted)
    except (Refusal, Defect, Unavailable) as fault:
        typer.echo(f"meqenet verify: {fault.text}", err=True)
        raise typer.Exit(_BAD_INPUT) from None
    except ValidationError as fault:
        for each in fault.errors(include_url=False, include_input=False, include_context=False):
            setting = "_".join(str(part) for part in each["loc"]).upper()
            typer.echo(f"meqenet verify: MEQENET_{setting}: {each['msg']}", err=True)
        raise typer.Exit(_BAD_INPUT) from None
    _show(checks, as_json=as_json)


def _run(wanted: Wanted) -> "list[Checked]":
    from apps.verify.assembling import run_verification  # noqa: PLC0415 - heavy; not for --help

    return asyncio.run(run_verification(wanted=wanted))


def _show(checks: "Sequence[Checked]", *, as_json: bool) -> None:
    from rich.console import Console  # noqa: PLC0415 - heavy; not needed for --help

    from apps.verify import view  # noqa: PLC0415 - heavy; not needed for --help

    bad = view.first_bad(checks=checks)
    if as_json:
        typer.echo(json.dumps(view.as_json(checks=checks), ensure_ascii=False, indent=2))
    else:
        Console().print(view.verdict_table(checks=checks))
    if bad is not None:
        typer.echo(f"meqenet verify: the first bad record is in {bad}", err=True)
        raise typer.Exit(_BROKEN)


def _print_public_key() -> None:
    import base64  # noqa: PLC0415 - of this option only

    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - heavy
        Ed25519PrivateKey,
    )

    from workers.settings import Settings, read  # noqa: PLC0415 - of this option only

    key_id, key = read(Settings).anchor_signing()
    public = Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()
    typer.echo(json.dumps({key_id: base64.b64encode(public).decode("ascii")}))


def _domains(text: str) -> list[Domain]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = sorted(set(names) - set(DOMAINS))
    if unknown or not names:
        raise _refusal(
            f"--domains: no such domain: {', '.join(unknown) or '(none)'}; "
            f"there are {', '.join(DOMAINS)}"
        )
    return [domain for domain in DOMAINS if domain in names]


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _refusal("--since: must be an instant like 2026-11-23T09:30:00Z") from None
    if at.tzinfo is None:
        raise _refusal("--since: needs a time zone, like 2026-11-23T09:30:00Z")
    return at


def _files(given: Sequence[str]) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for text in given:
        provider, separator, name = text.partition("=")
        if not separator or provider not in _PROVIDERS:
            raise _refusal(f"--statements: must be PROVIDER=FILE, of {', '.join(_PROVIDERS)}")
        if not Path(name).is_file():
            raise _refusal(f"--statements: there is no file {name}")
        files[provider] = Path(name)
    return files


def _refusal(text: str) -> Refusal:
    return Refusal("input_invalid", text, mender=Mender.MEQENET)
