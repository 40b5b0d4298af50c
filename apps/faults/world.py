"""The running house, a shop in it, and who shops there."""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx
from temporalio.client import Client

from apps.demo.customer import Customer
from apps.demo.shop import Shop
from apps.faults.patience import PatientTransport
from apps.runtime.addresses import Running
from db.kernel.engine import Database
from meqenet.kyc.numbers import verhoeff_digit
from meqenet.payments.rail import WalletProvider
from meqenet.settlement.transfer import PayoutAccount
from workers.connecting import temporal_client
from workers.onboarding import NewMerchant, onboard
from workers.opening import Environment, database

BALANCE: Final = "60000.00"
"""What every wallet has at first, in birr."""
_TERMS_SINCE: Final = datetime(2026, 11, 2, tzinfo=UTC)
_PREFIX: Final = {WalletProvider.TELEBIRR: "2519", WalletProvider.MPESA: "2517"}
_HTTP_SECONDS_MAX: Final = 30
_POLL_MS: Final = 300
_WAIT_SECONDS_MAX: Final = 150
"""A step of a life may meet a fault of the house, and a provider's gate that opens slowly."""
_FAN_DIGITS: Final = 15
_SUFFIX_DIGITS: Final = 8


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything that lives need. ``number`` tells this run's customers from all others."""

    running: Running
    http: httpx.AsyncClient
    shop: Shop
    temporal: Client
    payments: Database
    ledger: Database
    number: int

    @property
    def controls(self) -> Mapping[str, str]:
        """Each sandbox's control URL."""
        return {name: box.control_url for name, box in self.running.sandboxes.items()}

    async def customer(self, *, seed: int, provider: WalletProvider) -> Customer:
        """Somebody whom nobody has seen before, with a filled wallet."""
        suffix = (self.number + seed) % 10**_SUFFIX_DIGITS
        phone = f"{_PREFIX[provider]}{suffix:0{_SUFFIX_DIGITS}d}"
        body = f"7{suffix:0{_FAN_DIGITS - 1}d}"
        fan = body + verhoeff_digit(digits=body)
        person = {"fan": fan, "name": "Test Customer", "birthdate": "1990-05-14"}
        await self.post(f"{self.controls['fayda']}/people", person)
        customer = Customer(self.http, self.controls, fan, phone)
        await customer.open_wallet(provider=provider, name="Test", balance=BALANCE)
        return customer

    async def post(self, url: str, body: Mapping[str, Any] | None = None) -> None:
        """Arrange something at a sandbox."""
        (await self.http.post(url, json=body)).raise_for_status()

    async def rows(self, url: str, **query: str) -> list[dict[str, Any]]:
        """Read a list from a sandbox's control API."""
        answer = await self.http.get(url, params=query)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found


@asynccontextmanager
async def opened(*, running: Running) -> AsyncIterator[World]:
    """A world in a running house, with a merchant of its own."""
    settings = Environment(values=running.environment).settings
    # Seeds are added to it, so the last digits are left to them.
    number = (1 + secrets.randbelow(9_999)) * 10_000
    temporal = await temporal_client(settings=settings)
    account = PayoutAccount(
        bic="CBETETAA", account_number=f"{number:013d}", account_name="Faulty Goods"
    )
    onboarded = await onboard(
        client=temporal,
        merchant=NewMerchant(handle=f"faults-{number}", name="Faulty Goods", account=account),
        at=_TERMS_SINCE,
        randomness=secrets.token_bytes,
    )
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(
            httpx.AsyncClient(
                timeout=_HTTP_SECONDS_MAX,
                mounts={running.api_url: PatientTransport()},
                trust_env=False,
            )
        )
        payments = database(settings=settings, domain="payments")
        stack.push_async_callback(payments.dispose)
        ledger = database(settings=settings, domain="ledger")
        stack.push_async_callback(ledger.dispose)
        yield World(
            running=running,
            http=http,
            shop=Shop(
                http,
                running.api_url,
                onboarded.merchant_id,
                onboarded.api_key,
                poll_ms=_POLL_MS,
                wait_seconds_max=_WAIT_SECONDS_MAX,
            ),
            temporal=temporal,
            payments=payments,
            ledger=ledger,
            number=number,
        )
