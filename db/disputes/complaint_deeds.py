"""What people do with a complaint: each deed once, with who and why."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from db.disputes.complaint_texts import answer_number, keep_text, said_number
from db.disputes.complaints import Held, Standing, begin_round, close, hold, standing, tell
from db.disputes.deadlines import complaint_policy
from db.disputes.tables import ComplaintDeedDone
from db.kernel.encryption import Keyring
from db.kernel.engine import WriteSession
from meqenet.calendar import addis_date
from meqenet.disputes.complaint_events import (
    ComplaintAnswered,
    ComplaintAssigned,
    ComplaintEscalated,
    ComplaintReopened,
)
from meqenet.disputes.complaint_rules import Deed, normalise_language, require_deed
from meqenet.disputes.complaint_states import (
    Closing,
    ComplaintDeed,
    ComplaintState,
    Escalation,
)
from meqenet.errors import Defect, Mender, Refusal
from meqenet.event_types import EventData


async def do_deed(
    *,
    session: WriteSession,
    keyring: Keyring,
    tracking_number: str,
    deed_id: str,
    deed: Deed,
    holidays: Collection[date],
    at: datetime,
) -> Standing:
    """Have a deed done; the same one again changes nothing.

    Args:
        session: the transaction.
        keyring: seals what is said.
        tracking_number: the complaint.
        deed_id: made by whoever asks.
        deed: what is wanted.
        holidays: by the calendar.
        at: now, by the complaint's clock.

    Raises:
        Refusal: ``complaint_unknown``; ``deed_id_taken``; what
            :func:`meqenet.disputes.complaint_rules.require_deed` refuses.
    """
    held = await hold(session=session, tracking_number=tracking_number)
    row = held.complaint
    content = _index(keyring, deed)
    done = await session.get(ComplaintDeedDone, (tracking_number, deed_id))
    if done is not None:
        if done.content_index != content:
            text = "deed: another one was done under this id"
            raise Refusal("deed_id_taken", text, mender=Mender.MEQENET)
        return await standing(session=session, held=held, holidays=holidays)
    require_deed(deed=deed, state=row.state, language=row.language, round_number=row.round_number)
    before = await session.scalar(
        select(func.count()).where(ComplaintDeedDone.tracking_number == tracking_number)
    )
    session.add(
        ComplaintDeedDone(
            tracking_number=tracking_number,
            deed_id=deed_id,
            number=(before or 0) + 1,
            kind=deed.kind,
            who=deed.who,
            why=deed.why.strip(),
            assigned_to=deed.to,
            at=at,
            content_index=content,
        )
    )
    await session.flush()
    after = await _done(
        session, keyring, held, deed=deed, deed_id=deed_id, holidays=holidays, at=at
    )
    return await standing(session=session, held=after, holidays=holidays)


async def _done(
    session: WriteSession,
    keyring: Keyring,
    held: Held,
    *,
    deed: Deed,
    deed_id: str,
    holidays: Collection[date],
    at: datetime,
) -> Held:
    row, why = held.complaint, deed.why.strip()
    told: EventData
    match deed.kind:
        case ComplaintDeed.ASSIGN:
            row.assignee = deed.to
            told = ComplaintAssigned(to=deed.to or "", by=deed.who, why=why)
        case ComplaintDeed.ESCALATE:
            asked = Escalation.ASKED
            row.escalation = max(row.escalation, asked, key=lambda each: each.rank)
            told = ComplaintEscalated(cause=asked, due_on=_due_on(held), by=deed.who, why=why)
        case ComplaintDeed.ANSWER:
            told = await _answer(session, keyring, held, deed=deed, at=at)
        case ComplaintDeed.REOPEN:
            return await _reopen(session, keyring, held, deed=deed, holidays=holidays, at=at)
        case ComplaintDeed.CLOSE:
            answered = row.state is ComplaintState.ANSWERED
            closing = Closing.SETTLED if answered else Closing.WITHDRAWN
            await close(session=session, held=held, closing=closing, at=at, by=deed.who, why=why)
            return held
    await tell(session=session, number=row.tracking_number, name=deed_id, data=told, at=at)
    return held


async def _answer(
    session: WriteSession, keyring: Keyring, held: Held, *, deed: Deed, at: datetime
) -> ComplaintAnswered:
    row, current = held
    if current is None or row.policy_version is None or deed.outcome is None:
        raise Defect("complaint_without_clock", f"{row.tracking_number}: it was not acknowledged")
    language = normalise_language(text=deed.language or "")
    policy = await complaint_policy(session=session, version=row.policy_version)
    await keep_text(
        session=session,
        keyring=keyring,
        tracking_number=row.tracking_number,
        number=answer_number(round_number=row.round_number),
        language=language,
        text=deed.text or "",
        by=deed.who,
        at=at,
    )
    in_time = addis_date(at=at) <= current.due_on
    until = at + timedelta(days=policy.reopen_days)
    row.state = ComplaintState.ANSWERED
    current.answered_at, current.outcome = at, deed.outcome
    current.in_time, current.reopen_until = in_time, until
    return ComplaintAnswered(
        outcome=deed.outcome,
        language=language,
        in_time=in_time,
        reopen_until=until,
        by=deed.who,
        why=deed.why.strip(),
    )


async def _reopen(
    session: WriteSession,
    keyring: Keyring,
    held: Held,
    *,
    deed: Deed,
    holidays: Collection[date],
    at: datetime,
) -> Held:
    row = held.complaint
    second = row.round_number + 1
    await keep_text(
        session=session,
        keyring=keyring,
        tracking_number=row.tracking_number,
        number=said_number(round_number=second),
        language=row.language,
        text=deed.text or "",
        by=deed.who,
        at=at,
    )
    row.state, row.escalation = ComplaintState.OPEN, Escalation.NONE
    begun = await begin_round(
        session=session, row=row, number=second, began_at=at, holidays=holidays
    )
    told = ComplaintReopened(due_on=begun.due_on, by=deed.who, why=deed.why.strip())
    await tell(session=session, number=row.tracking_number, name="reopened", data=told, at=at)
    return Held(row, begun)


def _due_on(held: Held) -> date:
    if held.round is None:
        raise Defect("complaint_without_clock", f"{held.complaint.tracking_number}: no clock")
    return held.round.due_on


def _index(keyring: Keyring, deed: Deed) -> bytes:
    """Tells whether a repetition asks for the same; keyed, because words are among it."""
    parts = (deed.kind, deed.who, deed.why, deed.to, deed.outcome, deed.language, deed.text)
    return keyring.blind_index(purpose="complaint_deed", text="\x1f".join(map(repr, parts)))
