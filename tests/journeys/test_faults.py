"""Faults that have to come at a certain moment; ``test_drawn_faults`` has those of any moment.

Whatever happens, each installment is debited once, succeeds once and is posted once.
"""

import asyncio
import functools
import operator
import signal
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from apps.demo.customer import Customer
from apps.faults import processes
from tests.journeys import evidence
from tests.journeys.conftest import Town
from tests.waiting import eventually

PULL = {"mpesa": "stk_push", "telebirr": "disburseOrder"}
"""By which operation of its sandbox a provider is asked for an installment."""
HOLD_MS = 600_000
"""Longer than any test: the answer is held until the caller's connection is gone."""

DUE_DAYS = 30
"""After so many days the installment has fallen due, and its first retry has not."""


@dataclass(frozen=True)
class Life:
    """An active plan of which nothing is paid yet, on a test clock."""

    town: Town
    provider: str
    customer: Customer
    clock: str
    plan_id: str

    @property
    def phone(self) -> str:
        """Where the sandbox's control API has the customer's phone."""
        return f"{self.town.controls[self.provider]}/phones/{self.customer.phone}"

    async def fault(self, outcome: str, *, hold_ms: int = 0) -> None:
        """The next request for money of this customer goes wrong."""
        await self.town.fault(
            self.provider,
            operation=PULL[self.provider],
            outcome=outcome,
            subject=self.customer.phone,
            delay_ms=hold_ms,
        )

    async def paid_once(self) -> None:
        await evidence.require_paid_once_each(
            self.town,
            provider=self.provider,
            customer=self.customer,
            plan_id=self.plan_id,
            installments=1,
        )


async def begin(town: Town, *providers: str) -> list[Life]:
    """A life at each of the providers, each on a clock of its own: no one waits for another."""

    async def one(provider: str) -> Life:
        clock = await town.clock()
        customer = await town.customer(provider=provider)
        purchase = town.purchase(customer, "pay_in_30", clock=clock)
        plan_id = await town.active(customer, purchase)
        return Life(town, provider, customer, clock, plan_id)

    return await asyncio.gather(*map(one, providers))


def fall_due(*lives: Life) -> "asyncio.Task[None]":
    """Clocks move to the due date; the task ends when all that was due is done."""
    return asyncio.create_task(_due_day_comes(*lives))


async def _due_day_comes(*lives: Life) -> None:
    await asyncio.gather(*(life.town.days_pass(life.clock, days=DUE_DAYS) for life in lives))


async def end_well(*lives: Life) -> None:
    """The installment is paid once, and nothing is left to do."""
    for life in lives:
        await life.town.shop.until(life.plan_id, lambda plan: plan["state"] == "completed")
        await life.paid_once()


async def test_the_worker_is_killed_in_the_middle_of_collections(town: Town) -> None:
    """A provider holds its answer, having acted or not; a customer thinks about a prompt."""
    lives = await begin(town, "mpesa", "telebirr", "mpesa", "mpesa")
    taken, pulled, lost, prompted = lives
    for life in (taken, pulled):
        await life.fault("timeout_after_commit", hold_ms=HOLD_MS)
    await lost.fault("timeout_before", hold_ms=HOLD_MS)
    await _post(town, f"{prompted.phone}/mode", {"mode": "manual"})
    due = fall_due(*lives)
    for provider in ("mpesa", "telebirr"):
        await eventually(functools.partial(_get, town, _next(town, provider)), operator.not_)
    await eventually(lambda: _get(town, f"{prompted.phone}/prompts"), bool)

    await processes.kill(running=town.running, part="worker")
    await _post(town, f"{prompted.phone}/answer", {"pin": "1234"})

    await due
    assert await _pushes(taken) == await _pushes(prompted) == 1
    assert await _pushes(lost) == 2
    await _post(town, f"{prompted.phone}/mode", {"mode": "auto"})
    await end_well(*lives)


async def test_the_api_is_killed_with_a_callback_in_its_hands(town: Town) -> None:
    """It has not acknowledged it: the provider calls again, or is asked before that."""
    (life,) = await begin(town, "mpesa")
    await _post(town, f"{life.phone}/mode", {"mode": "manual"})
    due = fall_due(life)
    await eventually(lambda: _get(town, f"{life.phone}/prompts"), bool)
    processes.process_of(running=town.running, part="API").send_signal(signal.SIGSTOP)
    await _post(town, f"{life.phone}/answer", {"pin": "1234"})

    await processes.kill(running=town.running, part="API")

    with pytest.raises(httpx.TransportError):
        await due  # the shop's own request found nobody either
    await eventually(lambda: _serves(town), bool)
    await eventually(lambda: _clock_status(life), lambda status: status == "ready")
    assert await _first_delivery(life) == "unreachable"
    await _post(town, f"{life.phone}/mode", {"mode": "auto"})
    await end_well(life)


def _next(town: Town, provider: str) -> str:
    """Where the faults that a sandbox has been given wait."""
    return f"{town.controls[provider]}/next"


async def _requests(life: Life) -> list[dict[str, Any]]:
    answer = await life.town.http.get(
        f"{life.town.controls[life.provider]}/requests", params={"last": 1000}
    )
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()
    return found


async def _pushes(life: Life) -> int:
    """How often M-PESA was asked to prompt for the installment."""
    mine = f"{life.plan_id}-i01-a1"
    asked = [request for request in await _requests(life) if request["reference"] == mine]
    return sum("stkpush" in request["path"] for request in asked)


async def _sent(life: Life) -> list[dict[str, Any]]:
    return await evidence.callbacks_of(life.town, provider=life.provider, plan_id=life.plan_id)


async def _first_delivery(life: Life) -> str:
    """What became of the first attempt to tell us of the installment."""
    return next(str(row["result"]) for row in await _sent(life))


async def _serves(town: Town) -> bool:
    try:
        return (await town.http.get(f"{town.running.api_url}/readyz")).is_success
    except httpx.TransportError:
        return False


async def _clock_status(life: Life) -> str:
    answer = await life.town.http.get(
        f"{life.town.shop.api_url}/v1/test-clocks/{life.clock}",
        headers={"Authorization": f"Bearer {life.town.shop.api_key}"},
    )
    return str(answer.json()["status"])


async def _get(town: Town, url: str) -> list[Any]:
    answer = await town.http.get(url)
    answer.raise_for_status()
    found: list[Any] = answer.json()
    return found


async def _post(town: Town, url: str, body: dict[str, str] | None = None) -> None:
    (await town.http.post(url, json=body)).raise_for_status()
