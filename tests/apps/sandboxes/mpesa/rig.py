"""A running M-PESA sandbox, somebody who receives its callbacks, and requests made by hand."""

import asyncio
import base64
import hashlib
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from fastapi import FastAPI, Request

from apps.sandboxes.kernel.clock import Clock, utc_now
from apps.sandboxes.kernel.serve import RunningSandbox, Sandbox, running
from apps.sandboxes.mpesa import app as mpesa
from apps.sandboxes.mpesa.behaviour import Behaviour
from apps.sandboxes.mpesa.spelling import loads

LEFT_OUT = object()
QUICK = {"answer_delay_ms": 5}
_PATIENCE_SECONDS = 10
_numbers = itertools.count(1)


def fresh_msisdn() -> str:
    """A phone that no other test has and that is not well known."""
    return f"25171{next(_numbers):07d}"


@dataclass
class Receiver:
    """Callbacks in the order of arrival, by path; ``answers`` are given to a path's callers."""

    base_url: str
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    arrived: dict[str, asyncio.Queue[bytes]] = field(
        default_factory=lambda: defaultdict(asyncio.Queue)
    )

    async def next(self, path: str) -> bytes:
        """The next callback at a path."""
        return await asyncio.wait_for(self.arrived[path].get(), timeout=_PATIENCE_SECONDS)

    async def told(self, path: str) -> dict[str, Any]:
        """The next callback at a path, read."""
        body = loads(await self.next(path))
        assert body is not None
        return body


@dataclass
class PostOffice:
    """A server for all tests, with a receiver of its own for each."""

    base_url: str
    receivers: dict[str, Receiver] = field(default_factory=dict)

    def receiver(self) -> Receiver:
        """One that gets no other test's callbacks."""
        name = f"test-{next(_numbers)}"
        self.receivers[name] = Receiver(base_url=f"{self.base_url}/{name}")
        return self.receivers[name]


@asynccontextmanager
async def post_office() -> AsyncIterator[PostOffice]:
    app, office = FastAPI(), PostOffice(base_url="")

    @app.post("/{name}/{path:path}")
    async def receive(name: str, path: str, request: Request) -> dict[str, Any]:
        assert request.headers["content-type"] == "application/json"
        receiver = office.receivers[name]
        receiver.arrived[f"/{path}"].put_nowait(await request.body())
        return receiver.answers.get(f"/{path}", {"ResultCode": 0, "ResultDesc": "Accepted"})

    async with running(sandbox=Sandbox(provider="post office", app=app, credentials={})) as place:
        office.base_url = place.base_url
        yield office


@asynccontextmanager
async def sandboxed(
    *,
    strict: bool = False,
    directory: Path | None = None,
    clock: Clock = utc_now,
    **behaviour: object,
) -> AsyncIterator[RunningSandbox]:
    built = mpesa.create(
        directory=directory,
        strict=strict,
        clock=clock,
        behaviour=Behaviour.model_validate({**QUICK, **behaviour}),
    )
    async with running(sandbox=built) as place:
        yield place


@dataclass
class Caller:
    """A client of the gateway with code of its own, beside ours."""

    http: httpx.AsyncClient
    place: RunningSandbox
    receiver: Receiver
    token: str = ""

    @property
    def short_code(self) -> str:
        return self.place.credentials["short_code"]

    async def log_in(self) -> None:
        known = self.place.credentials
        answer = await self.http.get(
            "/v1/token/generate?grant_type=client_credentials",
            auth=(known["consumer_key"], known["consumer_secret"]),
        )
        self.token = answer.json()["access_token"]

    async def post(self, path: str, fields: dict[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return await self.http.post(path, json=fields, headers=headers)

    async def push(self, **changed: object) -> httpx.Response:
        """An STK push with fields changed, or left out when they are ``LEFT_OUT``."""
        given = {**self.push_fields(), **changed}
        fields = {name: value for name, value in given.items() if value is not LEFT_OUT}
        return await self.post("/mpesa/stkpush/v3/processrequest", fields)

    def push_fields(self) -> dict[str, Any]:
        timestamp = "20240918055823"
        plain = f"{self.short_code}{self.place.credentials['passkey']}{timestamp}"
        hexed = hashlib.sha256(plain.encode()).hexdigest()
        return {
            "MerchantRequestID": f"order-{next(_numbers)}",
            "BusinessShortCode": self.short_code,
            "Password": base64.b64encode(hexed.encode()).decode(),
            "Timestamp": timestamp,
            "TransactionType": "CustomerPayBillOnline",
            "Amount": 20,
            "PartyA": "251700000000",
            "PartyB": self.short_code,
            "PhoneNumber": "251700000000",
            "CallBackURL": f"{self.receiver.base_url}/stk",
            "AccountReference": "PLN12",
            "TransactionDesc": "Installment",
            "ReferenceData": [{"Key": "ThirdPartyReference", "Value": "x"}],
        }

    def kenyan_password(self) -> str:
        plain = f"{self.short_code}{self.place.credentials['passkey']}20240918055823"
        return base64.b64encode(plain.encode()).decode()

    def sealed_password(self) -> str:
        certificate = x509.load_pem_x509_certificate(self.place.credentials["certificate"].encode())
        key = certificate.public_key()
        assert isinstance(key, RSAPublicKey)
        password = self.place.credentials["initiator_password"].encode()
        return base64.b64encode(key.encrypt(password, PKCS1v15())).decode()

    async def ask(self, path: str, fields: dict[str, Any], *, initiator: str) -> httpx.Response:
        """An asynchronous request, whose Result comes to ``/result``."""
        common = {
            initiator: self.place.credentials["initiator_name"],
            "SecurityCredential": self.sealed_password(),
            "Remarks": "test",
            "ResultURL": f"{self.receiver.base_url}/result",
            "QueueTimeOutURL": f"{self.receiver.base_url}/timeout",
        }
        return await self.post(path, {**common, **fields})

    async def pay_out(self, **changed: object) -> httpx.Response:
        fields = {
            "OriginatorConversationID": f"payout-{next(_numbers)}",
            "CommandID": "BusinessPayment",
            "Amount": 5,
            "PartyA": self.short_code,
            "PartyB": "251700000000",
            "Occassion": "",
            **changed,
        }
        return await self.ask("/mpesa/b2c/v2/paymentrequest", fields, initiator="InitiatorName")

    async def reverse(self, **changed: object) -> httpx.Response:
        fields = {
            "OriginatorConversationID": f"refund-{next(_numbers)}",
            "CommandID": "TransactionReversal",
            "Amount": 20,
            "PartyA": self.short_code,
            "RecieverIdentifierType": "4",
            "ReceiverParty": "251700000000",
            **changed,
        }
        return await self.ask("/mpesa/reversal/v2/request", fields, initiator="Initiator")

    async def status(self, **named: object) -> httpx.Response:
        fields = {
            "CommandID": "TransactionStatusQuery",
            "PartyA": self.short_code,
            "IdentifierType": "4",
            **named,
        }
        return await self.ask("/mpesa/transactionstatus/v1/query", fields, initiator="Initiator")

    async def control(self, method: str, path: str, **given: object) -> Any:  # noqa: ANN401 - whatever JSON says
        answer = await self.http.request(method, f"/_sandbox{path}", json=given or None)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def plan(self, operation: str, outcome: str, **given: object) -> None:
        await self.control("POST", "/next", operation=operation, outcome=outcome, **given)

    async def open_wallet(self, balance: str) -> str:
        msisdn = fresh_msisdn()
        await self.control("POST", "/wallets", msisdn=msisdn, balance=balance, pin="4321")
        return msisdn

    async def balance(self, account: str) -> Decimal:
        return Decimal((await self.control("GET", "/books")).get(account, "0"))

    async def merchant_balance(self) -> Decimal:
        return await self.balance(f"merchant:{self.short_code}")


@asynccontextmanager
async def calling(*, place: RunningSandbox, receiver: Receiver) -> AsyncIterator[Caller]:
    async with httpx.AsyncClient(base_url=place.base_url, timeout=_PATIENCE_SECONDS) as http:
        caller = Caller(http=http, place=place, receiver=receiver)
        await caller.log_in()
        yield caller


def items_of(callback: dict[str, Any]) -> dict[str, Any]:
    """``CallbackMetadata`` by name."""
    return {item["Name"]: item["Value"] for item in callback["CallbackMetadata"]["Item"]}


def parameters_of(result: dict[str, Any]) -> dict[str, Any]:
    """``ResultParameters`` by key."""
    listed = result["ResultParameters"]["ResultParameter"]
    return {item["Key"]: item["Value"] for item in listed}
