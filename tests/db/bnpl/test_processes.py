"""Which plans' processes have work left, and what is known of a plan without its process."""

from dataclasses import replace
from datetime import timedelta

import pytest

from activities.bnpl import BnplActivities
from activities.contracts.bnpl import BnplSteps, EndProcess, LoadPlan
from db.bnpl.processes import open_clocks, open_plans
from db.kernel.engine import Database
from meqenet.bnpl.events import CollectionAttemptFailed, CollectionStarted, PlanDeclined
from meqenet.bnpl.states import PlanState
from meqenet.errors import Defect
from tests.activities.bnpl.stories import AT, application, begun
from tests.backing import Databases


@pytest.fixture
def bnpl(databases: Databases) -> Database:
    return databases["bnpl"]


@pytest.fixture
def steps(bnpl: Database) -> BnplSteps:
    return BnplActivities(database=bnpl)


async def all_open(bnpl: Database, *, page: int) -> dict[str, PlanState]:
    found: dict[str, PlanState] = {}
    after: str | None = None
    while True:
        async with bnpl.read() as session:
            plans = await open_plans(session=session, after=after, limit=page)
        if not plans:
            return found
        assert len(plans) <= page
        after = plans[-1].plan_id
        found |= {plan.plan_id: plan.state for plan in plans}


async def test_a_plan_is_open_until_its_process_says_otherwise_whatever_its_state(
    bnpl: Database, steps: BnplSteps, unique: str
) -> None:
    lives = [await begun(steps, application(f"{unique}{n}", "pay_in_4")) for n in range(3)]
    declined, ended, applied = lives
    for life in (declined, ended):
        await life.record(PlanDeclined(reasons=(("no", "No."),)), "declined")
    for _ in range(2):
        await steps.end_process(EndProcess(plan_id=ended.plan.plan_id, at=AT))
    found = await all_open(bnpl, page=2)
    mine = {life.plan.plan_id: found.get(life.plan.plan_id) for life in lives}
    assert mine == {
        declined.plan.plan_id: PlanState.DECLINED,
        ended.plan.plan_id: None,
        applied.plan.plan_id: PlanState.APPLIED,
    }


async def test_the_end_of_an_unknown_process_is_a_defect(steps: BnplSteps) -> None:
    with pytest.raises(Defect, match="not in the store"):
        await steps.end_process(EndProcess(plan_id="pln_none", at=AT))
    with pytest.raises(Defect, match="not in the store"):
        await steps.load_plan(LoadPlan(plan_id="pln_none"))


async def test_a_clock_stands_where_its_newest_plan_does_and_binds_the_open_ones(
    bnpl: Database, steps: BnplSteps, unique: str
) -> None:
    clock = f"clk_{unique}"
    plans = [
        replace(
            application(f"{unique}{n}", "pay_in_4"),
            merchant_id=f"mrc_{unique}",
            test_clock_id=clock if n < 2 else None,
        )
        for n in range(3)
    ]
    living, over, _ = [await begun(steps, plan) for plan in plans]
    await over.record(PlanDeclined(reasons=()), "declined")
    await steps.end_process(EndProcess(plan_id=over.plan.plan_id, at=AT))
    async with bnpl.read() as session:
        (found,) = [c for c in await open_clocks(session=session) if c.clock_id == clock]
    assert (found.merchant_id, found.plan_ids) == (f"mrc_{unique}", (living.plan.plan_id,))
    assert found.now == over.now
    loaded = await steps.load_plan(LoadPlan(plan_id=living.plan.plan_id))
    assert loaded.test_clock_now == over.now
    await steps.end_process(EndProcess(plan_id=living.plan.plan_id, at=AT))
    async with bnpl.read() as session:
        assert clock not in {c.clock_id for c in await open_clocks(session=session)}


async def test_what_is_loaded_is_what_was_opened_offered_and_lived(
    steps: BnplSteps, unique: str
) -> None:
    plan = application(unique, "pay_in_4")
    terms = await steps.open_plan(plan)
    life = await begun(steps, plan)
    await life.offered()
    activated = await life.activated(on=AT.date())
    first, second = activated.installments[:2]
    await life.record(life.payment(first), "active")
    await life.record(CollectionStarted(number=2), "active")
    again_at = life.now + timedelta(days=1)
    failed = CollectionAttemptFailed(
        number=2, attempt_id="a", cause="insufficient_funds", next_attempt_at=again_at
    )
    await life.record(failed, "past_due", step="try again")
    loaded = await steps.load_plan(LoadPlan(plan_id=plan.plan_id))
    assert loaded.terms == terms
    assert (loaded.state, loaded.ended, loaded.next_step) == ("past_due", False, "try again")
    assert loaded.tier == "B"
    assert [row.planned for row in loaded.installments] == list(activated.installments)
    assert [row.state for row in loaded.installments[:2]] == ["paid", "collecting"]
    assert loaded.progress.sequence == life.sequence
    collection = loaded.progress.collection(number=2)
    assert (collection.started_on, collection.failed) == (second.due_on, 1)
    assert collection.next_attempt_at == again_at
    for field in ("merchant_id", "reference", "request_hash", "option", "amount"):
        assert getattr(loaded, field) == getattr(plan, field)
