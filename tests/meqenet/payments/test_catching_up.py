"""An attempt whose time has passed is made at once, and never while it is quiet."""

from datetime import time, timedelta

import pytest

from meqenet.payments.catching_up import caught_up
from meqenet.payments.quiet_hours import QuietHours
from meqenet.payments.retry import NextAttempt
from meqenet.payments.retry_reasons import AttemptReason, Delay
from tests.meqenet.payments.collecting import addis

NIGHT = QuietHours(start=time(21), end=time(8))


@pytest.mark.parametrize(
    ("now", "made_at", "delays"),
    [
        ("2026-12-07 09:00", "2026-12-07 10:00", ()),
        ("2026-12-07 10:00", "2026-12-07 10:00", ()),
        ("2026-12-07 20:59", "2026-12-07 20:59", ()),
        ("2026-12-07 21:00", "2026-12-08 08:00", (Delay.QUIET_HOURS,)),
        ("2026-12-08 07:59", "2026-12-08 08:00", (Delay.QUIET_HOURS,)),
        ("2026-12-08 08:00", "2026-12-08 08:00", ()),
    ],
)
def test_a_missed_time_is_made_up_for(now: str, made_at: str, delays: tuple[Delay, ...]) -> None:
    planned = NextAttempt(
        at=addis("2026-12-07 10:00"), reason=AttemptReason.DUE, delays=(), counter=None
    )
    made = caught_up(planned=planned, now=addis(now), quiet=NIGHT)
    assert (made.at, made.delays, made.reason) == (addis(made_at), delays, AttemptReason.DUE)


def test_a_silent_debit_without_quiet_hours_is_made_at_night() -> None:
    planned = NextAttempt(
        at=addis("2026-12-07 10:00"),
        reason=AttemptReason.DUE,
        delays=(Delay.HOLIDAY,),
        counter=None,
    )
    now = addis("2026-12-07 10:00") + timedelta(hours=13)
    made = caught_up(planned=planned, now=now, quiet=None)
    assert (made.at, made.delays) == (now, (Delay.HOLIDAY,))
