"""The schedule of the daily accrual, at the Temporal server: made once, kept up with this code."""

from datetime import timedelta
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleOverlapPolicy,
    SchedulePolicy,
)

from workers.queue_worker import WORKFLOW_QUEUE
from workers.schedules import every_day, keep_schedule
from workflows.daily_accrual import DAILY_ACCRUAL_ID, DailyAccrual, DailyAccrualWorkflow

_MINUTES_PAST_MIDNIGHT: Final = 5
_CATCH_UP: Final = timedelta(days=1)
"""A run that was missed for longer is not made up for: the next one accrues all days behind."""


async def schedule_accruals(*, client: Client) -> None:
    """Have the day accrued every night. Every worker of the ledger asks for it; there is one."""
    await keep_schedule(client=client, schedule_id=DAILY_ACCRUAL_ID, schedule=_schedule())


def _schedule() -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            DailyAccrualWorkflow.run,
            DailyAccrual(),
            id=DAILY_ACCRUAL_ID,
            task_queue=WORKFLOW_QUEUE,
            static_summary="Accrue the interest of the day that is over",
        ),
        spec=every_day(
            hour=0, minute=_MINUTES_PAST_MIDNIGHT, comment="the day in Addis Ababa is over"
        ),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.BUFFER_ONE, catchup_window=_CATCH_UP),
    )
