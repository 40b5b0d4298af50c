"""The command ``meqenet sandbox``: one provider's sandbox, alone."""

import importlib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from apps.sandboxes.kernel.serve import Sandbox, serve


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
    """Add ``sandbox`` to a command line."""

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
        try:
            serve(sandbox=built, port=port, json_line=as_json)
        except OSError as error:
            typer.echo(f"sandbox: port {port} cannot be used: {error.strerror}", err=True)
            raise typer.Exit(code=1) from error
