"""Reminders as evidence: the text before it is sent, and every word on what became of it."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypedDict

from sqlalchemy import select

from db.kernel.encryption import EncryptedColumn, Keyring, find_data_key, make_data_key
from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append
from db.payments.tables import ReminderAnswer, ReminderRow, Wallet
from db.payments.wallets import lock_plan, wallet_of
from meqenet.errors import Defect
from meqenet.payments.events import REMINDER_IS, ReminderOpened
from meqenet.payments.messages import MessageAnswer, MessageKind
from meqenet.payments.reminder_states import ReminderState, after_word
from meqenet.payments.reminder_texts import TEMPLATE_VERSION, ReminderFacts, reminder_text
from meqenet.payments.reminders import Language, ReminderKind

_TEXT: Final = EncryptedColumn(table="reminders", name="text_sealed")


@dataclass(frozen=True, kw_only=True)
class OpenedReminder:
    """A stored reminder, its text and its phone in clear, for the length of a step."""

    row: ReminderRow
    text: str = field(repr=False)
    msisdn: str = field(repr=False)
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
        at: now, by the plan's clock.

    Raises:
        Defect: ``wallet_missing``; ``reminder_differs``: the id stands for another installment.
        Refusal: ``person_erased``.
    """
    await lock_plan(session=session, plan_id=plan_id)
    wallet = await wallet_of(session=session, keyring=keyring, plan_id=plan_id)
    stored = await session.get(ReminderRow, (plan_id, reminder_id))
    if stored is not None:
        if (stored.installment_id, stored.kind) != (installment_id, facts.kind):
            raise Defect("reminder_differs", f"{reminder_id} is stored with other content")
        text = await text_of(session=session, keyring=keyring, row=stored)
        return OpenedReminder(row=stored, text=text, msisdn=wallet.msisdn, is_new=False)
    text = reminder_text(facts=facts, language=language).text
    key = await make_data_key(session=session, keyring=keyring, person_id=plan_id)
    row = ReminderRow(
        plan_id=plan_id,
        reminder_id=reminder_id,
        installment_id=installment_id,
        kind=facts.kind,
        days=facts.days,
        due_on=facts.due_on,
        amount_santim=facts.amount,
        channel=MessageKind.SMS,
        language=language,
        template_version=TEMPLATE_VERSION,
        text_hash=hashlib.sha256(text.encode()).digest(),
        text_sealed=_TEXT.seal(key=key, text=text),
        state=ReminderState.CREATED,
        opened_at=at,
        changed_at=at,
    )
    session.add(row)
    await session.flush()
    data = ReminderOpened(**_told(row), text_hash=row.text_hash.hex())
    event = NewEvent.of(event_id=f"{reminder_id}-opened", stream=plan_id, data=data, at=at)
    await append(session=session, event=event)
    return OpenedReminder(row=row, text=text, msisdn=wallet.msisdn, is_new=True)


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


async def text_of(*, session: ReadSession, keyring: Keyring, row: ReminderRow) -> str:
    """The text that was sent, proved by its hash.

    Raises:
        Refusal: ``person_erased``.
        Defect: ``reminder_text_changed``.
    """
    key = await find_data_key(session=session, keyring=keyring, person_id=row.plan_id)
    text = _TEXT.open(key=key, sealed=row.text_sealed)
    if hashlib.sha256(text.encode()).digest() != row.text_hash:
        raise Defect("reminder_text_changed", f"the text of {row.reminder_id} has another hash")
    return text


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
