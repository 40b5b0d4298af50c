"""Plans lived a second, from checkout to completion, beside workflows that do nothing."""

import asyncio
import secrets

import httpx
from rich.console import Console

from apps.bench.rates import Rate, rate_table, timed
from apps.bench.running import empty_workflows, in_turns, measured_running
from apps.demo.customer import Customer
from apps.demo.shop import Purchase, Shop
from apps.runtime.addresses import Running
from apps.sandboxes.fayda.people import WELL_KNOWN_PEOPLE
from meqenet.settlement.transfer import PayoutAccount
from workers.connecting import temporal_client
from workers.onboarding import NewMerchant, onboard
from workers.opening import Environment, utc_now

_PLANS = 40
_AT_ONCE = 8
_ADULTS = ("abebe", "almaz", "chaltu", "dawit", "hana", "mohammed", "tigist", "yonas")


async def measure() -> list[Rate]:
    """Run everything, and check shoppers out as fast as they go through."""
    return await measured_running(measure=_measure)


async def _measure(running: Running) -> list[Rate]:
    environment = Environment(values=running.environment)
    client = await temporal_client(settings=environment.settings)
    idle = await empty_workflows(client=client, at_once=_AT_ONCE)
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
            work=lambda: in_turns(
                count=_PLANS,
                at_once=_AT_ONCE,
                deed=lambda number: _check_out(shop, controls, number),
            ),
            baseline=idle,
        )
    return [idle, plans]


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
