"""The nightly accrual of the running system: plans in real time earn, others by their own clock."""

from datetime import date, datetime, timedelta

from db.ledger.views import balance, entries_of
from meqenet.calendar import addis_date, at_addis
from meqenet.ledger.accruals import interest_by_day
from meqenet.ledger.day_counts import DayCount
from meqenet.money import Money, total
from tests.journeys.conftest import Town
from tests.journeys.evidence import postings
from tests.journeys.test_verify import run_verify
from workers.queue_worker import WORKFLOW_QUEUE
from workflows.daily_accrual import DAILY_ACCRUAL_ID, DailyAccrual, DailyAccrualWorkflow

_NIGHTS = 3


async def _activated_at(town: Town, plan_id: str) -> datetime:
    async with town.store("ledger").read() as session:
        entries = await entries_of(session=session, plan_id=plan_id)
    return next(entry.effective_at for entry in entries if entry.kind == "plan_became_active")


async def _night(town: Town, until: datetime) -> int:
    return await town.temporal.execute_workflow(
        DailyAccrualWorkflow.run,
        DailyAccrual(until=until),
        id=f"{DAILY_ACCRUAL_ID}-{town.unique}",
        task_queue=WORKFLOW_QUEUE,
    )


async def test_days_that_are_over_are_earned_at_night_each_once(town: Town) -> None:
    customer = await town.customer(provider="mpesa")
    purchase = town.purchase(customer, "pay_over_time", amount="12000.00", count=6)
    plan_id = await town.active(customer, purchase)
    other = await town.customer(provider="mpesa")
    clock = await town.clock()
    on_test_clock = await town.active(
        other, town.purchase(other, "pay_over_time", amount="12000.00", count=6, clock=clock)
    )
    activated_on = addis_date(at=await _activated_at(town, plan_id))
    until = at_addis(on=activated_on + timedelta(days=_NIGHTS), hour=0, minute=5)
    assert await _night(town, until) >= 1
    accrued = await postings(town, plan_id, kinds=("interest_accrued",))
    first = (await town.shop.plan(plan_id))["schedule"][0]
    earned = [
        daily
        for daily in interest_by_day(
            interest=Money.from_birr(first["interest"]),
            starts_on=activated_on,
            ends_on=date.fromisoformat(first["due_on"]["gregorian"]),
            day_count=DayCount.THIRTY_360,
        )
        if daily.day < activated_on + timedelta(days=_NIGHTS)
    ]
    assert accrued == [f"{plan_id}-i01-d{daily.day:%Y%m%d}" for daily in earned]
    await _night(town, until)
    assert await postings(town, plan_id, kinds=("interest_accrued",)) == accrued
    assert await postings(town, on_test_clock, kinds=("interest_accrued",)) == []
    async with town.store("ledger").read() as session:
        owed = await balance(session=session, prefix=f"interest_receivable:{plan_id}")
    assert owed == total(daily.amount for daily in earned)
    code, _, told = await run_verify(town, "--plan", on_test_clock)
    assert (code, told) == (0, ""), "the books of a plan that is under way agree as well"


async def test_the_night_is_on_the_schedule(town: Town) -> None:
    found = await town.temporal.get_schedule_handle(DAILY_ACCRUAL_ID).describe()
    assert not found.schedule.state.paused
    assert found.info.next_action_times
