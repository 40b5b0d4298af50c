from dataclasses import replace
from datetime import date, timedelta

import pytest

from activities.bnpl import BnplActivities
from activities.contracts.bnpl import BnplSteps
from db.bnpl import views
from db.kernel.engine import Database
from meqenet.bnpl.events import PlanDeclined
from meqenet.bnpl.options import PaymentOption
from meqenet.bnpl.states import PlanState
from tests.activities.bnpl.stories import AT, application, begun
from tests.backing import Databases


@pytest.fixture
def bnpl(databases: Databases) -> Database:
    return databases["bnpl"]


@pytest.fixture
async def plans(bnpl: Database, unique: str) -> list[str]:
    """Five plans of one merchant, an hour apart but for the last two; the third is declined."""
    steps: BnplSteps = BnplActivities(database=bnpl)
    ids = []
    for number, hours in enumerate((0, 1, 2, 3, 3)):
        plan = replace(
            application(f"{unique}{number}", "pay_in_4"),
            merchant_id=f"mrc_{unique}",
            at=AT + timedelta(hours=hours),
        )
        life = await begun(steps, plan)
        if number == 2:
            await life.record(PlanDeclined(reasons=(("no", "No."),)), "declined")
        ids.append(plan.plan_id)
    return ids


async def test_a_merchant_sees_its_own_plans_only(
    bnpl: Database, plans: list[str], unique: str
) -> None:
    async with bnpl.read() as session:
        mine = await views.plan_view(session=session, plan_id=plans[0], merchant_id=f"mrc_{unique}")
        anybodys = await views.plan_view(session=session, plan_id=plans[0])
        others = await views.plan_view(session=session, plan_id=plans[0], merchant_id="mrc_x")
        nobodys = await views.plan_view(session=session, plan_id="pln_none")
    assert mine is not None
    assert mine == anybodys
    assert (others, nobodys) == (None, None)


async def test_the_newest_event_of_each_plan_is_told(bnpl: Database, plans: list[str]) -> None:
    async with bnpl.read() as session:
        newest = await views.newest_events(session=session, plan_ids=[*plans, "pln_none"])
        told = {plan: await views.events_of(session=session, plan_id=plan) for plan in plans}
        shown = [await views.plan_view(session=session, plan_id=plan) for plan in plans]
    assert newest == {plan: len(events) for plan, events in told.items()}
    assert [view and view.sequence for view in shown] == [newest[plan] for plan in plans]


async def test_plans_are_counted_by_state(bnpl: Database, plans: list[str], unique: str) -> None:
    async with bnpl.read() as session:
        mine = await views.plans_by_state(session=session, merchant_id=f"mrc_{unique}")
        all_of_them = await views.plans_by_state(session=session)
    assert mine == {PlanState.APPLIED: len(plans) - 1, PlanState.DECLINED: 1}
    assert all(all_of_them[state] >= count for state, count in mine.items())


async def test_the_products_of_a_day_are_one_version_of_each_option(bnpl: Database) -> None:
    async with bnpl.read() as session:
        today = await views.products_on(session=session, on=date(2026, 11, 23))
        too_early = await views.products_on(session=session, on=date(2025, 12, 31))
    assert [product.option for product in today] == list(PaymentOption)
    assert too_early == ()
