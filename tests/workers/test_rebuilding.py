"""Read models come back byte for byte from the events alone, of whatever version they are."""

import asyncio
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from db.analytics import views
from db.analytics.models import CUSTOMERS, MODELS
from db.kernel.encryption import Keyring
from db.kernel.events import NewEvent, append
from db.kernel.histories import read_streams
from meqenet.event_chain import EventContent
from meqenet.money import Money
from tests.workers.test_read_models import live
from tests.workers.worlds import World
from workers.rebuilding import rebuild
from workers.settings import Domain
from workers.verifying.read_models import told

AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
OLD_CUSTOMER = "cus_of_old"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lived(world: World, keyring: Keyring) -> World:
    """Plans, and a decision as it was written before decisions told their limit."""
    await live(world, keyring, seed=21, plans=6)
    decided = NewEvent(
        event_id="pln_of_old-decided",
        stream=OLD_CUSTOMER,
        event_type="credit_decided",
        version=1,
        data={
            "plan_id": "pln_of_old",
            "approved": True,
            "tier": "D",
            "held": Money.from_birr(900),
            "policy_version": 1,
        },
        at=AT,
    )
    async with world["credit"].write() as session:
        await append(session=session, event=decided)
    await world.catch_up()
    return world


async def _rebuild(world: World, name: str) -> list[tuple[int, int]]:
    seen = list[tuple[int, int]]()

    def note(passed: int, total: int) -> None:
        seen.append((passed, total))

    count = await rebuild(
        model=MODELS[name], database=world.analytics, redis=world.redis, on_progress=note
    )
    assert count == seen[-1][1]
    return seen


async def test_a_decision_of_old_is_read_as_one_of_today(lived: World) -> None:
    async with lived.analytics.read() as session:
        shown = await views.customer_exposure(session=session, customer_id=OLD_CUSTOMER)
    assert shown is not None
    assert (shown.held, shown.customer.limit, shown.customer.tier) == (
        Money.from_birr(900),
        None,
        "D",
    )
    assert await lived.parked() == []


async def test_whoever_verifies_the_models_reads_it_so_too(lived: World) -> None:
    async with lived["credit"].read() as session:
        log = (await read_streams(session=session, streams=[OLD_CUSTOMER]))[OLD_CUSTOMER]
    assert [content.version for content in log] == [1]
    events: list[tuple[Domain, EventContent]] = [("credit", content) for content in log]
    async with lived.analytics.read() as session:
        shown = await views.customer_exposure(session=session, customer_id=OLD_CUSTOMER)
    assert shown is not None
    assert told(sheet=CUSTOMERS, log=events) == {OLD_CUSTOMER: shown.customer}


@pytest.mark.parametrize("name", list(MODELS))
async def test_a_rebuilt_model_is_the_same_byte_for_byte(lived: World, name: str) -> None:
    before = await lived.dump()
    seen = await _rebuild(lived, name)
    assert await lived.dump() == before
    assert seen == sorted(seen)
    assert seen[0][0] == 0
    assert seen[-1][0] == seen[-1][1] > 0


async def test_workers_may_go_on_meanwhile(lived: World, keyring: Keyring) -> None:
    """New plans are told, and another consumer takes them in, while all models are rebuilt."""
    stop = asyncio.Event()
    consumers = [
        asyncio.create_task(lived.consumer(name, batch_max=5).run(stop=stop)) for name in MODELS
    ]
    living = asyncio.create_task(live(lived, keyring, seed=22, plans=4))
    while not living.done():
        await lived.relay()
        for name in MODELS:
            await _rebuild(lived, name)
    await living
    stop.set()
    await asyncio.gather(*consumers)
    await lived.catch_up()
    before = await lived.dump()
    for name in MODELS:
        await _rebuild(lived, name)
    assert await lived.dump() == before
    assert await lived.parked() == []


async def test_streams_that_redis_lost_come_back_and_so_do_the_models(lived: World) -> None:
    before = await lived.dump()
    await lived.redis.flushdb()
    await lived.relay()
    for name in MODELS:
        await _rebuild(lived, name)
    assert await lived.dump() == before
