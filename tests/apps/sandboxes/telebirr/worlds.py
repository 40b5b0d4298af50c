"""The client against the sandbox over real HTTP, and a merchant's server that takes callbacks."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from apps.sandboxes.kernel.serve import RunningSandbox, running
from apps.sandboxes.telebirr.app import create
from integrations.telebirr.client import TelebirrClient
from integrations.telebirr.settings import TelebirrSettings
from integrations.telebirr.signing import fresh_nonce
from meqenet.identity import attempt_id, contract_number, installment_id, plan_id
from meqenet.money import Money
from meqenet.payments.rail import CheckoutOpened, DebitMandate, MandateTerms, OpenCheckout
from workers.settings import read

PIN = "123456"
PAYER = "251900000000"
_COUNTER = itertools.count(1)


def fresh_plan() -> str:
    return plan_id(merchant_id="mrc_test", reference=f"cart-{next(_COUNTER)}")


def fresh_order(plan: str | None = None, *, installment: int = 1, attempt: int = 1) -> str:
    installment_of_plan = installment_id(plan_id=plan or fresh_plan(), number=installment)
    return attempt_id(installment_id=installment_of_plan, number=attempt)


@dataclass
class HandClock:
    """A clock that stands still until it is moved."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: int) -> None:
        self.now += timedelta(**by)


@dataclass
class Inbox:
    """A merchant's callback endpoint."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def of(self, merch_order_id: str, *, count: int = 1) -> list[bytes]:
        """The callbacks about an order, once there are so many."""

        def mine() -> list[bytes]:
            return [body for body in self.bodies if merch_order_id.encode() in body]

        async with asyncio.timeout(10), self.arrived:
            await self.arrived.wait_for(lambda: len(mine()) >= count)
        return mine()


@dataclass
class World:
    """A running sandbox and a client of it."""

    place: RunningSandbox
    settings: TelebirrSettings
    client: TelebirrClient
    http: httpx.AsyncClient
    inbox: Inbox
    clock: HandClock

    async def control(self, method: str, path: str, **body: object) -> Any:  # noqa: ANN401 - JSON of any shape
        answer = await self.http.request(
            method, f"{self.place.control_url}{path}", json=body or None
        )
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def plan_fault(self, outcome: str, **more: object) -> None:
        await self.control("POST", "/next", outcome=outcome, **more)

    async def open(
        self,
        order_id: str,
        *,
        plan: str | None = None,
        amount: str = "250.00",
        return_url: str | None = None,
        expires_minutes: int = 30,
    ) -> CheckoutOpened:
        terms = None
        if plan is not None:
            terms = MandateTerms(
                contract_no=contract_number(plan_id=plan), first_debit_on=date(2026, 12, 6)
            )
        request = OpenCheckout(
            order_id=order_id,
            amount=Money.from_birr(amount),
            title="Shoes and a bag",
            return_url=return_url,
            expires_minutes=expires_minutes,
            mandate=terms,
        )
        return await self.client.open_checkout(request=request)

    async def pay(
        self, opened: CheckoutOpened, *, msisdn: str = PAYER, pin: str = PIN
    ) -> dict[str, Any]:
        paid: dict[str, Any] = await self.control(
            "POST", "/superapp/pay", raw_request=opened.raw_request, msisdn=msisdn, pin=pin
        )
        return paid

    async def paid(
        self, *, plan: str | None = None, msisdn: str = PAYER, amount: str = "250.00"
    ) -> str:
        """A fresh order that has been paid, with its mandate signed if it is for a plan."""
        order_id = fresh_order(plan)
        opened = await self.open(order_id, plan=plan, amount=amount)
        assert (await self.pay(opened, msisdn=msisdn))["result"] == "success"
        return order_id

    async def signed(self, plan: str, *, msisdn: str = PAYER) -> str:
        """A mandate that the customer has signed by its link."""
        contract_no = contract_number(plan_id=plan)
        link = self.client.mandate_link(contract_no=contract_no)
        await self.control("POST", "/superapp/sign", link=link, msisdn=msisdn, pin=PIN)
        return contract_no

    async def balance(self, msisdn: str = PAYER) -> Money:
        wallet = await self.control("GET", f"/wallets/{msisdn}")
        return Money.from_birr(wallet["balance"])

    async def books(self) -> dict[str, Money]:
        books = await self.control("GET", "/books")
        return {account: Money.from_birr(amount) for account, amount in books.items()}


def debit_of(plan: str, *, installment: int = 2, amount: str = "250.00") -> DebitMandate:
    return DebitMandate(
        order_id=fresh_order(plan, installment=installment),
        contract_no=contract_number(plan_id=plan),
        amount=Money.from_birr(amount),
        title="Installment 2 of 4",
    )


def settings_of(place: RunningSandbox, *, notify_url: str, **changes: str) -> TelebirrSettings:
    """The settings as a process reads them, from nothing but the sandbox's own line."""
    values = {"base_url": place.base_url, "notify_url": notify_url, **place.credentials, **changes}
    environment = {f"MEQENET_TELEBIRR_{name.upper()}": value for name, value in values.items()}
    return read(TelebirrSettings, environment=environment)


async def run_world(*, inbox: Inbox, strict: bool = False, **changes: str) -> AsyncIterator[World]:
    clock = HandClock(now=datetime(2026, 11, 22, 9, tzinfo=UTC))
    sandbox = create(directory=None, strict=strict, clock=clock)
    async with (
        running(sandbox=sandbox) as place,
        httpx.AsyncClient(trust_env=False, timeout=10) as http,
    ):
        settings = settings_of(place, notify_url=inbox.url, **changes)
        client = TelebirrClient(settings=settings, http=http, clock=clock, nonce=fresh_nonce)
        yield World(
            place=place, settings=settings, client=client, http=http, inbox=inbox, clock=clock
        )
