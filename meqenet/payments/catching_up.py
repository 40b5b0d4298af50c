"""An attempt whose planned time has passed: made at once, unless it is quiet now."""

from dataclasses import replace
from datetime import datetime, timedelta

from meqenet.calendar import addis_date, at_addis
from meqenet.payments.quiet_hours import QuietHours
from meqenet.payments.retry import NextAttempt
from meqenet.payments.retry_reasons import Delay


def caught_up(*, planned: NextAttempt, now: datetime, quiet: QuietHours | None) -> NextAttempt:
    """The attempt as it can still be made.

    Whoever was stopped over the planned time, or hears of a failure late, does not wait for the
    next day: the money is due. But no phone rings at night for it.

    Args:
        planned: when it should have been, or will be.
        now: the present, aware.
        quiet: the hours in which its channel is not used.
    """
    if planned.at >= now:
        return planned
    if quiet is None or not quiet.contain_instant(now):
        return replace(planned, at=now)
    today = addis_date(at=now)
    ends = at_addis(on=today, hour=quiet.end.hour, minute=quiet.end.minute)
    if ends <= now:
        tomorrow = today + timedelta(days=1)
        ends = at_addis(on=tomorrow, hour=quiet.end.hour, minute=quiet.end.minute)
    met = {*planned.delays, Delay.QUIET_HOURS}
    return replace(planned, at=ends, delays=tuple(delay for delay in Delay if delay in met))
