"""Who of the staff looks after a payment whose outcome has been unknown for too long.

The store is the judge: each change is made under the plan's lock, so of two who take at once one
is told whose it is.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

from db.kernel.engine import WriteSession
from db.kernel.events import NewEvent, append
from db.payments.late_money import find_attempt
from db.payments.tables import AlarmOwner, Attempt
from db.payments.unclear import OPEN_STATES
from db.payments.wallets import lock_plan
from meqenet.errors import Mender, Refusal
from meqenet.event_types import EventData
from meqenet.payments.alarm_events import UnclearPaymentReleased, UnclearPaymentTaken
from meqenet.payments.orders import plan_of


@dataclass(frozen=True, kw_only=True)
class Ownership:
    """Whose an alarm is, by an opaque id, and since when; None: nobody's."""

    owner: str | None
    since: datetime | None


async def take_alarm(
    *, session: WriteSession, attempt_id: str, by: str, at: datetime, alarm_after: timedelta
) -> Ownership:
    """Make somebody the owner, unless it has one; whoever asks judges whose it is by the answer.

    Args:
        session: the transaction.
        attempt_id: the payment whose outcome is unknown.
        by: who takes it, by the opaque id of the member of staff.
        at: now, in real time.
        alarm_after: the age of an alarm, by the policy.

    Raises:
        Refusal: ``attempt_unknown``; ``outcome_known``; ``no_alarm_yet``.
        Defect: ``order_id_malformed``.
    """
    attempt = await _locked(session, attempt_id)
    if attempt.state not in OPEN_STATES:
        _refuse("outcome_known", f"attempt: it has {attempt.state}; there is nothing to look after")
    if attempt.opened_at > at - alarm_after:
        due = attempt.opened_at + alarm_after
        _refuse(
            "no_alarm_yet",
            f"attempt: it is asked about by itself, and is an alarm from {due:%Y-%m-%d %H:%M} "
            "UTC on; look again then",
        )
    row = await session.get(AlarmOwner, (attempt.plan_id, attempt_id))
    if row is not None and row.owner is not None:
        return Ownership(owner=row.owner, since=row.changed_at)
    if row is None:
        row = AlarmOwner(
            plan_id=attempt.plan_id, attempt_id=attempt_id, owner=by, changed_at=at, changes=1
        )
        session.add(row)
    else:
        row.owner, row.changed_at, row.changes = by, at, row.changes + 1
    await _tell(session, row, data=UnclearPaymentTaken(attempt_id=attempt_id, by=by))
    return Ownership(owner=by, since=at)


async def release_alarm(
    *, session: WriteSession, attempt_id: str, by: str, of_others: bool, at: datetime
) -> Ownership:
    """Leave an alarm without an owner; one that has none stays so.

    Args:
        session: the transaction.
        attempt_id: the payment whose outcome is or was unknown.
        by: who releases it.
        of_others: whether they may release what somebody else has taken.
        at: now, in real time.

    Returns:
        Whose it is afterwards: nobody's, or another's who has not been asked.

    Raises:
        Refusal: ``attempt_unknown``.
        Defect: ``order_id_malformed``.
    """
    attempt = await _locked(session, attempt_id)
    row = await session.get(AlarmOwner, (attempt.plan_id, attempt_id))
    if row is None or row.owner is None:
        return Ownership(owner=None, since=None)
    owner = row.owner
    if owner != by and not of_others:
        return Ownership(owner=owner, since=row.changed_at)
    row.owner, row.changed_at, row.changes = None, at, row.changes + 1
    told = UnclearPaymentReleased(attempt_id=attempt_id, owner=owner, by=by)
    await _tell(session, row, data=told)
    return Ownership(owner=None, since=None)


async def _locked(session: WriteSession, attempt_id: str) -> Attempt:
    await lock_plan(session=session, plan_id=plan_of(order_id=attempt_id))
    attempt = await find_attempt(session=session, attempt_id=attempt_id)
    if attempt is None:
        _refuse("attempt_unknown", "attempt: there is no such attempt")
    return attempt


async def _tell(session: WriteSession, row: AlarmOwner, *, data: EventData) -> None:
    await session.flush()
    event = NewEvent.of(
        event_id=f"{row.attempt_id}-owner-{row.changes}",
        stream=row.plan_id,
        data=data,
        at=row.changed_at,
    )
    await append(session=session, event=event)


def _refuse(code: str, text: str) -> NoReturn:
    raise Refusal(code, text, mender=Mender.MEQENET)
