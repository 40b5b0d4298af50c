"""The commands ``meqenet sandbox``, one provider alone, and ``sandboxes``, all in one process."""

import importlib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from apps.sandboxes.kernel.serve import CannotListen, Sandbox, serve

_LARGEST_PORT: Final = 65_535


class Provider(StrEnum):
    """Providers that have a sandbox."""

    TELEBIRR = "telebirr"
    """Wallet of Ethio telecom (Fabric gateway)."""
    MPESA = "mpesa"
    """Wallet of Safaricom Ethiopia."""
    FAYDA = "fayda"
    """National identity (eSignet OIDC)."""
    BANK = "bank"
    """Credit transfers to merchants' accounts."""
    MESSAGES = "messages"
    """Text messages and e-mails to customers."""


def create(*, provider: Provider, directory: Path | None, strict: bool) -> Sandbox:
    """Build one provider's sandbox; only its own package is imported."""
    module = importlib.import_module(f"apps.sandboxes.{provider.value}.app")
    sandbox = module.create(directory=directory, strict=strict)
    if not isinstance(sandbox, Sandbox):
        raise TypeError(f"{module.__name__}.create: gave no Sandbox")
    return sandbox


def register(*, app: typer.Typer) -> None:
    """Add ``sandbox`` and ``sandboxes`` to a command line."""

    @app.command(name="sandbox")
    def sandbox(
        provider: Annotated[Provider, typer.Argument(help="Which provider.")],
        port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes any free one.")] = 0,
        *,
        as_json: Annotated[
            bool, typer.Option("--json", help="Print base URL and test credentials on one line.")
        ] = False,
        strict: Annotated[
            bool, typer.Option("--strict", help="Refuse what the provider's documents refuse.")
        ] = False,
        data: Annotated[
            Path | None, typer.Option(help="Keep wallets, orders and keys in this directory.")
        ] = None,
    ) -> None:
        """Run one provider's sandbox until it is stopped."""
        built = create(provider=provider, directory=data, strict=strict)
        _serve([(built, port)], as_json=as_json)

    app.command(name="sandboxes")(sandboxes)


def sandboxes(
    *,
    ports: Annotated[
        list[str] | None,
        typer.Option(
            "--port",
            metavar="PROVIDER=N",
            help="A provider's port on 127.0.0.1; without it any free one. May be repeated.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print base URL and test credentials, a line for each.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse what the providers' documents refuse.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(help="Keep each one's data in a directory of its name in this directory."),
    ] = None,
) -> None:
    """Run all providers' sandboxes in one process until it is stopped."""
    chosen = _chosen(ports or [])
    built = [
        (
            create(
                provider=provider,
                directory=data / provider.value if data else None,
                strict=strict,
            ),
            chosen.get(provider, 0),
        )
        for provider in Provider
    ]
    _serve(built, as_json=as_json)


def _chosen(words: Sequence[str]) -> dict[Provider, int]:
    chosen: dict[Provider, int] = {}
    for word in words:
        name, _, number = word.partition("=")
        if name not in set(Provider) or not number.isdecimal() or int(number) > _LARGEST_PORT:
            raise typer.BadParameter(
                f"{word!r} is not PROVIDER=N, with a port up to {_LARGEST_PORT}; "
                f"providers are {', '.join(Provider)}",
                param_hint="--port",
            )
        chosen[Provider(name)] = int(number)
    return chosen


def _serve(chosen: Sequence[tuple[Sandbox, int]], *, as_json: bool) -> None:
    try:
        serve(sandboxes=chosen, json_line=as_json)
    except CannotListen as problem:
        typer.echo(f"sandbox: {problem}", err=True)
        raise typer.Exit(code=1) from problem
