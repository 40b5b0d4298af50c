"""Payments of unknown end that are alarms: who of the staff looks after which."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from db.auth.views import staff_keys
from db.kernel.engine import Database
from db.payments import alarms
from db.payments.policies import find_query_times, query_times_on
from db.payments.unclear import AlarmCounts, OverdueUnknown, count_alarms, overdue_unknowns
from meqenet.calendar import addis_date
from meqenet.errors import Mender, Refusal

_METRIC: Final = "meqenet_unclear_payments"


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A member of staff who has taken an alarm. ``handle`` None: no key of theirs is on file."""

    staff_id: str
    handle: str | None
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A payment whose outcome has been unknown for too long, and who looks after it, if anybody."""

    payment: OverdueUnknown
    owner: Owner | None


@dataclass(frozen=True, kw_only=True)
class Alarms:
    """All alarms; ``counts`` is of all of them, ``listed`` may be fewer."""

    counts: AlarmCounts
    listed: tuple[Alarm, ...]


class AlarmDesk:
    """What staff do with alarms; each call is a transaction, and the store is the judge."""

    def __init__(self, *, payments: Database, auth: Database) -> None:
        self._payments = payments
        self._auth = auth

    async def alarms(self, *, at: datetime) -> Alarms:
        """All of them now, those without an owner first.

        Read where it is written: staff want to see what they have just done.

        Raises:
            Defect: ``collection_policy_missing``.
        """
        async with self._payments.write() as session:
            times = await query_times_on(session=session, day=addis_date(at=at))
            age = times.alarm_after
            counts = await count_alarms(session=session, now=at, alarm_after=age)
            listed = await overdue_unknowns(session=session, now=at, alarm_after=age)
        handles = await self._handles()
        return Alarms(counts=counts, listed=tuple(_alarm(each, handles=handles) for each in listed))

    async def take(self, *, attempt_id: str, by: str, at: datetime) -> Owner:
        """Take an alarm; taking one's own again changes nothing.

        Raises:
            Refusal: ``alarm_owned``: another has it, and the text says who; and as
                :func:`db.payments.alarms.take_alarm`.
            Defect: ``collection_policy_missing``; ``order_id_malformed``.
        """
        async with self._payments.write() as session:
            times = await query_times_on(session=session, day=addis_date(at=at))
            found = await alarms.take_alarm(
                session=session,
                attempt_id=attempt_id,
                by=by,
                at=at,
                alarm_after=times.alarm_after,
            )
        handles = await self._handles()
        if found.owner != by or found.since is None:
            raise _owned(found, handles=handles)
        return Owner(staff_id=by, handle=handles.get(by), since=found.since)

    async def release(self, *, attempt_id: str, by: str, of_others: bool, at: datetime) -> None:
        """Leave an alarm without an owner.

        Raises:
            Refusal: ``alarm_owned``: it is another's, whose it stays unless ``of_others``; and as
                :func:`db.payments.alarms.release_alarm`.
            Defect: ``order_id_malformed``.
        """
        async with self._payments.write() as session:
            found = await alarms.release_alarm(
                session=session, attempt_id=attempt_id, by=by, of_others=of_others, at=at
            )
        if found.owner is not None:
            raise _owned(found, handles=await self._handles())

    async def _handles(self) -> dict[str, str]:
        async with self._auth.read() as session:
            return {key.staff_id: key.handle for key in await staff_keys(session=session)}


def _alarm(payment: OverdueUnknown, *, handles: Mapping[str, str]) -> Alarm:
    owner, since = payment.owner, payment.owned_since
    if owner is None or since is None:
        return Alarm(payment=payment, owner=None)
    return Alarm(
        payment=payment, owner=Owner(staff_id=owner, handle=handles.get(owner), since=since)
    )


def _owned(found: alarms.Ownership, *, handles: Mapping[str, str]) -> Refusal:
    owner = found.owner or "somebody"
    name = f"{handles[owner]} ({owner})" if owner in handles else owner
    since = "" if found.since is None else f" since {found.since:%Y-%m-%d %H:%M} UTC"
    return Refusal(
        "alarm_owned",
        f"attempt: {name} has had it{since}; ask them, or a supervisor to release it",
        mender=Mender.MEQENET,
    )


async def counted_alarms(*, payments: Database, at: datetime) -> AlarmCounts:
    """How many alarms there are now; none where no policy says from which age on."""
    async with payments.read() as session:
        times = await find_query_times(session=session, day=addis_date(at=at))
        if times is None:
            return AlarmCounts(owned=0, unowned=0)
        return await count_alarms(session=session, now=at, alarm_after=times.alarm_after)


def as_prometheus(*, counts: AlarmCounts) -> str:
    """The counts in Prometheus' text format (version 0.0.4)."""
    return (
        f"# HELP {_METRIC} Payments whose outcome has been unknown for longer than is normal.\n"
        f"# TYPE {_METRIC} gauge\n"
        f'{_METRIC}{{owned="no"}} {counts.unowned}\n'
        f'{_METRIC}{{owned="yes"}} {counts.owned}\n'
    )
