"""What somebody must look at: outcomes that stay unknown, and callbacks for no order of ours."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from db.kernel.engine import ReadSession
from db.payments.tables import AlarmOwner, Attempt, Callback, Refund
from meqenet.money import Money
from meqenet.payments.attempts import OrderState
from meqenet.payments.rail import WalletProvider

OPEN_STATES = (OrderState.CREATED, OrderState.PENDING, OrderState.UNKNOWN)
"""Of an attempt that has no end yet."""
_HAS_OWNER = and_(
    AlarmOwner.plan_id == Attempt.plan_id,
    AlarmOwner.attempt_id == Attempt.attempt_id,
    AlarmOwner.owner.is_not(None),
)


@dataclass(frozen=True, kw_only=True)
class OverdueUnknown:
    """An attempt whose end is unknown for longer than is normal. No phone is in it.

    Attributes:
        owner: who of the staff has taken it, by an opaque id; None: nobody.
        owned_since: since when.
    """

    plan_id: str
    attempt_id: str
    provider: WalletProvider
    channel: str
    asked: Money
    state: OrderState
    provider_reference: str | None
    opened_at: datetime
    owner: str | None = None
    owned_since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class AlarmCounts:
    """How many payments are alarms now: those that somebody looks after, and the others."""

    owned: int
    unowned: int


@dataclass(frozen=True, kw_only=True)
class UnclaimedCallback:
    """A callback that names no order of ours, or none that was ever opened.

    ``order_id`` is what it names, as whoever called back wrote it; ``digest`` finds its body.
    """

    provider: str
    kind: str
    order_id: str | None
    digest: bytes
    deliveries: int
    first_at: datetime
    last_at: datetime


async def overdue_unknowns(
    *, session: ReadSession, now: datetime, alarm_after: timedelta, limit: int = 100
) -> tuple[OverdueUnknown, ...]:
    """Attempts without an end, opened so long ago: those without an owner first, then the oldest.

    Args:
        session: of the payments store.
        now: the present.
        alarm_after: the age from which on it is an alarm, by the policy.
        limit: at most so many.
    """
    found = await session.execute(
        select(Attempt, AlarmOwner.owner, AlarmOwner.changed_at)
        .outerjoin(AlarmOwner, _HAS_OWNER)
        .where(_is_alarm(now=now, alarm_after=alarm_after))
        .order_by(AlarmOwner.owner.is_not(None), Attempt.opened_at, Attempt.attempt_id)
        .limit(limit)
    )
    return tuple(
        OverdueUnknown(
            plan_id=attempt.plan_id,
            attempt_id=attempt.attempt_id,
            provider=attempt.provider,
            channel=attempt.channel,
            asked=attempt.asked_santim,
            state=attempt.state,
            provider_reference=attempt.provider_reference,
            opened_at=attempt.opened_at,
            owner=owner,
            owned_since=since,
        )
        for attempt, owner, since in found
    )


async def count_alarms(
    *, session: ReadSession, now: datetime, alarm_after: timedelta
) -> AlarmCounts:
    """How many of them there are, with and without an owner."""
    found = await session.execute(
        select(func.count(), func.count(AlarmOwner.owner))
        .select_from(Attempt)
        .outerjoin(AlarmOwner, _HAS_OWNER)
        .where(_is_alarm(now=now, alarm_after=alarm_after))
    )
    everything, owned = found.one()
    return AlarmCounts(owned=owned, unowned=everything - owned)


async def unclaimed_callbacks(
    *, session: ReadSession, limit: int = 100
) -> tuple[UnclaimedCallback, ...]:
    """Callbacks that no attempt and no refund of ours answers to, the newest first."""
    # A callback that names an order of ours is kept under its plan's id.
    is_attempt = exists().where(
        Attempt.plan_id == Callback.person_id, Attempt.attempt_id == Callback.order_id
    )
    is_refund = exists().where(
        Refund.plan_id == Callback.person_id, Refund.refund_id == Callback.order_id
    )
    found = await session.scalars(
        select(Callback)
        .where(or_(Callback.order_id.is_(None), ~is_attempt & ~is_refund))
        .order_by(Callback.last_at.desc(), Callback.body_digest)
        .limit(limit)
    )
    return tuple(
        UnclaimedCallback(
            provider=callback.provider,
            kind=callback.kind,
            order_id=callback.order_id,
            digest=callback.body_digest,
            deliveries=callback.deliveries,
            first_at=callback.first_at,
            last_at=callback.last_at,
        )
        for callback in found
    )


def _is_alarm(*, now: datetime, alarm_after: timedelta) -> ColumnElement[bool]:
    return and_(Attempt.state.in_(OPEN_STATES), Attempt.opened_at <= now - alarm_after)
