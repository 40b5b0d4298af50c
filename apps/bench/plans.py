"""Plans lived a second, from checkout to completion, beside workflows that do nothing."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

import httpx
from rich.console import Console
from temporalio.client import Client
from temporalio.worker import Worker

from apps.bench.idle_workflow import IdleWorkflow
from apps.bench.rates import Rate, rate_table, timed
from apps.demo.customer import Customer
from apps.demo.shop import Purchase, Shop
from apps.runtime.addresses import Running
from apps.runtime.up import UpOptions, run_up
from apps.sandboxes.fayda.people import WELL_KNOWN_PEOPLE
from meqenet.settlement.transfer import PayoutAccount
from workers.connecting import temporal_client
from workers.onboarding import NewMerchant, onboard
from workers.opening import Environment, utc_now

_PLANS = 40
_AT_ONCE = 8
_IDLE = 200
_IDLE_QUEUE = "idle"
_ADULTS = ("abebe", "almaz", "chaltu", "dawit", "hana", "mohammed", "tigist", "yonas")


async def measure() -> list[Rate]:
    """Run everything, and check shoppers out as fast as they go through."""
    rates: list[Rate] = []

    async def run(running: Running) -> None:
        rates.extend(await _measure(running))

    options = UpOptions(ephemeral=True, automatic_ports=True, tell=lambda _said: None)
    await run_up(options=options, on_ready=run)
    return rates


async def _measure(running: Running) -> list[Rate]:
    environment = Environment(values=running.environment)
    client = await temporal_client(settings=environment.settings)
    async with Worker(client, task_queue=_IDLE_QUEUE, workflows=[IdleWorkflow]):
        idle = await timed(
            "empty workflows",
            count=_IDLE,
            work=lambda: _in_turns(_IDLE, lambda n: _idle(client, n)),
        )
    account = PayoutAccount(bic="CBETETAA", account_number="1000123456789", account_name="Bench")
    onboarded = await onboard(
        client=client,
        merchant=NewMerchant(handle="bench", name="Bench", account=account),
        at=utc_now(),
        randomness=secrets.token_bytes,
    )
    async with httpx.AsyncClient(timeout=60) as http:
        shop = Shop(http, running.api_url, onboarded.merchant_id, onboarded.api_key)
        controls = {name: box.control_url for name, box in running.sandboxes.items()}
        plans = await timed(
            "pay_in_full: checkout to activation",
            count=_PLANS,
            work=lambda: _in_turns(_PLANS, lambda n: _check_out(shop, controls, n)),
            baseline=idle,
        )
    return [idle, plans]


async def _in_turns(count: int, deed: Callable[[int], Awaitable[None]]) -> None:
    doors = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> None:
        async with doors:
            await deed(number)

    await asyncio.gather(*(one(number) for number in range(count)))


async def _idle(client: Client, number: int) -> None:
    await client.execute_workflow(IdleWorkflow.run, id=f"idle-{number}", task_queue=_IDLE_QUEUE)


async def _check_out(shop: Shop, controls: dict[str, str], number: int) -> None:
    person = WELL_KNOWN_PEOPLE[_ADULTS[number % len(_ADULTS)]]
    customer = Customer(shop.http, controls, person.number, "251700000000")
    plan = await shop.apply(
        Purchase(
            reference=f"bench-{number}",
            option="pay_in_full",
            amount="100.00",
            description="goods",
            fayda_number=person.number,
            provider="mpesa",
            phone=customer.phone,
        )
    )
    await customer.log_in(plan["next_action"])
    await shop.until(plan["id"], lambda found: found["state"] == "offered")
    await shop.accept(plan["id"])
    await shop.until(plan["id"], lambda found: found["state"] == "active")


if __name__ == "__main__":
    Console().print(rate_table(title="Plans", rates=asyncio.run(measure())))
