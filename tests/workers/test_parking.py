"""An event that cannot be taken in holds up its own plan, until somebody mends what is wrong."""

from dataclasses import replace
from datetime import timedelta

import pytest

from db.analytics import views
from db.analytics.models import MODELS
from db.kernel.events import NewEvent, append
from db.kernel.parking import ParkedEvent, Queue
from meqenet.money import Money
from tests.workers.poison import (
    AT,
    MODEL,
    Bug,
    a_fourth,
    divide_by_nothing,
    make_unstorable,
    take_with,
    three_events,
)
from tests.workers.worlds import World
from workers.consuming import retry_queue
from workers.intake import Retried


async def _state(world: World, plan_id: str) -> str | None:
    async with world.analytics.read() as session:
        shown = await views.plan_overview(session=session, plan_id=plan_id)
    return None if shown is None else shown.state


async def _parked(world: World, plan_id: str) -> list[ParkedEvent]:
    return [event for event in await world.parked() if event.stream == plan_id]


async def _mend(world: World, plan_id: str) -> Retried:
    """Try again with a program that has no bug."""
    queue = Queue(consumer=MODEL, source="bnpl", stream=plan_id)
    return await retry_queue(model=MODELS[MODEL], database=world.analytics, queue=queue)


@pytest.mark.parametrize("batch_max", [1, 2, 50])
@pytest.mark.parametrize("does", [divide_by_nothing, make_unstorable])
async def test_a_poison_event_blocks_its_own_plan_only(
    world: World, unique: str, does: object, batch_max: int
) -> None:
    poisoned, other = f"pln_{unique}a", f"pln_{unique}b"
    for plan_id in (poisoned, other):
        await three_events(world, plan_id)
    bug = Bug(stream=poisoned, sequence=2, does=does)  # type: ignore[arg-type]  # either of the two
    await take_with(world, bug, batch_max=batch_max)
    assert await _state(world, other) == "expired"
    assert await _state(world, poisoned) == "applied"
    second, third = await _parked(world, poisoned)
    assert second.failure is not None
    assert (second.sequence, second.tries) == (2, 1)
    assert (third.sequence, third.tries, third.failure) == (3, 0, None)
    assert await _mend(world, poisoned) == Retried(taken=2, is_empty=True)
    assert await _state(world, poisoned) == "expired"
    assert await _parked(world, poisoned) == []


async def test_what_is_kept_of_the_error_holds_nothing_private(world: World, unique: str) -> None:
    plan_id = f"pln_{unique}"
    await three_events(world, plan_id)
    await take_with(world, Bug(stream=plan_id, sequence=1, does=divide_by_nothing))
    head = (await _parked(world, plan_id))[0]
    assert head.failure is not None
    assert (head.failure.error_type, head.failure.error_code) == ("ZeroDivisionError", None)
    assert "Abebe" not in repr(head)
    await _mend(world, plan_id)


async def test_after_set_tries_it_waits_until_a_person_asks(world: World, unique: str) -> None:
    plan_id = f"pln_{unique}"
    await three_events(world, plan_id)
    consumer = await take_with(world, Bug(stream=plan_id, sequence=2, does=divide_by_nothing))
    tries = [(await _parked(world, plan_id))[0].tries]
    while await consumer.retry_due():
        tries.append((await _parked(world, plan_id))[0].tries)
    assert tries == [1, 2, 3, 4]
    assert len(consumer.pauses) == 3
    assert (await _parked(world, plan_id))[0].next_try_at is None
    assert await _mend(world, plan_id) == Retried(taken=2, is_empty=True)


async def test_what_comes_later_waits_behind_it_and_is_taken_in_after_it(
    world: World, unique: str
) -> None:
    """Also when the bug is mended by then: no event overtakes another of its plan."""
    plan_id, amount = f"pln_{unique}", Money.from_birr(250)
    await three_events(world, plan_id)
    consumer = await take_with(world, Bug(stream=plan_id, sequence=3, does=divide_by_nothing))
    await a_fourth(world, plan_id, amount=amount)
    await world.relay()
    await world.consume(names=[MODEL])
    assert [event.sequence for event in await _parked(world, plan_id)] == [3, 4]
    consumer.model = MODELS[MODEL]
    assert await consumer.retry_due() == 1
    assert await _parked(world, plan_id) == []
    async with world.analytics.read() as session:
        shown = await views.plan_overview(session=session, plan_id=plan_id)
    assert shown is not None
    assert (shown.state, shown.returned) == ("expired", amount)


async def test_a_retry_that_fails_says_so_and_keeps_the_rest(world: World, unique: str) -> None:
    plan_id = f"pln_{unique}"
    await three_events(world, plan_id)
    consumer = await take_with(world, Bug(stream=plan_id, sequence=1, does=divide_by_nothing))
    later = Bug(stream=plan_id, sequence=3, does=make_unstorable).within(MODELS[MODEL])
    queue = Queue(consumer=MODEL, source="bnpl", stream=plan_id)
    tried = await retry_queue(
        model=later, database=world.analytics, queue=queue, pauses=consumer.pauses
    )
    assert tried == Retried(taken=2, is_empty=False)
    assert await _state(world, plan_id) == "identity_required"
    (left,) = await _parked(world, plan_id)
    assert left.sequence == 3
    assert left.failure is not None
    assert await _mend(world, plan_id) == Retried(taken=1, is_empty=True)


async def test_an_event_of_a_version_to_come_is_parked_and_never_guessed(
    world: World, unique: str
) -> None:
    plan_id, other = f"pln_{unique}a", f"pln_{unique}b"
    newer = NewEvent(
        event_id=f"{plan_id}-e1",
        stream=plan_id,
        event_type="plan_opened",
        version=2,
        data={"state": "applied", "kind": "plan_opened"},
        at=AT,
    )
    async with world["bnpl"].write() as session:
        await append(session=session, event=newer)
        await append(
            session=session,
            event=replace(newer, event_id=f"{plan_id}-e2", at=AT + timedelta(hours=1)),
        )
    await three_events(world, other)
    await world.catch_up()
    assert await _state(world, other) == "expired"
    assert await _state(world, plan_id) is None
    first, second = [event for event in await _parked(world, plan_id) if event.consumer == MODEL]
    assert first.failure is not None
    assert first.failure.error_code == "event_version_unknown"
    assert second.failure is None
    # Nobody will ever know that version: it is taken away, and not left to other tests.
    forget = "DELETE FROM parked_events WHERE stream = :plan_id"
    await world.run("analytics", forget, plan_id=plan_id)
