"""The command ``meqenet mpesa``: what our short code needs at M-PESA, and a payment to try it."""

import asyncio
from typing import Annotated

import typer

from apps.cli.reading import end

_COMMAND = "mpesa register-pay-bill"


def register(*, app: typer.Typer) -> None:
    """Add ``mpesa`` to a command line."""
    mpesa_app = typer.Typer(help="Our short code at M-PESA.", no_args_is_help=True)
    mpesa_app.command("register-pay-bill")(register_addresses)
    mpesa_app.command("simulate-pay-bill")(simulate)
    app.add_typer(mpesa_app, name="mpesa")

    @mpesa_app.callback()
    def root() -> None:
        """Our short code at M-PESA."""


def register_addresses() -> None:
    """Tell M-PESA, once per short code, where it asks and tells us of pay-bill payments."""
    import httpx  # noqa: PLC0415 - heavy; not for --help

    from integrations.mpesa.registration import register_pay_bill  # noqa: PLC0415 - the same
    from integrations.mpesa.settings import MpesaSettings  # noqa: PLC0415 - the same
    from meqenet.errors import MeqenetError  # noqa: PLC0415 - the same
    from workers.opening import Environment  # noqa: PLC0415 - the same

    async def run() -> bool:
        async with httpx.AsyncClient() as http:
            settings = Environment().read(MpesaSettings)
            return await register_pay_bill(settings=settings, http=http)

    try:
        is_new = asyncio.run(run())
    except MeqenetError as error:
        end(command=_COMMAND, text=str(error))
    if is_new:
        typer.echo("registered: customers may pay to the short code with their plan's number")
    else:
        typer.echo("addresses are registered already; only M-PESA's staff can change them")


def simulate(
    *,
    plan: Annotated[str, typer.Argument(help="The plan's id, or its number.", metavar="PLAN")],
    amount: Annotated[str, typer.Argument(help="In birr.")],
    phone: Annotated[str, typer.Option(help="Who pays: 2517…")] = "251700000000",
) -> None:
    """Have a customer of the sandbox pay to our short code. A live gateway knows no such thing."""
    import httpx  # noqa: PLC0415 - heavy; not for --help

    from integrations.mpesa.settings import MpesaSettings  # noqa: PLC0415 - the same
    from integrations.mpesa.token import TokenSource  # noqa: PLC0415 - the same
    from meqenet.errors import MeqenetError  # noqa: PLC0415 - the same
    from workers.opening import Environment, utc_now  # noqa: PLC0415 - the same

    async def run() -> httpx.Response:
        settings = Environment().read(MpesaSettings)
        async with httpx.AsyncClient(timeout=settings.timeout()) as http:
            token = await TokenSource(settings=settings, http=http, clock=utc_now).token()
            return await http.post(
                f"{settings.base_url}/mpesa/b2c/simulatetransaction/v1/request",
                headers={"Authorization": f"Bearer {token}"},
                json={
                    "CommandID": "CustomerPayBillOnline",
                    "Amount": amount,
                    "Msisdn": phone,
                    "BillRefNumber": plan.removeprefix("pln_")[:12].upper(),
                    "ShortCode": settings.short_code,
                },
            )

    try:
        answer = asyncio.run(run())
    except MeqenetError as error:
        end(command="mpesa simulate-pay-bill", text=str(error))
    except httpx.RequestError as error:
        end(
            command="mpesa simulate-pay-bill",
            text=f"M-PESA cannot be reached: {type(error).__name__}",
        )
    told = answer.json()
    if told.get("ResponseCode") != "0":
        code = told.get("ResponseCode") or told.get("errorCode")
        text = told.get("ResponseDescription") or told.get("errorMessage")
        end(command="mpesa simulate-pay-bill", text=f"refused with {code}: {text}")
    typer.echo(f"paid {amount} birr; the plan takes it once M-PESA has confirmed its receipt")
