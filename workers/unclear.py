"""What somebody has to look at: payments of unknown end, and callbacks for no order of ours."""

from dataclasses import dataclass
from datetime import datetime

from db.kernel.engine import ReadSession
from db.payments.policies import query_times_on
from db.payments.unclear import (
    OverdueUnknown,
    UnclaimedCallback,
    overdue_unknowns,
    unclaimed_callbacks,
)
from meqenet.calendar import addis_date


@dataclass(frozen=True, kw_only=True)
class Unclear:
    """What somebody has to look at, as of a moment."""

    as_of: datetime
    unknown: tuple[OverdueUnknown, ...]
    unclaimed: tuple[UnclaimedCallback, ...]


async def read_unclear(*, session: ReadSession, now: datetime) -> Unclear:
    """By the policy's age of an alarm.

    Raises:
        Defect: ``collection_policy_missing``.
    """
    times = await query_times_on(session=session, day=addis_date(at=now))
    return Unclear(
        as_of=now,
        unknown=await overdue_unknowns(session=session, now=now, alarm_after=times.alarm_after),
        unclaimed=await unclaimed_callbacks(session=session),
    )
