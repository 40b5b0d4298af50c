"""Complaints: received, acknowledged, and followed by their clock.

Each change is made under the lock of the complaint's stream, with its event in the same
transaction; the same again changes nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select

from db.disputes.complaint_texts import keep_text, said_number
from db.disputes.deadlines import closed_days, complaint_policy, complaint_policy_on
from db.disputes.tables import Complaint, ComplaintRound
from db.kernel.encryption import Keyring
from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append, lock_stream
from db.kernel.tables import events
from meqenet.calendar import addis_date
from meqenet.disputes.complaint_events import (
    ComplaintAcknowledged,
    ComplaintClosed,
    ComplaintDeadlineMoved,
    ComplaintEscalated,
    ComplaintReceived,
    ComplaintReminded,
)
from meqenet.disputes.complaint_rules import (
    ComplaintClock,
    clock_of,
    next_clock_step,
    normalise_language,
    require_text,
)
from meqenet.disputes.complaint_states import (
    ClockStep,
    Closing,
    ComplaintCategory,
    ComplaintChannel,
    ComplaintState,
    Escalation,
)
from meqenet.errors import Defect, Mender, Refusal
from meqenet.event_types import EventData

_ESCALATES: Final = {
    ClockStep.ESCALATE: Escalation.DUE_SOON,
    ClockStep.OVERDUE: Escalation.OVERDUE,
}


@dataclass(frozen=True, kw_only=True)
class NewComplaint:
    """A complaint as it comes. ``text`` is private; ``by`` an opaque id."""

    tracking_number: str
    plan_id: str
    merchant_id: str
    language: str
    channel: ComplaintChannel
    category: ComplaintCategory
    text: str = field(repr=False)
    by: str
    assignee: str | None
    test_clock_id: str | None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a complaint stands, and what its clock does next, if anything."""

    state: ComplaintState
    due_on: date | None
    next_step: ClockStep | None
    next_at: datetime | None


class Held(NamedTuple):
    """A complaint under its lock, with the round that it is in."""

    complaint: Complaint
    round: ComplaintRound | None


async def receive(
    *, session: WriteSession, keyring: Keyring, complaint: NewComplaint, at: datetime
) -> Standing:
    """Put a complaint on file; the same one again is given as it stands.

    Raises:
        Refusal: ``tracking_number_taken``: another complaint has the number;
            ``language_malformed``, ``text_missing``, ``text_too_long``.
    """
    require_text(text=complaint.text)
    number = complaint.tracking_number
    said: dict[str, Any] = {
        "plan_id": complaint.plan_id,
        "merchant_id": complaint.merchant_id,
        "language": normalise_language(text=complaint.language),
        "channel": complaint.channel,
        "category": complaint.category,
        "received_by": complaint.by,
        "text_index": keyring.blind_index(purpose="complaint", text=complaint.text),
        "test_clock_id": complaint.test_clock_id,
    }
    await lock_stream(session=session, stream=number)
    stored = await session.get(Complaint, number)
    if stored is not None:
        if {name: getattr(stored, name) for name in said} != said:
            raise Refusal(
                "tracking_number_taken",
                "tracking_number: another complaint has it",
                mender=Mender.MEQENET,
                field="tracking_number",
            )
        return await _unchanged(session, await hold(session=session, tracking_number=number))
    row = Complaint(tracking_number=number, received_at=at, assignee=complaint.assignee, **said)
    session.add(row)
    await session.flush()
    await keep_text(
        session=session,
        keyring=keyring,
        tracking_number=number,
        number=said_number(round_number=1),
        language=row.language,
        text=complaint.text,
        by=complaint.by,
        at=at,
    )
    received = ComplaintReceived(
        plan_id=row.plan_id,
        merchant_id=row.merchant_id,
        language=row.language,
        channel=row.channel,
        category=row.category,
        by=row.received_by,
    )
    await tell(session=session, number=number, name="received", data=received, at=at)
    return Standing(state=row.state, due_on=None, next_step=None, next_at=None)


async def acknowledge(
    *,
    session: WriteSession,
    tracking_number: str,
    holidays: Collection[date],
    at: datetime,
) -> Standing:
    """Set the clock of a complaint by the policy of the day on which it came.

    Raises:
        Refusal: ``complaint_unknown``.
        Defect: ``deadline_policy_missing``.
    """
    held = await hold(session=session, tracking_number=tracking_number)
    row = held.complaint
    if row.state is not ComplaintState.RECEIVED:
        return await _unchanged(session, held)
    policy = await complaint_policy_on(session=session, day=addis_date(at=row.received_at))
    row.policy_version, row.state = policy.version, ComplaintState.OPEN
    found = await begin_round(
        session=session, row=row, number=1, began_at=row.received_at, holidays=holidays
    )
    told = ComplaintAcknowledged(policy_version=policy.version, due_on=found.due_on)
    await tell(session=session, number=tracking_number, name="acknowledged", data=told, at=at)
    return await standing(session=session, held=Held(row, found), holidays=holidays)


async def follow_clock(
    *,
    session: WriteSession,
    tracking_number: str,
    holidays: Collection[date],
    at: datetime,
) -> Standing:
    """Do all that the clock of a complaint has to do by now, each thing once.

    Holidays are looked at anew, so an answer is due later by a holiday that was announced since.

    Raises:
        Refusal: ``complaint_unknown``.
        Defect: ``deadline_policy_missing``.
    """
    held = await hold(session=session, tracking_number=tracking_number)
    row, current = held
    if row.state is ComplaintState.ANSWERED and current is not None:
        if current.reopen_until is not None and current.reopen_until <= at:
            await close(session=session, held=held, closing=Closing.SETTLED, at=at)
    elif row.state is ComplaintState.OPEN and current is not None:
        clock = await _moved_clock(session, row, current, holidays=holidays, at=at)
        while (due := next_clock_step(clock=clock, last=current.clock_step)) is not None:
            step, due_at = due
            if due_at > at:
                break
            await _take_step(session, row, current, step=step, at=at)
    return await standing(session=session, held=held, holidays=holidays)


async def list_open(
    *, session: ReadSession, after: str | None, limit: int
) -> list[tuple[Complaint, datetime]]:
    """The next complaints that are not closed, each with the newest instant of its log."""
    newest = (
        select(func.max(events.c.effective_at))
        .where(events.c.stream == Complaint.tracking_number)
        .scalar_subquery()
    )
    found = await session.execute(
        select(Complaint, newest)
        .where(Complaint.closed_at.is_(None), Complaint.tracking_number > (after or ""))
        .order_by(Complaint.tracking_number)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in found]


async def close(
    *,
    session: WriteSession,
    held: Held,
    closing: Closing,
    at: datetime,
    by: str | None = None,
    why: str | None = None,
) -> None:
    """End a complaint that is held. ``by`` None: its clock."""
    row = held.complaint
    row.state, row.closed_at, row.closing = ComplaintState.CLOSED, at, closing
    told = ComplaintClosed(closing=closing, by=by, why=why)
    await tell(session=session, number=row.tracking_number, name="closed", data=told, at=at)


async def hold(*, session: WriteSession, tracking_number: str) -> Held:
    """A complaint that nobody else changes until the transaction has ended.

    Raises:
        Refusal: ``complaint_unknown``.
    """
    await lock_stream(session=session, stream=tracking_number)
    row = await session.get(Complaint, tracking_number)
    if row is None:
        raise Refusal(
            "complaint_unknown",
            "tracking_number: there is no such complaint",
            mender=Mender.CUSTOMER,
            field="tracking_number",
        )
    found = await session.get(ComplaintRound, (tracking_number, row.round_number))
    return Held(row, found)


async def begin_round(
    *,
    session: WriteSession,
    row: Complaint,
    number: int,
    began_at: datetime,
    holidays: Collection[date],
) -> ComplaintRound:
    """Begin the way to an answer of an acknowledged complaint."""
    clock = await _clock(session, row, began_at=began_at, holidays=holidays)
    begun = ComplaintRound(
        tracking_number=row.tracking_number,
        number=number,
        began_at=began_at,
        due_on=clock.due_on,
    )
    row.round_number = number
    session.add(begun)
    await session.flush()
    return begun


async def standing(*, session: WriteSession, held: Held, holidays: Collection[date]) -> Standing:
    """Where a complaint stands that is held."""
    row, current = held
    if current is None or row.state is ComplaintState.CLOSED:
        due_on = None if current is None else current.due_on
        return Standing(state=row.state, due_on=due_on, next_step=None, next_at=None)
    if row.state is ComplaintState.ANSWERED:
        step, at = ClockStep.CLOSE, current.reopen_until
        return Standing(state=row.state, due_on=current.due_on, next_step=step, next_at=at)
    clock = await _clock(session, row, began_at=current.began_at, holidays=holidays)
    due = next_clock_step(clock=clock, last=current.clock_step)
    return Standing(
        state=row.state,
        due_on=current.due_on,
        next_step=None if due is None else due[0],
        next_at=None if due is None else due[1],
    )


async def tell(
    *, session: WriteSession, number: str, name: str, data: EventData, at: datetime
) -> None:
    """Append an event to the complaint's stream, under an id that a repeat finds again."""
    event = NewEvent.of(event_id=f"{number}-{name}", stream=number, data=data, at=at)
    await append(session=session, event=event)


async def _unchanged(session: WriteSession, held: Held) -> Standing:
    # Holidays move only what is still to come: whoever follows the clock looks at them.
    return await standing(session=session, held=held, holidays=())


async def _clock(
    session: WriteSession, row: Complaint, *, began_at: datetime, holidays: Collection[date]
) -> ComplaintClock:
    if row.policy_version is None:
        raise Defect("complaint_without_clock", f"{row.tracking_number}: it was not acknowledged")
    policy = await complaint_policy(session=session, version=row.policy_version)
    closed = await closed_days(session=session, holidays=holidays)
    return clock_of(began_at=began_at, policy=policy, closed_on=closed)


async def _moved_clock(
    session: WriteSession,
    row: Complaint,
    current: ComplaintRound,
    *,
    holidays: Collection[date],
    at: datetime,
) -> ComplaintClock:
    clock = await _clock(session, row, began_at=current.began_at, holidays=holidays)
    if clock.due_on != current.due_on:
        told = ComplaintDeadlineMoved(before=current.due_on, due_on=clock.due_on)
        name = f"{current.number}-due-{at:%Y%m%d%H%M%S}"
        current.due_on = clock.due_on
        await tell(session=session, number=row.tracking_number, name=name, data=told, at=at)
    return clock


async def _take_step(
    session: WriteSession,
    row: Complaint,
    current: ComplaintRound,
    *,
    step: ClockStep,
    at: datetime,
) -> None:
    current.clock_step = step
    told: EventData
    if step is ClockStep.REMIND:
        told = ComplaintReminded(due_on=current.due_on, assignee=row.assignee)
    else:
        cause = _ESCALATES[step]
        row.escalation = max(row.escalation, cause, key=lambda each: each.rank)
        told = ComplaintEscalated(cause=cause, due_on=current.due_on, by=None, why=None)
    name = f"{current.number}-{step}"
    await tell(session=session, number=row.tracking_number, name=name, data=told, at=at)
