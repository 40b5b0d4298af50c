"""The API over HTTP, on real stores, a real Temporal server, real workers and the sandboxes."""

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from sqlalchemy import make_url

from apps.checkout_api.app import create_app
from apps.checkout_api.own_writes import READ_AFTER_HEADER, WRITTEN_HEADER
from apps.checkout_api.parts import ApiParts, api_parts
from apps.checkout_api.serving import serve
from apps.demo.customer import Customer
from apps.runtime.backing import Backing
from apps.runtime.environment import callback_addresses
from apps.runtime.ports import free_ports
from apps.sandboxes.command import Provider, create
from apps.sandboxes.fayda.people import WELL_KNOWN_PEOPLE
from apps.sandboxes.kernel.serve import RunningSandbox, running
from db.analytics.models import MODELS
from db.auth.store import issue_key
from meqenet.auth.keys import new_key
from meqenet.settlement.transfer import PayoutAccount
from tests.backing import TEST_KEYRING, Databases
from workers.bootstrap import domain_parts
from workers.connecting import http_client, temporal_client
from workers.consuming import Consumer, Step
from workers.onboarding import NewMerchant, onboard
from workers.opening import Environment, utc_now
from workers.projections import run_projections
from workers.queue_worker import worker_for
from workers.relay import relay_batch, run_relay
from workers.settings import DOMAINS, development_keys

_PATH_OF_MPESA = "a-path-that-nobody-guesses"
_REDIS_NUMBER = 8
"""A Redis of one server keeps sixteen apart; the other tests use the first, and the seventh."""


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sandboxes() -> AsyncIterator[Mapping[str, RunningSandbox]]:
    """The four providers, in this process."""
    async with AsyncExitStack() as stack:
        yield {
            provider.value: await stack.enter_async_context(
                running(sandbox=create(provider=provider, directory=None, strict=False))
            )
            for provider in Provider
        }


@pytest.fixture(scope="session")
def environment(
    databases: Databases,
    temporal_server: Backing,
    sandboxes: Mapping[str, RunningSandbox],
) -> Environment:
    """Settings as a deployment would write them."""
    (port,) = free_ports(count=1)
    url = f"http://127.0.0.1:{port}"
    values = {
        **development_keys(),
        "MEQENET_COLUMN_KEYS": json.dumps(
            {name: _text(key) for name, key in TEST_KEYRING.keys.items()}
        ),
        "MEQENET_COLUMN_KEY_CURRENT": TEST_KEYRING.current,
        "MEQENET_BLIND_INDEX_KEY": _text(TEST_KEYRING.blind_index_key),
        "MEQENET_TEMPORAL_ADDRESS": temporal_server.temporal_address,
        "MEQENET_TEMPORAL_NAMESPACE": temporal_server.temporal_namespace,
        "MEQENET_PUBLIC_URL": url,
        "MEQENET_API_PORT": str(port),
        "MEQENET_MPESA_CALLBACK_SECRET": _PATH_OF_MPESA,
        "MEQENET_WEBHOOK_LOOPBACK": "true",
        **callback_addresses(public_url=url),
    }
    for domain in DOMAINS:
        values[f"MEQENET_{domain.upper()}_DATABASE_URL"] = databases.urls[domain]
    for name, sandbox in sandboxes.items():
        told = {"base_url": sandbox.base_url, **sandbox.credentials}
        for setting, value in told.items():
            values[f"MEQENET_{name.upper()}_{setting.upper()}"] = value
    return Environment(values=values)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def parts(environment: Environment) -> AsyncIterator[ApiParts]:
    """The API's parts, made from settings."""
    async with api_parts(environment=environment) as made:
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def working(environment: Environment) -> AsyncIterator[None]:
    """Workers of every domain."""
    client = await temporal_client(settings=environment.settings)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(http_client())
        for domain in DOMAINS:
            part = await stack.enter_async_context(
                domain_parts(domain=domain, environment=environment, http=http)
            )
            for queue, activities in part.activities_by_queue.items():
                await stack.enter_async_context(
                    worker_for(client=client, queue=queue, activities=activities)
                )
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def reading(backing: Backing, databases: Databases) -> AsyncIterator[None]:
    """Relays of every domain that feeds the read models, and the read models, kept.

    They stop with the module: looking for news, even in vain, costs all later tests time.
    """
    redis = Redis.from_url(
        make_url(backing.redis_url)
        .set(database=str(_REDIS_NUMBER))
        .render_as_string(hide_password=False)
    )
    sources = sorted({name for model in MODELS.values() for name in model.sources})
    await _catch_up(databases, redis, sources=sources)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as running:
        for source in sources:
            running.create_task(
                run_relay(domain=source, database=databases[source], redis=redis, stop=stop)
            )
        running.create_task(
            run_projections(
                models=MODELS.values(),
                database=databases["analytics"],
                redis=redis,
                stop=stop,
            )
        )
        yield
        stop.set()
    await redis.aclose()


async def _catch_up(databases: Databases, redis: Redis, *, sources: Sequence[str]) -> None:
    """Take in what other modules have had the stores tell meanwhile."""
    for source in sources:
        while await relay_batch(domain=source, database=databases[source], redis=redis):
            pass
    for model in MODELS.values():
        consumer = Consumer(model=model, database=databases["analytics"], redis=redis)
        while await consumer.step() is Step.MOVED:
            pass


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def url(parts: ApiParts, environment: Environment) -> AsyncIterator[str]:
    """Where the API listens."""
    listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    serving = asyncio.create_task(
        serve(
            app=create_app(parts=parts),
            host="127.0.0.1",
            port=environment.settings.api_port,
            stop=stop,
            on_ready=listening.set_result,
        )
    )
    yield await listening
    stop.set()
    await serving


@pytest_asyncio.fixture(loop_scope="session")
async def http(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API without a key."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        yield client


@dataclass
class Shop:
    """A merchant with a key. Every write gets a fresh idempotency key unless one is given."""

    http: httpx.AsyncClient
    merchant_id: str
    api_key: str
    unique: str
    controls: Mapping[str, str] = field(default_factory=dict)

    async def get(
        self, path: str, *, after: httpx.Response | None = None, **query: str | int
    ) -> httpx.Response:
        """Read; what the answer ``after`` has written must show."""
        headers = self._headers()
        if after is not None:
            headers[READ_AFTER_HEADER] = after.headers[WRITTEN_HEADER]
        return await self.http.get(path, params=query, headers=headers)

    async def post(
        self, path: str, body: object, *, key: str | None = None, raw: bytes | None = None
    ) -> httpx.Response:
        headers = {
            **self._headers(),
            "Idempotency-Key": key or secrets.token_hex(8),
            "Content-Type": "application/json",
        }
        content = json.dumps(body).encode() if raw is None else raw
        return await self.http.post(path, content=content, headers=headers)

    def application(self, **changes: object) -> dict[str, Any]:
        """A plan that asks for nothing at checkout: 30 days later by M-PESA."""
        digits = int(self.unique, 16) % 10**8
        return {
            "reference": f"order-{self.unique}",
            "option": "pay_in_30",
            "amount": "1000.00",
            "description": "goods",
            "customer": {
                "fayda_number": WELL_KNOWN_PEOPLE["abebe"].number,
                "consent_version": "2026-11",
            },
            "wallet": {"provider": "mpesa", "phone": f"07{digits:08d}"},
            **changes,
        }

    def customer(self) -> Customer:
        fan = WELL_KNOWN_PEOPLE["abebe"].number
        return Customer(self.http, self.controls, fan, "251711000000")

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"}


@pytest_asyncio.fixture(loop_scope="session")
async def keyholder(http: httpx.AsyncClient, databases: Databases, unique: str) -> Shop:
    """A merchant that has a test key, and is known to nobody else."""
    return await with_key(http=http, databases=databases, unique=unique)


@pytest_asyncio.fixture(loop_scope="session")
async def shop(
    http: httpx.AsyncClient,
    environment: Environment,
    sandboxes: Mapping[str, RunningSandbox],
    working: None,
    unique: str,
) -> Shop:
    """A merchant taken on in every domain, with workers that serve it."""
    del working
    onboarded = await onboard(
        client=await temporal_client(settings=environment.settings),
        merchant=NewMerchant(
            handle=unique,
            name="Shop",
            account=PayoutAccount(
                bic="CBETETAA",
                account_number=f"{int(unique, 16) % 10**13:013d}",
                account_name="Shop",
            ),
        ),
        at=utc_now(),
        randomness=secrets.token_bytes,
    )
    return Shop(
        http=http,
        merchant_id=onboarded.merchant_id,
        api_key=onboarded.api_key,
        unique=unique,
        controls={name: sandbox.control_url for name, sandbox in sandboxes.items()},
    )


async def with_key(
    *, http: httpx.AsyncClient, databases: Databases, unique: str, sandbox: bool = True
) -> Shop:
    """Issue a key in the auth store alone."""
    key = new_key(randomness=secrets.token_bytes, sandbox=sandbox)
    merchant_id = f"mer_{unique}"
    async with databases["auth"].write() as session:
        await issue_key(
            session=session,
            merchant_id=merchant_id,
            key_id=key.key_id,
            secret_hash=key.secret_hash,
            label="test",
            sandbox=sandbox,
            at=utc_now(),
        )
    return Shop(http=http, merchant_id=merchant_id, api_key=key.text, unique=unique)
