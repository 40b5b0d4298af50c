"""How the gates before the providers stand, for whoever watches: no merchant, no customer."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Final

from redis.asyncio import Redis

from integrations.throttling.settings import GATE_SETTINGS
from integrations.throttling.shared import Standing, read_standing
from meqenet.payments.circuit_breaker import BreakerState
from meqenet.payments.lanes import HoldReason, Lane
from workers.gates import gate_redis

_METRICS: Final = {
    "breaker_state": (
        "gauge",
        "1 for the state that the breaker is in, 0 for the others.",
    ),
    "breaker_opened_total": ("counter", "How often the breaker has opened."),
    "calls_total": ("counter", "Calls that have passed."),
    "held_total": ("counter", "Calls that were held back before anything was sent."),
    "waits_total": ("counter", "How often somebody who waits was told to wait on."),
}


async def read_standings(*, redis: Redis) -> tuple[Standing, ...]:
    """The gate before each provider.

    Raises:
        redis.exceptions.RedisError: Redis cannot be reached.
    """
    return tuple(
        [await read_standing(provider=provider, redis=redis) for provider in GATE_SETTINGS]
    )


@asynccontextmanager
async def opened_redis(*, url: str) -> AsyncIterator[Redis]:
    """A connection for looking."""
    redis = gate_redis(url=url)
    try:
        yield redis
    finally:
        await redis.aclose()


def as_prometheus(*, standings: Iterable[Standing]) -> str:
    """The gates in Prometheus' text format (version 0.0.4)."""
    lines = []
    samples = [sample for standing in standings for sample in _samples(standing)]
    for metric, (kind, text) in _METRICS.items():
        name = f"meqenet_gate_{metric}"
        lines.append(f"# HELP {name} {text}")
        lines.append(f"# TYPE {name} {kind}")
        lines += [f"{name}{{{labels}}} {value}" for of, labels, value in samples if of == metric]
    return "\n".join(lines) + "\n"


def _samples(standing: Standing) -> Iterator[tuple[str, str, int]]:
    """Metric, labels, value."""
    provider, counts = f'provider="{standing.provider}"', standing.counts
    for state in BreakerState:
        yield "breaker_state", f'{provider},state="{state}"', int(standing.state is state)
    yield "breaker_opened_total", provider, counts.get("opened", 0)
    for lane in Lane:
        labels = f'{provider},lane="{lane}"'
        yield "calls_total", labels, counts.get(f"{lane}:admitted", 0)
        yield "waits_total", labels, counts.get(f"{lane}:waiting", 0)
        for reason in HoldReason:
            held = counts.get(f"{lane}:{reason}", 0)
            yield "held_total", f'{labels},reason="{reason}"', held
