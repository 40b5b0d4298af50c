"""The gates before the providers that a process calls, and the Redis in which they are shared."""

import time
from collections.abc import Callable
from typing import Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from integrations.throttling.gate import ProviderGate
from integrations.throttling.settings import GATE_SETTINGS, GateSettings
from integrations.throttling.shared import SharedGate
from meqenet.payments.lanes import Lane

_NS_PER_MS: Final = 1_000_000
_REDIS_SECONDS_MAX: Final = 0.5
"""No call to a provider waits longer for Redis: without it each worker keeps to its own part."""
_RECONNECTIONS_MAX: Final = 1
"""A connection that Redis has closed meanwhile is opened anew."""
SettingsReader = Callable[[type[GateSettings]], GateSettings]


class Gates:
    """Made when they are asked for, one before each provider: whoever calls it shares its rate.

    Args:
        redis_url: where all workers share them; None keeps them in this process.
        read: reads a provider's settings.
    """

    def __init__(self, *, redis_url: str | None, read: SettingsReader) -> None:
        self._read = read
        self._redis = None if redis_url is None else gate_redis(url=redis_url)
        self._made: dict[str, ProviderGate] = {}

    def before(self, *, provider: str) -> ProviderGate:
        """The gate before a provider."""
        if provider not in self._made:
            self._made[provider] = self._gate(provider)
        return self._made[provider]

    def in_hand_max(self, *, provider: str, lane: Lane) -> int:
        """How many of a provider's calls a worker takes out of its queue at a time."""
        return self._read(GATE_SETTINGS[provider]).waiting_max(lane=lane)

    async def close(self) -> None:
        """Let go of Redis."""
        if self._redis is not None:
            await self._redis.aclose()

    def _gate(self, provider: str) -> ProviderGate:
        settings = self._read(GATE_SETTINGS[provider])
        shared = None
        if self._redis is not None:
            shared = SharedGate(provider=provider, settings=settings, redis=self._redis)
        return ProviderGate(provider=provider, settings=settings, shared=shared, now_ms=now_ms)


def gate_redis(*, url: str) -> Redis:
    """A connection that tells soon when Redis is away."""
    return Redis.from_url(
        url,
        socket_timeout=_REDIS_SECONDS_MAX,
        socket_connect_timeout=_REDIS_SECONDS_MAX,
        retry=Retry(NoBackoff(), _RECONNECTIONS_MAX),
    )


def now_ms() -> int:
    """A clock of this process that never steps back."""
    return time.monotonic_ns() // _NS_PER_MS
