"""How long collection may be held, and when an attempt is made that was held back."""

from datetime import UTC, date, datetime

import pytest

from meqenet.bnpl.collection_hold import (
    CollectionHold,
    HoldReason,
    last_day_of_hold,
    resumed_at,
)
from meqenet.bnpl.events import CollectionAttemptFailed, CollectionStarted, PlanEvent
from meqenet.bnpl.progress import progress_of
from meqenet.bnpl.staff_events import (
    CollectionPaused,
    CollectionResumed,
    CustomerUnreachable,
    NextAttemptMoved,
)

NOON = datetime(2026, 12, 1, 9, tzinfo=UTC)
"""Noon of the first of December in Addis Ababa."""


@pytest.mark.parametrize(
    ("reason", "latest"),
    [(HoldReason.PAUSED, date(2026, 12, 31)), (HoldReason.UNREACHABLE, date(2026, 12, 15))],
)
def test_a_hold_has_a_bound(reason: HoldReason, latest: date) -> None:
    assert last_day_of_hold(reason=reason, now=NOON) == latest


def test_a_hold_ends_at_the_hour_of_collection_in_addis() -> None:
    hold = CollectionHold(reason=HoldReason.PAUSED, until=date(2026, 12, 10))
    assert hold.ends_at(hour=10) == datetime(2026, 12, 10, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("planned", "at"),
    [
        (datetime(2026, 12, 3, 7, tzinfo=UTC), datetime(2026, 12, 3, 7, tzinfo=UTC)),
        (datetime(2026, 11, 28, 7, tzinfo=UTC), datetime(2026, 12, 2, 7, tzinfo=UTC)),
        (NOON, datetime(2026, 12, 2, 7, tzinfo=UTC)),
    ],
)
def test_what_was_planned_stays_planned_and_the_past_waits_for_the_next_hour(
    planned: datetime, at: datetime
) -> None:
    assert resumed_at(planned=planned, now=NOON, hour=10) == at


def test_before_the_hour_the_same_day_will_do() -> None:
    early = datetime(2026, 12, 1, 3, tzinfo=UTC)
    at = resumed_at(planned=datetime(2026, 11, 28, 7, tzinfo=UTC), now=early, hour=10)
    assert at == datetime(2026, 12, 1, 7, tzinfo=UTC)


BY, WHY = "stf_a", "disputed"


def test_the_log_tells_the_hold_and_the_moved_attempt() -> None:
    failed = CollectionAttemptFailed(
        number=1,
        attempt_id="pln_a-i01-a1",
        cause="no_funds",
        next_attempt_at=datetime(2026, 12, 4, 7, tzinfo=UTC),
    )
    moved_to = datetime(2026, 12, 10, 7, tzinfo=UTC)
    log: list[tuple[PlanEvent, datetime]] = [
        (CollectionStarted(number=1, next_attempt_at=NOON), NOON),
        (failed, NOON),
        (CollectionPaused(until=date(2026, 12, 10), by=BY, why=WHY), NOON),
        (NextAttemptMoved(number=1, next_attempt_at=moved_to), NOON),
    ]
    progress = progress_of(log=log)
    assert progress.hold == CollectionHold(reason=HoldReason.PAUSED, until=date(2026, 12, 10))
    known = progress.collection(number=1)
    assert known.next_attempt_at == moved_to
    # Six days later than planned: so are the distances that are left.
    assert known.started_on == date(2026, 12, 7)
    assert (known.attempts, known.failed) == (1, 1)


def test_the_newest_word_of_staff_counts() -> None:
    marked = CustomerUnreachable(until=date(2026, 12, 5), by=BY, why=WHY)
    paused = CollectionPaused(until=date(2026, 12, 10), by=BY, why=WHY)
    hold = progress_of(log=[(paused, NOON), (marked, NOON)]).hold
    assert hold == CollectionHold(reason=HoldReason.UNREACHABLE, until=date(2026, 12, 5))
    assert progress_of(log=[(marked, NOON), (CollectionResumed(by=BY, why=WHY), NOON)]).hold is None
