"""Events that this program is too old for stay parked, and whoever asks is told so."""

from db.kernel.events import NewEvent, append
from tests.apps.cli.operating import meqenet
from tests.workers.poison import AT, three_events
from tests.workers.worlds import World


async def test_a_retry_that_fails_again_says_why_and_exits_1(world: World, unique: str) -> None:
    plan_id = f"pln_{unique}"
    newer = NewEvent(
        event_id=f"{plan_id}-e1",
        stream=plan_id,
        event_type="plan_opened",
        version=9,
        data={},
        at=AT,
    )
    await three_events(world, f"pln_{unique}b")
    async with world["bnpl"].write() as session:
        await append(session=session, event=newer)
    await world.catch_up()
    tried = await meqenet("events", "retry", "--all", world=world)
    assert tried.code == 1
    why = "0 taken in, then event 1 failed: event_version_unknown"
    assert f"portfolio  bnpl  {plan_id}: {why}\n" in tried.out
    rebuilt = await meqenet("rebuild", "portfolio", world=world)
    assert (rebuilt.code, rebuilt.out) == (
        1,
        "rebuilt portfolio from 4 events, 1 of them parked\n",
    )
    assert rebuilt.err.endswith("not all could be taken in: meqenet events parked\n")
