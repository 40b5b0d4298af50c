"""A provider's breaker and buckets in Redis: each step is one script, so workers cannot overtake.

Time is that of the Redis server, one clock for all workers; should it step back, no tokens
come of it. A Redis that was emptied has a closed breaker and full buckets: one burst more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from redis.asyncio import Redis

from integrations.throttling.settings import GateSettings
from integrations.throttling.verdicts import Verdict
from meqenet.payments.circuit_breaker import BreakerState
from meqenet.payments.lanes import HoldReason, Lane

HALF_OPEN_MS: Final = 1_000
"""So long whoever finds a probe under way waits for what comes of it."""
_PLACE_MS_MAX: Final = 900_000
"""However long a line is, its last one looks again within a quarter of an hour."""
_FOLDER: Final = files("integrations.throttling")


def _script(name: str) -> str:
    return "".join((_FOLDER / f"{part}.lua").read_text("utf-8") for part in ("shared", name))


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What can be seen of a provider's gate.

    Attributes:
        state: the breaker's.
        failures: calls without an answer in a row, while it is closed.
        counts: since Redis was last empty: ``opened``, and ``<lane>:<what>``, where what is
            ``admitted``, ``waiting`` or a :class:`~meqenet.payments.lanes.HoldReason`.
    """

    provider: str
    state: BreakerState
    failures: int
    counts: dict[str, int]


class SharedGate:
    """One provider's gate in Redis. Every method raises ``RedisError`` when that is away.

    Args:
        at_ms: the time of a test, in milliseconds; by default the Redis server's own.
    """

    def __init__(
        self, *, provider: str, settings: GateSettings, redis: Redis, at_ms: int | None = None
    ) -> None:
        self.provider = provider
        self.at_ms = at_ms
        self._redis = redis
        self._keys = {lane: _keys(provider, lane=lane) for lane in Lane}
        self._limits = {lane: _limits(settings, lane=lane) for lane in Lane}
        self._admit = redis.register_script(_script("admit"))
        self._tell = redis.register_script(_script("tell"))
        self._await = redis.register_script(_script("await"))

    async def admit(self, *, lane: Lane) -> Verdict:
        """Ask for one call; an admitted one has taken its token, and its probe if it is one."""
        return _verdict(await self._admit(keys=self._keys[lane], args=self._args(lane)))

    async def tell(self, *, turn: int, succeeded: bool) -> None:
        """Count how a call went that was admitted in a turn."""
        lane = Lane.ORDERS
        args = (*self._args(lane), turn, int(succeeded))
        await self._tell(keys=self._keys[lane], args=args)

    async def look(self, *, lane: Lane, line: str) -> Verdict:
        """Whether a call is worth trying; takes a place in the line, and nothing else."""
        args = (*self._args(lane), line, HALF_OPEN_MS, _PLACE_MS_MAX)
        return _verdict(await self._await(keys=self._keys[lane], args=args))

    def _args(self, lane: Lane) -> tuple[str | int, ...]:
        return ("" if self.at_ms is None else self.at_ms, lane.value, *self._limits[lane])


async def read_standing(*, provider: str, redis: Redis) -> Standing:
    """See a provider's gate without passing it.

    Raises:
        redis.exceptions.RedisError: Redis cannot be reached.
    """
    breaker, _, counts, _ = _keys(provider, lane=Lane.ORDERS)
    state, failures = await redis.hmget(breaker, ["state", "failures"])
    counted = await redis.hgetall(counts)
    return Standing(
        provider=provider,
        state=BreakerState(_text(state) if state is not None else BreakerState.CLOSED),
        failures=int(failures or 0),
        counts={_text(what): int(times) for what, times in counted.items()},
    )


def _keys(provider: str, *, lane: Lane) -> tuple[str, str, str, str]:
    # The braces keep one provider's keys together where Redis is a cluster.
    prefix = f"meqenet:gate:{{{provider}}}"
    return (
        f"{prefix}:breaker",
        f"{prefix}:bucket:{lane}",
        f"{prefix}:counts",
        f"{prefix}:line:{lane}",
    )


def _limits(settings: GateSettings, *, lane: Lane) -> tuple[int, ...]:
    breaker, bucket = settings.breaker(), settings.bucket(lane=lane)
    return (
        breaker.failures_to_open,
        breaker.open_ms_first,
        breaker.open_ms_max,
        breaker.probes_max,
        breaker.successes_to_close,
        breaker.probe_ms_max,
        bucket.capacity_micro_tokens,
        bucket.refill_micro_tokens_per_ms,
    )


def _verdict(told: Sequence[bytes | str | int]) -> Verdict:
    word, turn, wait_ms = told
    reason = _text(word)
    held = None if reason == "admitted" else HoldReason(reason)
    return Verdict(turn=int(turn), held=held, wait_ms=int(wait_ms))


def _text(word: bytes | str | int) -> str:
    return word.decode() if isinstance(word, bytes) else str(word)
