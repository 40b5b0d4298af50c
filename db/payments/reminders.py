"""Reminders as evidence: the text before it is sent, and every word on what became of it."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypedDict

from sqlalchemy import select

from db.kernel.encryption import EncryptedColumn, Keyring, find_data_key, make_data_key
from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append
from db.payments.email_addresses import email_address_of
from db.payments.tables import ReminderAnswer, ReminderRow, Wallet
from db.payments.wallets import lock_plan, wallet_of
from meqenet.errors import Defect
from meqenet.payments.messages import MessageAnswer, MessageKind
from meqenet.payments.reminder_emails import written_reminder
from meqenet.payments.reminder_events import REMINDER_IS, ReminderOpened
from meqenet.payments.reminder_states import ReminderState, after_word
from meqenet.payments.reminder_words import ReminderFacts
from meqenet.payments.reminders import Language, ReminderKind
from meqenet.payments.written_message import WrittenMessage, read_kept

_TEXT: Final = EncryptedColumn(table="reminders", name="text_sealed")


@dataclass(frozen=True, kw_only=True)
class OpenedReminder:
    """A stored reminder, its words and its reader in clear, for the length of a step."""

    row: ReminderRow
    written: WrittenMessage
    to: str = field(repr=False)
    is_new: bool


async def open_reminder(
    *,
    session: WriteSession,
    keyring: Keyring,
    plan_id: str,
    reminder_id: str,
    installment_id: str,
    facts: ReminderFacts,
    language: Language,
    channel: MessageKind,
    at: datetime,
) -> OpenedReminder:
    """Store the intent to remind, once; the same reminder again keeps its first text.

    Args:
        session: the transaction.
        keyring: opens the plan's data key.
        plan_id: the plan.
        reminder_id: the reminder, and its message id at the provider.
        installment_id: what is told of.
        facts: what the text says; the provider in it is the wallet's.
        language: in which language.
        channel: to the wallet's phone, or to the e-mail address on file.
        at: now, by the plan's clock.

    Raises:
        Defect: ``wallet_missing``; ``email_address_missing``; ``reminder_differs``: the id stands
            for another installment.
        Refusal: ``person_erased``.
    """
    await lock_plan(session=session, plan_id=plan_id)
    to = await _reader(session, keyring, plan_id=plan_id, channel=channel)
    stored = await session.get(ReminderRow, (plan_id, reminder_id))
    if stored is not None:
        if (stored.installment_id, stored.kind, stored.channel) != (
            installment_id,
            facts.kind,
            channel,
        ):
            raise Defect("reminder_differs", f"{reminder_id} is stored with other content")
        written = await text_of(session=session, keyring=keyring, row=stored)
        return OpenedReminder(row=stored, written=written, to=to, is_new=False)
    written = written_reminder(facts=facts, language=language, channel=channel)
    key = await make_data_key(session=session, keyring=keyring, person_id=plan_id)
    row = ReminderRow(
        plan_id=plan_id,
        reminder_id=reminder_id,
        installment_id=installment_id,
        kind=facts.kind,
        days=facts.days,
        due_on=facts.due_on,
        amount_santim=facts.amount,
        channel=channel,
        language=language,
        template_version=written.template_version,
        text_hash=hashlib.sha256(written.kept.encode()).digest(),
        text_sealed=_TEXT.seal(key=key, text=written.kept),
        state=ReminderState.CREATED,
        opened_at=at,
        changed_at=at,
    )
    session.add(row)
    await session.flush()
    data = ReminderOpened(**_told(row), text_hash=row.text_hash.hex())
    event = NewEvent.of(event_id=f"{reminder_id}-opened", stream=plan_id, data=data, at=at)
    await append(session=session, event=event)
    return OpenedReminder(row=row, written=written, to=to, is_new=True)


async def record_reminder(
    *,
    session: WriteSession,
    plan_id: str,
    reminder_id: str,
    told: ReminderState,
    answer: MessageAnswer | None,
    at: datetime,
) -> ReminderState:
    """Keep a word on a reminder, by the rule of :mod:`meqenet.payments.reminder_states`.

    A word that repeats the one before is kept once.

    Returns:
        Where the reminder stands after it.

    Raises:
        Defect: ``reminder_missing``; ``answer_foreign``.
    """
    await lock_plan(session=session, plan_id=plan_id)
    row = await session.get(ReminderRow, (plan_id, reminder_id))
    if row is None:
        raise Defect("reminder_missing", f"{reminder_id} was never opened")
    if answer is not None and answer.message_id != reminder_id:
        raise Defect("answer_foreign", f"an answer to another message came for {reminder_id}")
    reference = answer.provider_reference if answer else None
    code = answer.failure_code if answer else None
    number = await _keep(session, row, told=told, reference=reference, code=code, at=at)
    if number is None:
        return row.state
    after = after_word(before=row.state, told=told)
    if after is row.state:
        return after
    row.state, row.changed_at, row.failure_code = after, at, code
    row.provider_reference = reference or row.provider_reference
    if row.sent_at is None and after in _TAKEN:
        row.sent_at = at
    await session.flush()
    event = NewEvent.of(
        event_id=f"{reminder_id}-heard-{number}",
        stream=plan_id,
        data=REMINDER_IS[after](**_told(row), failure_code=code),
        at=at,
    )
    await append(session=session, event=event)
    return after


async def has_wallet(*, session: ReadSession, plan_id: str) -> bool:
    """Whether there is anybody who can be reminded of this plan."""
    return await session.get(Wallet, plan_id) is not None


async def reminders_of_plan(*, session: ReadSession, plan_id: str) -> list[ReminderRow]:
    """Every reminder of a plan, in the order in which they were decided."""
    query = (
        select(ReminderRow)
        .where(ReminderRow.plan_id == plan_id)
        .order_by(ReminderRow.opened_at, ReminderRow.reminder_id)
    )
    return list(await session.scalars(query))


async def words_on(*, session: ReadSession, plan_id: str, reminder_id: str) -> list[ReminderAnswer]:
    """Every word on a reminder, oldest first."""
    query = (
        select(ReminderAnswer)
        .where(ReminderAnswer.plan_id == plan_id, ReminderAnswer.reminder_id == reminder_id)
        .order_by(ReminderAnswer.number)
    )
    return list(await session.scalars(query))


async def text_of(*, session: ReadSession, keyring: Keyring, row: ReminderRow) -> WrittenMessage:
    """The words that were sent, proved by their hash.

    Raises:
        Refusal: ``person_erased``.
        Defect: ``reminder_text_changed``.
    """
    key = await find_data_key(session=session, keyring=keyring, person_id=row.plan_id)
    kept = _TEXT.open(key=key, sealed=row.text_sealed)
    if hashlib.sha256(kept.encode()).digest() != row.text_hash:
        raise Defect("reminder_text_changed", f"the text of {row.reminder_id} has another hash")
    return read_kept(kept=kept, channel=row.channel, template_version=row.template_version)


async def _reader(
    session: ReadSession, keyring: Keyring, *, plan_id: str, channel: MessageKind
) -> str:
    if channel is MessageKind.EMAIL:
        return await email_address_of(session=session, keyring=keyring, plan_id=plan_id)
    return (await wallet_of(session=session, keyring=keyring, plan_id=plan_id)).msisdn


_TAKEN: Final = frozenset({ReminderState.SENT, ReminderState.DELIVERED, ReminderState.UNDELIVERED})


async def _keep(
    session: WriteSession,
    row: ReminderRow,
    *,
    told: ReminderState,
    reference: str | None,
    code: str | None,
    at: datetime,
) -> int | None:
    """Keep a word; its number, or None when it repeats the one before."""
    known = await words_on(session=session, plan_id=row.plan_id, reminder_id=row.reminder_id)
    last = known[-1] if known else None
    word = (told, reference, code)
    if last is not None and (last.state, last.provider_reference, last.failure_code) == word:
        return None
    number = (last.number if last else 0) + 1
    session.add(
        ReminderAnswer(
            plan_id=row.plan_id,
            reminder_id=row.reminder_id,
            number=number,
            state=told,
            provider_reference=reference,
            failure_code=code,
            at=at,
        )
    )
    await session.flush()
    return number


class _Told(TypedDict):
    reminder_id: str
    installment_id: str
    kind: ReminderKind
    message_channel: MessageKind
    language: Language
    template_version: int


def _told(row: ReminderRow) -> _Told:
    return {
        "reminder_id": row.reminder_id,
        "installment_id": row.installment_id,
        "kind": row.kind,
        "message_channel": row.channel,
        "language": row.language,
        "template_version": row.template_version,
    }
