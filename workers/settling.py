"""The schedule that closes merchants' days: made once, kept up with this code; one day by hand."""

from datetime import timedelta
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from meqenet.settlement.terms import PAYOUT_HOUR
from workers.queue_worker import WORKFLOW_QUEUE
from workflows.settlement_day import SETTLEMENT_DAY_ID, SettlementDay, SettlementDayWorkflow

_CATCH_UP: Final = timedelta(hours=12)
"""A morning that was missed for longer is made up for by the next one: it takes all that is due."""


async def schedule_settlement_days(*, client: Client) -> None:
    """Have merchants' days closed every morning. Every settlement worker asks; there is one.

    Lines are available from banking days on, so a morning on which banks are closed finds none.
    """
    try:
        await client.create_schedule(SETTLEMENT_DAY_ID, _schedule())
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(SETTLEMENT_DAY_ID).update(_as_now)


def _schedule() -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            SettlementDayWorkflow.run,
            SettlementDay(),
            id=SETTLEMENT_DAY_ID,
            task_queue=WORKFLOW_QUEUE,
            static_summary="Close the day of every merchant with money due",
        ),
        spec=ScheduleSpec(
            calendars=[
                ScheduleCalendarSpec(hour=[ScheduleRange(PAYOUT_HOUR)], comment="banks are open")
            ],
            time_zone_name="Africa/Addis_Ababa",
        ),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.BUFFER_ONE, catchup_window=_CATCH_UP),
    )


def _as_now(found: ScheduleUpdateInput) -> ScheduleUpdate:
    """As this code has it; whether somebody has paused it stays as it is."""
    schedule = _schedule()
    schedule.state = found.description.schedule.state
    return ScheduleUpdate(schedule=schedule)
