"""The demo from beginning to end: everything up, the scenario, the closing table."""

import asyncio
import secrets
from collections.abc import Mapping

import httpx
from rich.console import Console
from rich.live import Live

from apps.demo.cast import SHOPS
from apps.demo.closing import closing_table, compare, read_books
from apps.demo.shop import Shop
from apps.demo.stage import Stage
from apps.demo.view import stage_table
from apps.runtime.addresses import Running
from apps.runtime.up import UpOptions, run_up
from db.ledger.views import trial_balance
from meqenet.settlement.transfer import PayoutAccount
from workers.connecting import temporal_client
from workers.onboarding import NewMerchant, onboard
from workers.opening import Environment, database, utc_now

_REFRESH_PER_SECOND = 8
_HTTP_SECONDS_MAX = 60
_ACCOUNTS = {
    "addis-electronics": PayoutAccount(
        bic="CBETETAA", account_number="1000123456789", account_name="Addis Electronics"
    ),
    "merkato-fashion": PayoutAccount(
        bic="DASHETAA", account_number="5000987654321", account_name="Merkato Fashion"
    ),
}


async def run_demo(*, console: Console, keep: bool) -> bool:
    """Play the demo on an ephemeral runtime; True when all books are equal.

    ``keep`` leaves everything running at the end until Ctrl-C, for a look at the Temporal UI.
    """
    verdict: list[bool] = []

    async def play(running: Running) -> None:
        verdict.append(await _play(running, console=console))
        if keep:
            console.print(
                f"\nStill running: Temporal UI {running.temporal_ui_url}, API "
                f"{running.api_url}/docs. Ctrl-C stops everything."
            )
            await asyncio.Event().wait()

    options = UpOptions(
        ephemeral=True,
        automatic_ports=True,
        tell=lambda said: console.print(said, style="dim", markup=False, soft_wrap=True),
    )
    await run_up(options=options, on_ready=play)
    return all(verdict)


async def _play(running: Running, *, console: Console) -> bool:
    environment = Environment(values=running.environment)
    timeout = httpx.Timeout(_HTTP_SECONDS_MAX)
    async with httpx.AsyncClient(timeout=timeout) as http:
        controls = {name: box.control_url for name, box in running.sandboxes.items()}
        with Live(console=console, refresh_per_second=_REFRESH_PER_SECOND) as live:
            stage = Stage(
                http=http,
                shops=await _open_shops(environment, http=http, api_url=running.api_url),
                controls=controls,
                started_at=utc_now(),
                show=lambda: live.update(
                    stage_table(scenes=stage.scenes, now=stage.now, said=stage.said)
                ),
            )
            await stage.play()
        return await _close(stage, environment, controls=controls, console=console)


async def _open_shops(
    environment: Environment, *, http: httpx.AsyncClient, api_url: str
) -> dict[str, Shop]:
    client = await temporal_client(settings=environment.settings)
    shops = {}
    for handle, name in SHOPS.items():
        merchant = NewMerchant(handle=handle, name=name, account=_ACCOUNTS[handle])
        onboarded = await onboard(
            client=client, merchant=merchant, at=utc_now(), randomness=secrets.token_bytes
        )
        shops[handle] = Shop(http, api_url, onboarded.merchant_id, onboarded.api_key)
    return shops


async def _close(
    stage: Stage, environment: Environment, *, controls: Mapping[str, str], console: Console
) -> bool:
    books = [
        await read_books(http=stage.http, provider=name, control_url=controls[name])
        for name in ("telebirr", "mpesa", "bank")
    ]
    ledger = database(settings=environment.settings, domain="ledger")
    try:
        async with ledger.read() as session:
            compared = await compare(session=session, books=books)
            trial = await trial_balance(session=session)
    finally:
        await ledger.dispose()
    console.print()
    console.print(closing_table(scenes=stage.scenes, trial=trial, compared=compared))
    surprises = [scene for scene in stage.scenes if not scene.ended_as_meant]
    for scene in surprises:
        console.print(f"{scene.part.shopper}'s plan did not end as it was meant to", style="red")
    balanced = trial.debit == trial.credit and all(line.equal for line in compared)
    return balanced and not surprises
