"""Schedules at the Temporal server: made once, kept up with this code."""

from dataclasses import replace

from temporalio.client import (
    Client,
    Schedule,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)


def every_day(*, hour: int, minute: int = 0, comment: str) -> ScheduleSpec:
    """Once a day, when clocks in Addis Ababa show this time. ``comment``: why then."""
    return ScheduleSpec(
        calendars=[
            ScheduleCalendarSpec(
                hour=[ScheduleRange(hour)], minute=[ScheduleRange(minute)], comment=comment
            )
        ],
        time_zone_name="Africa/Addis_Ababa",
    )


async def keep_schedule(*, client: Client, schedule_id: str, schedule: Schedule) -> None:
    """Make a schedule, or have the one that is there read as this code has it.

    Every worker that serves it may ask: there is one. Whether somebody has paused it stays as it
    is.
    """

    def as_now(found: ScheduleUpdateInput) -> ScheduleUpdate:
        return ScheduleUpdate(schedule=replace(schedule, state=found.description.schedule.state))

    try:
        await client.create_schedule(schedule_id, schedule)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(schedule_id).update(as_now)
