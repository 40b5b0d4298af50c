"""A provider that is down: it is left alone, attempts wait, and they drain at its rate."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest_asyncio
from redis.asyncio import Redis
from temporalio.testing import WorkflowEnvironment

from activities.contracts.payments import AttemptState
from activities.mpesa import MpesaActivities
from apps.sandboxes.kernel.serve import RunningSandbox
from integrations.mpesa.client import MpesaClient
from integrations.mpesa.settings import MpesaSettings
from integrations.mpesa.wire import parse_stk_callback
from integrations.throttling.gate import ProviderGate
from integrations.throttling.settings import GateSettings
from integrations.throttling.shared import SharedGate, Standing, read_standing
from meqenet.payments.circuit_breaker import BreakerState
from tests.apps.sandboxes.mpesa.rig import Receiver, post_office, sandboxed
from tests.waiting import eventually
from tests.workflows.due import Collecting, DueNow, collect, serve
from workers.gates import now_ms
from workers.queue_worker import worker_for
from workflows.collection import InstallmentCollectionWorkflow
from workflows.messages import PaymentReported
from workflows.news import CollectionEnd

_SECRET = "an-unguessable-segment"  # noqa: S105 - a test's
_SETTINGS = GateSettings(
    orders_per_minute=480, burst=1, failures_to_open=3, open_seconds_first=1, open_seconds_max=1
)
_WAITING = 8


@dataclass
class Outage:
    """A sandbox of M-PESA that is down, and workers that call it through their gate."""

    env: WorkflowEnvironment
    domains: DueNow
    place: RunningSandbox
    receiver: Receiver
    http: httpx.AsyncClient
    redis: Redis
    provider: str
    begun: dict[str, Collecting] = field(default_factory=dict)

    async def switch(self, *, on: bool) -> None:
        word = "up" if on else "down"
        answer = await self.http.post(f"{self.place.base_url}/_sandbox/{word}")
        answer.raise_for_status()

    async def requests(self) -> list[dict[str, Any]]:
        answer = await self.http.get(
            f"{self.place.base_url}/_sandbox/requests", params={"last": 1000}
        )
        found: list[dict[str, Any]] = answer.json()
        return found

    async def pushes(self) -> list[dict[str, Any]]:
        """What it took, the oldest first."""
        return [r for r in await self.requests() if "stkpush" in r["path"] and r["status"] == 200]

    async def standing(self) -> Standing:
        return await read_standing(provider=self.provider, redis=self.redis)

    async def tell(self, plan: str) -> None:
        """Pass the provider's callback on, as the API does."""
        order_id = f"{plan}-i02-a1"
        body = await self.receiver.next(f"/v1/callbacks/mpesa/{_SECRET}/stk/{order_id}")
        report = PaymentReported(answer=parse_stk_callback(order_id=order_id, body=body))
        await self.begun[plan].signal(InstallmentCollectionWorkflow.payment_reported, report)


@pytest_asyncio.fixture(loop_scope="session")
async def outage(env: WorkflowEnvironment, redis: Redis, unique: str) -> AsyncIterator[Outage]:
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(sandboxed(strict=True))
        office = await stack.enter_async_context(post_office())
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=30))
        receiver = office.receiver()
        settings = MpesaSettings.model_validate(
            {
                **place.credentials,
                "base_url": place.base_url,
                "callback_base_url": receiver.base_url,
                "callback_secret": _SECRET,
            }
        )
        client = MpesaClient(settings=settings, http=http, clock=lambda: datetime.now(UTC))
        shared = SharedGate(provider=unique, settings=_SETTINGS, redis=redis)
        gate = ProviderGate(provider=unique, settings=_SETTINGS, shared=shared, now_ms=now_ms)
        mpesa = MpesaActivities(mpesa=client, gate=gate)
        domains = DueNow()
        await serve(stack, env, domains, "bnpl", "payments", at_a_time=40)
        for queue in ("mpesa", "mpesa-questions"):
            worker = worker_for(client=env.client, queue=queue, activities=[mpesa])
            await stack.enter_async_context(worker)
        yield Outage(env, domains, place, receiver, http, redis, unique)


async def test_attempts_wait_while_a_provider_is_down_and_drain_at_its_rate(
    outage: Outage, unique: str
) -> None:
    """None fails, none is sent twice, and the provider is hardly called while it is down."""
    await outage.switch(on=False)
    plans = [f"pln_{unique}{n}" for n in range(_WAITING + 1)]
    for n, plan in enumerate(plans):
        outage.begun[plan] = await collect(
            outage.env, outage.domains, plan=plan, merchant=f"mer_{n % 3}"
        )
    standing = await eventually(
        outage.standing, lambda seen: seen.counts.get("orders:waiting", 0) > _WAITING
    )
    assert standing.state is not BreakerState.CLOSED
    refused = len(await outage.requests())
    assert refused <= _SETTINGS.failures_to_open + standing.counts["opened"] + 1
    states = [found.state for found in outage.domains.standings.values()]
    assert states == [AttemptState.CREATED] * len(plans)

    stopped = outage.begun[plans.pop()]
    await stopped.signal(InstallmentCollectionWorkflow.stop)
    assert (await stopped.result()).end is CollectionEnd.STOPPED

    up_at = datetime.now(UTC)
    await outage.switch(on=True)
    pushes = await eventually(outage.pushes, lambda taken: len(taken) >= _WAITING)
    await asyncio.gather(*(outage.tell(plan) for plan in plans))
    for plan in plans:
        result = await outage.begun[plan].result()
        assert (result.end, result.attempts) == (CollectionEnd.PAID, 1)
    pushes = await outage.pushes()
    assert sorted(push["reference"] for push in pushes) == sorted(f"{p}-i02-a1" for p in plans)
    lasted = datetime.fromisoformat(pushes[-1]["at"]) - up_at
    at_least = (_WAITING - _SETTINGS.burst) * 60 / _SETTINGS.orders_per_minute
    assert lasted.total_seconds() >= at_least
    assert (await outage.standing()).state is BreakerState.CLOSED
