"""The night's accrual: a schedule that is there once, and a run that takes every plan."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import (
    ScheduleActionExecutionStartWorkflow,
    ScheduleHandle,
    ScheduleOverlapPolicy,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from activities.contracts.ledger import ACCRUE_DUE, AccrueDue, DueAccrued
from activities.edge import takes
from tests.waiting import eventually
from workers.accruing import schedule_accruals
from workers.queue_worker import WORKFLOW_QUEUE, worker_for
from workflows.daily_accrual import DAILY_ACCRUAL_ID, DailyAccrual, DailyAccrualWorkflow

_UNTIL = datetime(2026, 11, 23, 21, 5, tzinfo=UTC)


@dataclass
class Nights:
    """A ledger of so many plans that are behind, some of which cannot be accrued."""

    plans: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    accrued: list[str] = field(default_factory=list)
    asked_until: set[datetime] = field(default_factory=set)

    @takes(ACCRUE_DUE)
    async def accrue_due(self, command: AccrueDue) -> DueAccrued:
        self.asked_until.add(command.until)
        behind = [plan for plan in self.plans if plan > command.after_plan][: command.limit]
        done = [plan for plan in behind if plan not in self.broken]
        self.accrued += done
        return DueAccrued(
            count=len(done),
            failed=tuple(plan for plan in behind if plan in self.broken),
            last_plan=behind[-1] if behind else None,
        )


@pytest_asyncio.fixture(loop_scope="session")
async def nights(env: WorkflowEnvironment) -> AsyncIterator[Nights]:
    ledger = Nights()
    async with (
        worker_for(client=env.client, queue=WORKFLOW_QUEUE, activities=[]),
        worker_for(client=env.client, queue="ledger", activities=[ledger]),
    ):
        yield ledger


async def _run(env: WorkflowEnvironment, unique: str, start: DailyAccrual) -> int:
    return await env.client.execute_workflow(
        DailyAccrualWorkflow.run,
        start,
        id=f"{DAILY_ACCRUAL_ID}-{unique}",
        task_queue=WORKFLOW_QUEUE,
    )


async def test_every_plan_is_accrued_until_the_same_instant(
    env: WorkflowEnvironment, nights: Nights, unique: str
) -> None:
    nights.plans = [f"pln_{number:03d}" for number in range(55)]
    assert await _run(env, unique, DailyAccrual(until=_UNTIL)) == 55
    assert nights.accrued == nights.plans
    assert nights.asked_until == {_UNTIL}


async def test_a_run_goes_on_where_the_one_before_it_stopped(
    env: WorkflowEnvironment, nights: Nights, unique: str
) -> None:
    nights.plans = [f"pln_{number:03d}" for number in range(5)]
    start = DailyAccrual(until=_UNTIL, after_plan="pln_002", count=3)
    assert await _run(env, unique, start) == 5
    assert nights.accrued == ["pln_003", "pln_004"]


async def test_a_plan_that_cannot_be_accrued_is_named_when_all_others_are(
    env: WorkflowEnvironment, nights: Nights, unique: str
) -> None:
    nights.plans = [f"pln_{number:03d}" for number in range(30)]
    nights.broken = {"pln_004"}
    with pytest.raises(WorkflowFailureError) as failed:
        await _run(env, unique, DailyAccrual())
    cause = failed.value.cause
    assert isinstance(cause, ApplicationError)
    assert cause.type == "plans_not_accrued"
    assert "pln_004" in cause.message
    assert len(nights.accrued) == 29


@pytest_asyncio.fixture(loop_scope="session")
async def schedule(env: WorkflowEnvironment) -> AsyncIterator[ScheduleHandle]:
    await schedule_accruals(client=env.client)
    handle = env.client.get_schedule_handle(DAILY_ACCRUAL_ID)
    yield handle
    await handle.delete()


async def test_the_night_begins_when_the_day_in_addis_ababa_is_over(
    schedule: ScheduleHandle,
) -> None:
    found = await schedule.describe()
    assert found.schedule.policy.overlap is ScheduleOverlapPolicy.BUFFER_ONE
    for at in found.info.next_action_times:
        assert (at.astimezone(UTC).hour, at.minute) == (21, 5)


async def test_asked_for_again_it_is_one_schedule_and_stays_paused(
    env: WorkflowEnvironment, schedule: ScheduleHandle
) -> None:
    await schedule.pause(note="the auditor is here")
    await schedule_accruals(client=env.client)
    found = await schedule.describe()
    assert (found.schedule.state.paused, found.schedule.state.note) == (
        True,
        "the auditor is here",
    )

    async def accruing() -> list[str]:
        listed = await env.client.list_schedules()
        return [each.id async for each in listed if "accrual" in each.id]

    # The list follows what is made after a moment.
    await eventually(accruing, bool)
    assert await accruing() == [DAILY_ACCRUAL_ID]


async def test_what_the_schedule_starts_accrues_the_plans(
    env: WorkflowEnvironment, schedule: ScheduleHandle, nights: Nights
) -> None:
    nights.plans = ["pln_000"]
    await schedule.trigger()

    async def started() -> list[ScheduleActionExecutionStartWorkflow]:
        actions = (await schedule.describe()).info.recent_actions
        return [
            each.action
            for each in actions
            if isinstance(each.action, ScheduleActionExecutionStartWorkflow)
        ]

    first = (await eventually(started, bool))[0]
    run: WorkflowHandle[Any, int] = env.client.get_workflow_handle(
        first.workflow_id, result_type=int
    )
    assert await run.result() == 1
