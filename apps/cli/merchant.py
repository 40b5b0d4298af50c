"""The command ``meqenet merchant``: take merchants on; what one does of its own webhook."""

import asyncio
import secrets
from typing import Annotated, Final, NoReturn

import typer

from apps.cli import merchant_payouts, merchant_terms, merchant_webhooks
from meqenet.errors import Defect
from meqenet.settlement.transfer import PayoutAccount

_WHERE_SETTINGS_COME_FROM: Final = (
    "Run `meqenet up` in this checkout, or name the credentials file that it prints in "
    "MEQENET_ENV_FILE."
)


def register(*, app: typer.Typer) -> None:
    """Add ``merchant`` to a command line."""
    merchant_app = typer.Typer(help="Merchants: terms, API keys, payouts.", no_args_is_help=True)
    merchant_app.command("add")(add)
    merchant_app.command("terms")(merchant_terms.terms)
    for name, command in {**merchant_webhooks.COMMANDS, **merchant_payouts.COMMANDS}.items():
        merchant_app.command(name)(command)
    app.add_typer(merchant_app, name="merchant")

    @merchant_app.callback()
    def root() -> None:
        """Merchants, their API keys and webhooks."""


def add(
    *,
    handle: Annotated[str, typer.Argument(help="A short name of your own; it makes the id.")],
    name: Annotated[str, typer.Option(help="The name that customers see.")],
    bic: Annotated[str, typer.Option(help="The payout bank's BIC.")] = "CBETETAA",
    account: Annotated[str, typer.Option(help="The payout account.")] = "1000000000000",
    webhook_url: Annotated[str | None, typer.Option(help="Where notices are sent.")] = None,
    webhook_secret: Annotated[
        str | None, typer.Option(help="Standard Webhooks secret, whsec_….")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="A live key; a test key without.")] = False,
) -> None:
    """Take a merchant on and print its id and API key. The key is shown this once."""
    from temporalio.client import WorkflowFailureError  # noqa: PLC0415 - heavy; not for --help

    from workers.connecting import temporal_client  # noqa: PLC0415 - the same
    from workers.onboarding import NewMerchant, Onboarded, onboard  # noqa: PLC0415 - the same
    from workers.opening import Environment, utc_now  # noqa: PLC0415 - the same

    merchant = NewMerchant(
        handle=handle,
        name=name,
        account=PayoutAccount(bic=bic, account_number=account, account_name=name),
        webhook_url=webhook_url,
        webhook_secret=webhook_secret,
        sandbox=not live,
    )

    async def run() -> Onboarded:
        client = await temporal_client(settings=Environment().settings)
        return await onboard(
            client=client, merchant=merchant, at=utc_now(), randomness=secrets.token_bytes
        )

    try:
        onboarded = asyncio.run(run())
    except WorkflowFailureError as error:
        _refuse(str(error.cause))
    except Defect as defect:
        _refuse(f"{defect.text}. {_WHERE_SETTINGS_COME_FROM}")
    except RuntimeError as error:
        # The SDK's own error of a Temporal server that cannot be reached.
        _refuse(f"the Temporal server does not answer ({error}). {_WHERE_SETTINGS_COME_FROM}")
    typer.echo(f"merchant  {onboarded.merchant_id}\napi key   {onboarded.api_key}")


def _refuse(text: str) -> NoReturn:
    typer.echo(f"meqenet merchant add: {text}", err=True)
    raise typer.Exit(1)
