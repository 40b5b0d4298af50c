"""A hold on a plan's collections: what staff may ask for, for how long, and when it is over."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from meqenet.calendar import addis_date, at_addis

PAUSE_DAYS_MAX: Final = 30
"""Collection is paused for at most so many days: what waits for longer is a change of the plan."""
UNREACHABLE_DAYS_MAX: Final = 14
"""A customer is unreachable for at most so many days; then somebody has to ask again."""


class HoldReason(StrEnum):
    """Why nothing is collected."""

    PAUSED = "paused"
    """Staff have paused it: nothing is tried by itself; staff may still have one try made."""
    UNREACHABLE = "unreachable"
    """The customer cannot be reached: no attempt at all is made, not even by staff."""


@dataclass(frozen=True, kw_only=True)
class CollectionHold:
    """No attempt is made by itself before ``until``, the first Addis Ababa date on which it is."""

    reason: HoldReason
    until: date

    def ends_at(self, *, hour: int) -> datetime:
        """The instant of the first attempt, where the product collects at that hour."""
        return at_addis(on=self.until, hour=hour)


def last_day_of_hold(*, reason: HoldReason, now: datetime) -> date:
    """The latest date that a hold may be until, if it is begun now."""
    days = PAUSE_DAYS_MAX if reason is HoldReason.PAUSED else UNREACHABLE_DAYS_MAX
    return addis_date(at=now) + timedelta(days=days)


def resumed_at(*, planned: datetime, now: datetime, hour: int) -> datetime:
    """When an attempt is made that a hold kept back, once the hold is ended.

    As it was planned; where that has passed, at the product's next hour of collection, so that
    no phone rings at night because somebody has ended a pause.

    Args:
        planned: when it would have been made without the hold.
        now: the present, aware.
        hour: the hour in Addis Ababa at which the product collects.
    """
    if planned > now:
        return planned
    today = addis_date(at=now)
    at = at_addis(on=today, hour=hour)
    return at if at > now else at_addis(on=today + timedelta(days=1), hour=hour)
