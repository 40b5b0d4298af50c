"""The secrets that sign a merchant's notices: one, and for a while after a rotation the old too."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from meqenet.errors import Mender, Refusal

OVERLAP_MAX: Final = timedelta(days=7)
"""As long as a notice is tried: one that was sent under the old secret is verified by then."""
OVERLAPS_MAX: Final = 4
"""Old secrets that may sign beside the newest: each makes the header longer."""


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """A change of the secret.

    Attributes:
        number: counts a merchant's rotations from 1; 0 is the secret that it was taken on with.
        secret: signs from ``at`` on.
        at: when the secret came.
        overlap_until: until then the secret before it signs too; for number 0 it means nothing.
    """

    number: int
    secret: str = field(repr=False)
    at: datetime
    overlap_until: datetime


@dataclass(frozen=True, kw_only=True)
class Signing:
    """A secret that signs. ``until``: when it stops, None of the newest."""

    number: int
    secret: str = field(repr=False)
    since: datetime
    until: datetime | None


def signing_at(*, rotations: Sequence[Rotation], at: datetime) -> tuple[Signing, ...]:
    """The secrets that sign at an instant, the newest first.

    A secret stops when the overlap with its own successor ends, however many came after.

    Args:
        rotations: all of a merchant, from number 0 on, in their order.
        at: now.
    """
    found = [
        Signing(
            number=each.number,
            secret=each.secret,
            since=each.at,
            until=None if after is None else after.overlap_until,
        )
        for each, after in zip(rotations, [*rotations[1:], None], strict=True)
    ]
    return tuple(each for each in reversed(found) if each.until is None or at < each.until)


def overlap_end(*, rotated_at: datetime, overlap: timedelta, overlapping: int) -> datetime:
    """Until when the secret before a rotation signs too.

    Args:
        rotated_at: when the new secret comes.
        overlap: how long both sign; zero where the old one is known to others.
        overlapping: how many old secrets sign already.

    Raises:
        Refusal: ``webhook_overlap_invalid``: not between nothing and 7 days;
            ``webhook_overlaps_open``: too many old secrets sign already.
    """
    if not timedelta(0) <= overlap <= OVERLAP_MAX:
        raise Refusal(
            "webhook_overlap_invalid",
            "overlap_hours: must be between 0 and 168",
            mender=Mender.MERCHANT,
            field="overlap_hours",
        )
    if overlap and overlapping >= OVERLAPS_MAX:
        raise Refusal(
            "webhook_overlaps_open",
            f"secret: {overlapping} old secrets still sign; end the overlap first, or rotate with "
            "overlap_hours 0",
            mender=Mender.MERCHANT,
        )
    return rotated_at + overlap
