"""What is told of the gates: every provider, lane and reason, in numbers only."""

import io

from redis.asyncio import Redis
from rich.console import Console

from apps.reports.providers import providers_page
from integrations.throttling.settings import GATE_SETTINGS, GateSettings
from integrations.throttling.shared import SharedGate, Standing, read_standing
from meqenet.payments.circuit_breaker import BreakerState
from meqenet.payments.lanes import HoldReason, Lane
from workers.gate_standings import as_prometheus, read_standings

_SETTINGS = GateSettings(orders_per_minute=1, burst=2, failures_to_open=2)


async def test_what_has_passed_and_what_was_held_back_is_counted(redis: Redis, unique: str) -> None:
    gate = SharedGate(provider=unique, settings=_SETTINGS, redis=redis)
    turns = [(await gate.admit(lane=Lane.ORDERS)).turn for _ in range(3)]
    for turn in turns[:2]:
        await gate.tell(turn=turn, succeeded=False)
    assert (await gate.admit(lane=Lane.QUESTIONS)).held is HoldReason.OPEN
    await gate.look(lane=Lane.QUESTIONS, line="mer_secret")
    told = as_prometheus(standings=[await read_standing(provider=unique, redis=redis)])
    lines = set(told.splitlines())
    assert {
        f'meqenet_gate_breaker_state{{provider="{unique}",state="open"}} 1',
        f'meqenet_gate_breaker_state{{provider="{unique}",state="closed"}} 0',
        f'meqenet_gate_breaker_opened_total{{provider="{unique}"}} 1',
        f'meqenet_gate_calls_total{{provider="{unique}",lane="orders"}} 2',
        f'meqenet_gate_held_total{{provider="{unique}",lane="orders",reason="rate"}} 1',
        f'meqenet_gate_held_total{{provider="{unique}",lane="questions",reason="open"}} 1',
        f'meqenet_gate_waits_total{{provider="{unique}",lane="questions"}} 1',
    } <= lines
    assert "mer_secret" not in told
    assert [line.split()[2] for line in told.splitlines() if line.startswith("# TYPE")] == [
        f"meqenet_gate_{name}"
        for name in (
            "breaker_state",
            "breaker_opened_total",
            "calls_total",
            "held_total",
            "waits_total",
        )
    ]


async def test_every_provider_that_is_called_is_seen(redis: Redis) -> None:
    found = await read_standings(redis=redis)
    assert [standing.provider for standing in found] == list(GATE_SETTINGS)


def test_a_person_sees_who_is_down_and_what_waits() -> None:
    counts = {"opened": 3, "orders:admitted": 41, "orders:open": 7, "orders:half_open": 2}
    down = Standing(provider="telebirr", state=BreakerState.OPEN, failures=0, counts=counts)
    page = io.StringIO()
    for part in providers_page(standings=[down]):
        Console(file=page, width=120).print(part)
    orders = next(line for line in page.getvalue().splitlines() if "telebirr" in line)
    assert " ".join(orders.split()) == "telebirr down: not called 3 orders 41 0 9 0"
