"""Our client against a running sandbox, with somebody who receives the callbacks."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import pytest_asyncio

from apps.sandboxes.kernel.serve import RunningSandbox
from integrations.mpesa.client import MpesaClient
from integrations.mpesa.settings import MpesaSettings
from integrations.mpesa.wire import ResultPurpose, parse_result, parse_stk_callback
from integrations.ports.wallets import Mpesa
from meqenet.money import Money
from meqenet.payments.rail import PaymentAnswer, PushPayment, RefundAnswer, RefundPayment
from tests.apps.sandboxes.mpesa.rig import (
    Caller,
    PostOffice,
    Receiver,
    calling,
    post_office,
    sandboxed,
)

SECRET = "an-unguessable-segment"  # noqa: S105 - a test's
OURS = f"/v1/callbacks/mpesa/{SECRET}"


@dataclass
class Clock:
    now: datetime = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: int) -> None:
        self.now += timedelta(**duration)


@dataclass
class Rail:
    """The client, and what reaches the addresses that it gave."""

    client: MpesaClient
    settings: MpesaSettings
    http: httpx.AsyncClient
    sandbox: Caller
    clock: Clock

    @property
    def port(self) -> Mpesa:
        """The client is the port."""
        return self.client

    async def callback(self, *, order_id: str) -> PaymentAnswer:
        """The next STK callback of an order."""
        body = await self.sandbox.receiver.next(f"{OURS}/stk/{order_id}")
        return parse_stk_callback(order_id=order_id, body=body)

    async def result(self, *, order_id: str, purpose: ResultPurpose) -> PaymentAnswer:
        """The next Result for an order."""
        body = await self.sandbox.receiver.next(f"{OURS}/result/{purpose}/{order_id}")
        return parse_result(body=body).payment_answer(order_id=order_id, purpose=purpose)

    async def refund_result(self, *, refund_id: str, purpose: ResultPurpose) -> RefundAnswer:
        """The next Result for a refund."""
        body = await self.sandbox.receiver.next(f"{OURS}/result/{purpose}/{refund_id}")
        return parse_result(body=body).refund_answer(refund_id=refund_id, purpose=purpose)


def new_order() -> str:
    return f"pln_{secrets.token_hex(10)}-i02-a1"


def push(
    order_id: str | None = None, *, msisdn: str = "251700000000", birr: str = "20"
) -> PushPayment:
    return PushPayment(
        order_id=order_id or new_order(),
        msisdn=msisdn,
        amount=Money.from_birr(birr),
        account_reference="PLN12",
    )


def refund_of(paid: PaymentAnswer, *, msisdn: str, birr: str = "20") -> RefundPayment:
    assert paid.receipt is not None
    return RefundPayment(
        refund_id=f"{paid.order_id}-r1",
        order_id=paid.order_id,
        receipt=paid.receipt,
        amount=Money.from_birr(birr),
        msisdn=msisdn,
    )


def settings_for(place: RunningSandbox, receiver: Receiver, **changed: object) -> MpesaSettings:
    return MpesaSettings.model_validate(
        {
            **place.credentials,
            "base_url": place.base_url,
            "callback_base_url": receiver.base_url,
            "callback_secret": SECRET,
            "answer_timeout_seconds": 5,
            **changed,
        }
    )


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def place() -> AsyncIterator[RunningSandbox]:
    """Strict: our client follows the documents."""
    async with sandboxed(strict=True) as running:
        yield running


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def office() -> AsyncIterator[PostOffice]:
    async with post_office() as opened:
        yield opened


@pytest.fixture
def receiver(office: PostOffice) -> Receiver:
    return office.receiver()


@pytest.fixture
async def rail(place: RunningSandbox, receiver: Receiver) -> AsyncIterator[Rail]:
    settings, clock = settings_for(place, receiver), Clock()
    async with (
        calling(place=place, receiver=receiver) as sandbox,
        httpx.AsyncClient() as http,
    ):
        client = MpesaClient(settings=settings, http=http, clock=clock)
        behaviour = await sandbox.control("GET", "/behaviour")
        yield Rail(client=client, settings=settings, http=http, sandbox=sandbox, clock=clock)
        await sandbox.control("PATCH", "/behaviour", **behaviour)
        await sandbox.http.delete("/_sandbox/next")
        await sandbox.control("POST", "/up")
