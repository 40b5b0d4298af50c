"""The schedule of the daily accrual, at the Temporal server: made once, kept up with this code."""

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

from workers.queue_worker import WORKFLOW_QUEUE
from workflows.daily_accrual import DAILY_ACCRUAL_ID, DailyAccrual, DailyAccrualWorkflow

_MINUTES_PAST_MIDNIGHT: Final = 5
_CATCH_UP: Final = timedelta(days=1)
"""A run that was missed for longer is not made up for: the next one accrues all days behind."""


async def schedule_accruals(*, client: Client) -> None:
    """Have the day accrued every night. Every worker of the ledger asks for it; there is one."""
    try:
        await client.create_schedule(DAILY_ACCRUAL_ID, _schedule())
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(DAILY_ACCRUAL_ID).update(_as_now)


def _schedule() -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            DailyAccrualWorkflow.run,
            DailyAccrual(),
            id=DAILY_ACCRUAL_ID,
            task_queue=WORKFLOW_QUEUE,
            static_summary="Accrue the interest of the day that is over",
        ),
        spec=ScheduleSpec(
            calendars=[
                ScheduleCalendarSpec(
                    hour=[ScheduleRange(0)],
                    minute=[ScheduleRange(_MINUTES_PAST_MIDNIGHT)],
                    comment="the day in Addis Ababa is over",
                )
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
