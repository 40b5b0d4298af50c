"""The scripts take the same steps as the pure rules, and nobody overtakes them."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass

from redis.asyncio import Redis

from integrations.throttling.settings import GateSettings
from integrations.throttling.shared import SharedGate, read_standing
from meqenet.payments.circuit_breaker import Breaker, BreakerState, admit, after_call
from meqenet.payments.lanes import HoldReason, Lane
from meqenet.payments.token_bucket import full_bucket, take

_START_MS = 1_790_000_000_000
_SETTINGS = GateSettings(
    orders_per_minute=600,
    questions_per_minute=120,
    burst=3,
    failures_to_open=3,
    open_seconds_first=1,
    open_seconds_max=4,
)


@dataclass
class Model:
    """What the pure rules make of the same calls."""

    breaker: Breaker
    settings: GateSettings

    def __post_init__(self) -> None:
        self.buckets = {
            lane: full_bucket(settings=self.settings.bucket(lane=lane), at_ms=_START_MS)
            for lane in Lane
        }

    def admit(self, lane: Lane, at_ms: int) -> tuple[HoldReason | None, int, int]:
        admission = admit(breaker=self.breaker, settings=self.settings.breaker(), at_ms=at_ms)
        if admission.retry_at_ms is not None:
            held = HoldReason(self.breaker.state.value)
            return held, admission.turn, admission.retry_at_ms - at_ms
        taken = take(
            bucket=self.buckets[lane], settings=self.settings.bucket(lane=lane), at_ms=at_ms
        )
        self.buckets[lane] = taken.bucket
        if not taken.is_granted:
            return HoldReason.RATE, admission.turn, taken.wait_ms
        self.breaker = admission.breaker
        return None, admission.turn, 0

    def tell(self, turn: int, at_ms: int, *, succeeded: bool) -> None:
        self.breaker = after_call(
            breaker=self.breaker,
            settings=self.settings.breaker(),
            turn=turn,
            succeeded=succeeded,
            at_ms=at_ms,
        )


async def test_the_scripts_take_the_steps_of_the_pure_rules(redis: Redis, unique: str) -> None:
    """Calls at random, with answers that come late, and a clock that steps back."""
    seen = Counter[str]()
    for seed in range(4):
        draw = random.Random(seed)  # noqa: S311 - scenarios, no secrets
        mine = await _compare(draw, provider=f"{unique}-{seed}", redis=redis)
        standing = await read_standing(provider=f"{unique}-{seed}", redis=redis)
        counted = {what: n for what, n in standing.counts.items() if ":" in what}
        assert sum(counted.values()) == mine.total()
        seen += mine
    assert set(seen) == {"admitted", *HoldReason}


async def _compare(draw: random.Random, *, provider: str, redis: Redis) -> Counter[str]:
    """Two hundred steps by the scripts and by the model; what came of those that asked."""
    gate = SharedGate(provider=provider, settings=_SETTINGS, redis=redis, at_ms=_START_MS)
    model = Model(Breaker(), _SETTINGS)
    under_way: list[int] = []
    at_ms, seen = _START_MS, Counter[str]()
    for _ in range(200):
        at_ms += draw.choice((-50, 0, 0, 1, 40, 400, 1_500))
        gate.at_ms = at_ms
        if under_way and draw.random() < 0.5:
            turn = under_way.pop(draw.randrange(len(under_way)))
            succeeded = draw.random() < 0.5
            await gate.tell(turn=turn, succeeded=succeeded)
            model.tell(turn, at_ms, succeeded=succeeded)
        else:
            lane = draw.choice(tuple(Lane))
            told = await gate.admit(lane=lane)
            held, turn, wait_ms = model.admit(lane, at_ms)
            assert (told.held, told.turn, told.wait_ms) == (held, turn, wait_ms)
            seen[held or "admitted"] += 1
            if held is None:
                under_way.append(turn)
        standing = await read_standing(provider=provider, redis=redis)
        assert (standing.state, standing.failures) == (model.breaker.state, model.breaker.failures)
    return seen


async def test_many_takers_at_once_never_get_more_than_the_rate(redis: Redis, unique: str) -> None:
    """By the server's own clock, from many connections; each lane has a rate of its own."""
    settings = GateSettings(orders_per_minute=6000, questions_per_minute=6000, burst=20)
    gates = [SharedGate(provider=unique, settings=settings, redis=redis) for _ in range(8)]
    begun = asyncio.get_running_loop().time()

    async def takes(gate: SharedGate) -> int:
        verdicts = [await gate.admit(lane=Lane.ORDERS) for _ in range(40)]
        return sum(verdict.held is None for verdict in verdicts)

    granted = sum(await asyncio.gather(*(takes(gate) for gate in gates)))
    elapsed_ms = int((asyncio.get_running_loop().time() - begun) * 1000) + 1
    assert 20 <= granted <= 20 + elapsed_ms * 100 // 1000 + 1
    assert (await gates[0].admit(lane=Lane.ORDERS)).held is HoldReason.RATE
    assert (await gates[0].admit(lane=Lane.QUESTIONS)).held is None


async def test_a_provider_that_is_down_is_left_alone_then_probed_by_one_and_comes_back(
    redis: Redis, unique: str
) -> None:
    gate = SharedGate(provider=unique, settings=_SETTINGS, redis=redis, at_ms=_START_MS)
    for _ in range(_SETTINGS.failures_to_open):
        told = await gate.admit(lane=Lane.ORDERS)
        await gate.tell(turn=told.turn, succeeded=False)
    for lane in Lane:
        told = await gate.admit(lane=lane)
        assert (told.held, told.wait_ms) == (HoldReason.OPEN, 1_000)
    gate.at_ms = _START_MS + 1_000
    probe = await gate.admit(lane=Lane.QUESTIONS)
    assert probe.held is None
    assert (await gate.admit(lane=Lane.ORDERS)).held is HoldReason.HALF_OPEN
    await gate.tell(turn=probe.turn, succeeded=True)
    second = await gate.admit(lane=Lane.ORDERS)
    await gate.tell(turn=second.turn, succeeded=True)
    assert (await read_standing(provider=unique, redis=redis)).state is BreakerState.CLOSED
    for key in [key async for key in redis.scan_iter(match=f"*{{{unique}}}:b*")]:
        assert 0 < await redis.pttl(key) < 3_600_000


async def test_whoever_waits_takes_nothing_and_is_given_a_place_in_its_own_line(
    redis: Redis, unique: str
) -> None:
    settings = GateSettings(orders_per_minute=600, failures_to_open=1, open_seconds_first=60)
    gate = SharedGate(provider=unique, settings=settings, redis=redis, at_ms=_START_MS)
    assert (await gate.look(lane=Lane.ORDERS, line="mer_a")).held is None
    for _ in range(settings.failures_to_open):
        told = await gate.admit(lane=Lane.ORDERS)
        await gate.tell(turn=told.turn, succeeded=False)
    waits = [await gate.look(lane=Lane.ORDERS, line=line) for line in ("mer_a",) * 3 + ("mer_b",)]
    assert [wait.held for wait in waits] == [HoldReason.OPEN] * 4
    assert [wait.wait_ms for wait in waits] == [60_000, 60_100, 60_200, 60_000]
    gate.at_ms = _START_MS + 60_100
    assert (await gate.look(lane=Lane.ORDERS, line="mer_c")).held is None
    assert (await gate.admit(lane=Lane.ORDERS)).held is None
    told = await gate.look(lane=Lane.ORDERS, line="mer_d")
    assert (told.held, told.wait_ms) == (HoldReason.HALF_OPEN, 1_000)
