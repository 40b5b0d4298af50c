"""The whole of Meqenet as `meqenet up` starts it, on real parts, once for all journeys."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest_asyncio
from temporalio.client import Client

from apps.demo.customer import Customer
from apps.demo.shop import Purchase, Shop
from apps.runtime.addresses import Running
from apps.runtime.backing import remove_backing, temporary_directory
from apps.runtime.up import UpOptions, run_up
from apps.sandboxes.fayda.people import WELL_KNOWN_PEOPLE
from db.kernel.engine import Database
from meqenet.kyc.numbers import verhoeff_digit
from meqenet.settlement.transfer import PayoutAccount
from tests.event_shapes import faults_in
from workers.connecting import temporal_client
from workers.onboarding import NewMerchant, onboard
from workers.opening import Environment, database
from workers.settings import DOMAINS, Domain

TERMS_SINCE = datetime(2026, 11, 2, tzinfo=UTC)
CLOCK_STARTS_AT = datetime(2026, 12, 1, 9, tzinfo=UTC)
"""Noon of a Tuesday in Addis Ababa: what is due that day has been collected."""
PROVIDER_PREFIX = {"telebirr": "2519", "mpesa": "2517"}


@asynccontextmanager
async def whole_runtime() -> AsyncIterator[Running]:
    """Everything up, each part a process of its own; nothing left afterwards.

    Its data is kept while it runs: servers are killed and come back with what they had.
    """
    up: asyncio.Future[Running] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def hold(found: Running) -> None:
        up.set_result(found)
        await done.wait()

    directory = temporary_directory()
    options = UpOptions(data=directory, automatic_ports=True, tell=lambda _said: None)
    life = asyncio.create_task(run_up(options=options, on_ready=hold))
    try:
        both: set[asyncio.Future[Any]] = {life, up}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if life.done():
            await life
        yield await up
        done.set()
        await life
    finally:
        remove_backing(directory=directory)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running() -> AsyncIterator[Running]:
    """A runtime once for all journeys."""
    async with whole_runtime() as found:
        yield found
        faults = await _events_unlike_their_schemas(found)
    assert faults == [], "what was written on the way is not what docs/events says"


async def _events_unlike_their_schemas(running: Running) -> list[str]:
    settings = Environment(values=running.environment).settings
    stores: dict[str, Database] = {
        domain: database(settings=settings, domain=domain) for domain in DOMAINS
    }
    faults = await faults_in(stores)
    for store in stores.values():
        await store.dispose()
    return faults


@dataclass
class Town:
    """A merchant and its customers, with what a test does in their names."""

    running: Running
    http: httpx.AsyncClient
    shop: Shop
    temporal: Client
    unique: str
    phones: int = 0
    clocks: int = 0
    stores: dict[Domain, Database] = field(default_factory=dict)

    def store(self, domain: Domain) -> Database:
        """A domain's store of the running system, under the domain's own role, opened once."""
        if domain not in self.stores:
            settings = Environment(values=self.running.environment).settings
            self.stores[domain] = database(settings=settings, domain=domain)
        return self.stores[domain]

    async def close(self) -> None:
        """Close the stores that were opened."""
        for store in self.stores.values():
            await store.dispose()

    @property
    def controls(self) -> dict[str, str]:
        return {name: box.control_url for name, box in self.running.sandboxes.items()}

    async def customer(
        self, *, provider: str, person: str | None = None, balance: str = "60000.00"
    ) -> Customer:
        """A well-known person, or someone unknown to every other test, with a wallet."""
        self.phones += 1
        digits = int(self.unique, 16) % 10**6
        phone = f"{PROVIDER_PREFIX[provider]}{digits:06d}{self.phones:02d}"
        fan = WELL_KNOWN_PEOPLE[person].number if person else await self._enrol()
        customer = Customer(self.http, self.controls, fan, phone)
        await customer.open_wallet(provider=provider, name="Test", balance=balance)
        return customer

    async def _enrol(self) -> str:
        body = f"7{int(self.unique, 16) % 10**12:012d}{self.phones:02d}"
        fan = body + verhoeff_digit(digits=body)
        person = {"fan": fan, "name": "Test Customer", "birthdate": "1990-05-14"}
        enrolled = await self.http.post(f"{self.controls['fayda']}/people", json=person)
        enrolled.raise_for_status()
        return fan

    def purchase(
        self,
        customer: Customer,
        option: str,
        *,
        amount: str = "4000.00",
        count: int | None = None,
        clock: str | None = None,
    ) -> Purchase:
        provider = "telebirr" if customer.phone.startswith("2519") else "mpesa"
        return Purchase(
            reference=f"{self.unique}-{customer.phone[-2:]}-{option}",
            option=option,
            amount=amount,
            description="goods",
            fayda_number=customer.fan,
            provider=provider,
            phone=customer.phone,
            installment_count=count,
            test_clock=clock,
        )

    async def offered(self, customer: Customer, purchase: Purchase) -> str:
        """Apply and log in; the plan's id."""
        plan = await self.shop.apply(purchase)
        await customer.log_in(plan["next_action"])
        await self.shop.until(plan["id"], lambda found: found["state"] == "offered")
        return str(plan["id"])

    async def active(self, customer: Customer, purchase: Purchase) -> str:
        """Go through the whole checkout; the plan's id."""
        plan_id = await self.offered(customer, purchase)
        await self.shop.accept(plan_id)
        await self.pay(customer, plan_id)
        await self.shop.until(plan_id, lambda found: found["state"] == "active")
        return plan_id

    async def pay(self, customer: Customer, plan_id: str) -> None:
        """Do what the checkout asks for, if anything."""
        plan = await self.shop.until(
            plan_id, lambda found: bool(found["next_action"]) or found["state"] == "active"
        )
        if plan["next_action"]:
            await customer.pay(plan["next_action"])

    async def clock(self) -> str:
        """A test clock that begins at a set instant, so that no weekday or hour is chance."""
        self.clocks += 1
        name = f"{self.unique}-{self.clocks}"
        return await self.shop.new_clock(name=name, now=CLOCK_STARTS_AT)

    async def days_pass(self, clock: str, *, days: int) -> datetime:
        """Advance the clock and wait until it is ready."""
        found = await self.http.get(
            f"{self.shop.api_url}/v1/test-clocks/{clock}",
            headers={"Authorization": f"Bearer {self.shop.api_key}"},
        )
        to = datetime.fromisoformat(found.json()["now"]) + timedelta(days=days)
        await self.shop.advance(clock, to=to)
        return to

    async def wallet(self, customer: Customer, provider: str) -> str:
        """The balance of a customer's wallet, by the provider's books."""
        found = await self.http.get(f"{self.controls[provider]}/wallets/{customer.phone}")
        return str(found.json()["balance"])

    async def statement(self, provider: str, customer: Customer) -> list[dict[str, Any]]:
        """Payments from a customer's wallet, by the provider's books."""
        found = await self.http.get(f"{self.controls[provider]}/statement")
        account = f"wallet:{customer.phone}"
        return [row for row in found.json() if row["debit"] == account]

    async def fault(self, provider: str, **planned: object) -> None:
        """Have the provider's sandbox misbehave."""
        answer = await self.http.post(f"{self.controls[provider]}/next", json=planned)
        answer.raise_for_status()


@asynccontextmanager
async def _town(running: Running, unique: str) -> AsyncIterator[Town]:
    environment = Environment(values=running.environment)
    client = await temporal_client(settings=environment.settings)
    account = PayoutAccount(
        bic="CBETETAA", account_number=f"{int(unique, 16) % 10**13:013d}", account_name="Shop"
    )
    onboarded = await onboard(
        client=client,
        merchant=NewMerchant(handle=unique, name="Shop", account=account),
        at=TERMS_SINCE,
        randomness=secrets.token_bytes,
    )
    async with httpx.AsyncClient(timeout=60) as http:
        shop = Shop(http, running.api_url, onboarded.merchant_id, onboarded.api_key)
        town = Town(running=running, http=http, shop=shop, temporal=client, unique=unique)
        yield town
        await town.close()


@pytest_asyncio.fixture(loop_scope="session")
async def town(running: Running, unique: str) -> AsyncIterator[Town]:
    """A merchant of the test's own in the running system."""
    async with _town(running, unique) as found:
        yield found


@dataclass(frozen=True, kw_only=True)
class FourInstallments:
    """A plan whose second payment of four finds an empty wallet, and is paid on the next day.

    Its customer reads e-mail too. The answers to the first text message and to the first e-mail
    are lost after the provider of messages has taken them.

    Attributes:
        failed: the plan on the day of the second payment.
        mended: on the next day.
        ended: when all is paid.
    """

    town: Town
    customer: Customer
    mailbox: str
    plan_id: str
    failed: dict[str, Any]
    mended: dict[str, Any]
    ended: dict[str, Any]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def four_installments(running: Running) -> AsyncIterator[FourInstallments]:
    """Lived once for all who look at what it has left behind."""
    async with _town(running, secrets.token_hex(8)) as town:
        customer = await town.customer(provider="telebirr")
        clock = await town.clock()
        mailbox = f"{town.unique}@example.com"
        purchase = town.purchase(customer, "pay_in_4", clock=clock)
        plan_id = await town.active(customer, replace(purchase, email=mailbox))
        for reader in (f"+{customer.phone}", mailbox):
            await town.fault(
                "messages",
                operation="send_message",
                outcome="timeout_after_commit",
                subject=reader,
            )
        await customer.set_balance(provider="telebirr", amount="0.00")
        await town.days_pass(clock, days=14)
        failed = await town.shop.plan(plan_id)
        await customer.set_balance(provider="telebirr", amount="5000.00")
        await town.days_pass(clock, days=1)
        mended = await town.shop.plan(plan_id)
        await town.days_pass(clock, days=28)
        yield FourInstallments(
            town=town,
            customer=customer,
            mailbox=mailbox,
            plan_id=plan_id,
            failed=failed,
            mended=mended,
            ended=await town.shop.plan(plan_id),
        )
