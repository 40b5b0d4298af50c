"""The schedule that closes merchants' days: made once, kept up with this code; one day by hand."""

from datetime import timedelta
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleOverlapPolicy,
    SchedulePolicy,
)

from meqenet.settlement.terms import PAYOUT_HOUR
from workers.queue_worker import WORKFLOW_QUEUE
from workers.schedules import every_day, keep_schedule
from workflows.settlement_day import SETTLEMENT_DAY_ID, SettlementDay, SettlementDayWorkflow

_CATCH_UP: Final = timedelta(hours=12)
"""A morning that was missed for longer is made up for by the next one: it takes all that is due."""


async def schedule_settlement_days(*, client: Client) -> None:
    """Have merchants' days closed every morning. Every settlement worker asks; there is one.

    Lines are available from banking days on, so a morning on which banks are closed finds none.
    """
    await keep_schedule(client=client, schedule_id=SETTLEMENT_DAY_ID, schedule=_schedule())


def _schedule() -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            SettlementDayWorkflow.run,
            SettlementDay(),
            id=SETTLEMENT_DAY_ID,
            task_queue=WORKFLOW_QUEUE,
            static_summary="Close the day of every merchant with money due",
        ),
        spec=every_day(hour=PAYOUT_HOUR, comment="banks are open"),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.BUFFER_ONE, catchup_window=_CATCH_UP),
    )
