"""What is held back was not sent; how calls go is counted; and nothing fails without Redis."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from apps.runtime.child import spawn
from apps.runtime.ports import free_ports
from apps.runtime.valkey import url_of_valkey, valkey_part
from integrations.throttling.gate import ProviderGate
from integrations.throttling.settings import GateSettings
from integrations.throttling.shared import SharedGate, read_standing
from meqenet.errors import Defect, MeqenetError, OutcomeUnknown, Refusal, Unavailable
from meqenet.payments.circuit_breaker import BreakerState
from meqenet.payments.lanes import HeldBack, HoldReason, Lane
from tests.waiting import eventually
from workers.gates import Gates, gate_redis, now_ms

_QUICK = GateSettings(failures_to_open=2, open_seconds_first=60, open_seconds_max=60)
_PASSWORD = "of-one-test"  # noqa: S105 - and of no other
_FAULTS = (Unavailable("p_unavailable", "busy"), OutcomeUnknown("p_unknown", "lost"))
_ANSWERS = (Refusal("p_refused", "no"), Defect("p_refuses_us", "our signature"))


def _gate(provider: str, redis: Redis | None, *, settings: GateSettings = _QUICK) -> ProviderGate:
    shared = None
    if redis is not None:
        shared = SharedGate(provider=provider, settings=settings, redis=redis)
    return ProviderGate(provider=provider, settings=settings, shared=shared, now_ms=now_ms)


async def _call(gate: ProviderGate, error: MeqenetError | None = None) -> bool:
    """Make a call that ends so; whether it was made."""
    try:
        async with gate.passing(lane=Lane.ORDERS):
            if error is not None:
                raise error
    except HeldBack:
        return False
    except (Unavailable, OutcomeUnknown, Refusal, Defect):
        return error is not None
    return error is None


async def test_without_redis_all_that_call_a_provider_share_one_gate_of_the_process() -> None:
    """Payments and payouts both go through M-PESA's: its rate and its failures are of both."""
    gates = Gates(redis_url=None, read=lambda _kind: _QUICK)
    for fault in _FAULTS:
        assert await _call(gates.before(provider="mpesa"), fault)
    assert not await _call(gates.before(provider="mpesa"))
    assert await _call(gates.before(provider="bank"))
    await gates.close()


async def test_silence_is_a_fault_and_every_answer_a_sign_of_life(
    redis: Redis, unique: str
) -> None:
    """Two workers learn from each other; whoever is held back is told when to come again."""
    one, other = _gate(unique, redis), _gate(unique, redis)
    for answer in (*_ANSWERS, None):
        assert await _call(one, _FAULTS[0])
        assert await _call(other, answer)
    for fault in _FAULTS:
        assert await _call(one, fault)
    standing = await read_standing(provider=unique, redis=redis)
    assert standing.state is BreakerState.OPEN
    assert not await _call(other)
    for lane in Lane:
        with pytest.raises(HeldBack) as held:
            await other.await_turn(lane=lane, line="mer_a")
        assert held.value.reason is HoldReason.OPEN
        assert held.value.retry_after is not None
        assert 0 < held.value.retry_after.total_seconds() <= 60
        assert (held.value.code, unique in held.value.text) == ("held_back", True)


async def test_a_short_wait_is_spent_in_line_and_a_long_one_elsewhere(
    redis: Redis, unique: str
) -> None:
    settings = GateSettings(orders_per_minute=600, burst=1)
    gates = [_gate(unique, redis, settings=settings) for _ in range(2)]
    done: list[int] = []

    async def call(number: int) -> None:
        async with gates[0].passing(lane=Lane.ORDERS):
            done.append(number)

    await asyncio.gather(*(call(number) for number in range(5)))
    assert done == [0, 1, 2, 3, 4]
    slow = GateSettings(orders_per_minute=1, burst=1)
    gate = _gate(f"{unique}-slow", redis, settings=slow)
    assert await _call(gate)
    assert not await _call(gate)
    with pytest.raises(HeldBack) as held:
        await gate.await_turn(lane=Lane.ORDERS, line="mer_a")
    assert held.value.reason is HoldReason.RATE
    await gate.await_turn(lane=Lane.QUESTIONS, line="mer_a")


@asynccontextmanager
async def _valkey(directory: Path, port: int) -> AsyncIterator[None]:
    part = valkey_part(
        directory=directory, port=port, password=_PASSWORD, log=directory / "log", durable=False
    )
    child = await spawn(command=part.command)
    try:
        await part.ready(child)
        yield
    finally:
        await child.stop()


async def test_while_redis_is_away_each_worker_keeps_to_its_part_and_says_so_once(
    tmp_path: Path, unique: str, caplog: pytest.LogCaptureFixture
) -> None:
    (port,) = free_ports(count=1)
    redis = gate_redis(url=url_of_valkey(port=port, password=_PASSWORD))
    settings = _QUICK.model_copy(update={"orders_per_minute": 2400, "workers_max": 4})
    gate = _gate(unique, redis, settings=settings)
    caplog.set_level(logging.INFO, logger="integrations.throttling.gate")
    async with _valkey(tmp_path, port):
        assert await _call(gate)
        assert (await read_standing(provider=unique, redis=redis)).counts == {"orders:admitted": 1}
    begun_ms = now_ms()
    for _ in range(4):
        assert await _call(gate)
    # A quarter of 40 a second, and nothing was left in the bucket.
    assert now_ms() - begun_ms >= 4 * 100 - 1
    for _ in range(2):
        assert await _call(gate, _FAULTS[0])
    assert not await _call(gate)
    with pytest.raises(HeldBack):
        await gate.await_turn(lane=Lane.QUESTIONS, line="mer_a")
    async with _valkey(tmp_path, port):
        # The shared breaker knows nothing of what this worker alone has seen.
        await eventually(lambda: _call(gate), bool)
        assert (await read_standing(provider=unique, redis=redis)).state is BreakerState.CLOSED
    said = [record.getMessage() for record in caplog.records]
    assert [(r.levelname, unique in r.getMessage()) for r in caplog.records] == [
        ("WARNING", True),
        ("INFO", True),
    ], said
    await redis.aclose()


@pytest.mark.parametrize(
    ("per_minute", "workers", "in_hand"),
    [(3000, 4, 50), (3000, 1, 200), (600, 4, 10), (60, 4, 4), (1, 1, 4)],
)
def test_a_worker_takes_no_more_in_hand_than_it_can_send_within_its_patience(
    per_minute: int, workers: int, in_hand: int
) -> None:
    settings = GateSettings(
        orders_per_minute=per_minute, questions_per_minute=per_minute, workers_max=workers
    )
    assert [settings.waiting_max(lane=lane) for lane in Lane] == [in_hand] * 2


def test_settings_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="open_seconds_max"):
        GateSettings(open_seconds_first=10, open_seconds_max=5)
