"""Reminders as evidence: what a plan's customer was told, and every word on what became of it."""

from dataclasses import dataclass, field
from datetime import date, datetime

from db.kernel.encryption import Keyring
from db.kernel.engine import ReadSession
from db.payments.reminders import has_wallet, reminders_of_plan, text_of, words_on
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word on a reminder, ours or the provider's."""

    state: str
    failure_code: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ToldReminder:
    """A reminder as evidence. ``text`` and ``subject`` only where they were asked for."""

    reminder_id: str
    installment_id: str
    kind: str
    days: int
    due_on: date
    amount: Money
    channel: str
    language: str
    template_version: int
    text_hash: bytes
    state: str
    opened_at: datetime
    sent_at: datetime | None
    provider_reference: str | None
    failure_code: str | None
    words: tuple[Word, ...]
    text: str | None = field(default=None, repr=False)
    subject: str | None = field(default=None, repr=False)


async def read_reminders(
    *, session: ReadSession, plan_id: str, keyring: Keyring | None
) -> tuple[ToldReminder, ...] | None:
    """Every reminder of a plan, oldest first; None where no wallet of such a plan is on file.

    Args:
        session: of the payments store.
        plan_id: the plan.
        keyring: opens the texts; None leaves them sealed.

    Raises:
        Refusal: ``person_erased``: the texts cannot be opened any more.
        Defect: ``reminder_text_changed``: a text has another hash than the one on file.
    """
    if not await has_wallet(session=session, plan_id=plan_id):
        return None
    found = []
    for row in await reminders_of_plan(session=session, plan_id=plan_id):
        words = await words_on(session=session, plan_id=plan_id, reminder_id=row.reminder_id)
        written = (
            None if keyring is None else await text_of(session=session, keyring=keyring, row=row)
        )
        found.append(
            ToldReminder(
                reminder_id=row.reminder_id,
                installment_id=row.installment_id,
                kind=row.kind.value,
                days=row.days,
                due_on=row.due_on,
                amount=row.amount_santim,
                channel=row.channel.value,
                language=row.language.value,
                template_version=row.template_version,
                text_hash=row.text_hash,
                state=row.state.value,
                opened_at=row.opened_at,
                sent_at=row.sent_at,
                provider_reference=row.provider_reference,
                failure_code=row.failure_code,
                words=tuple(
                    Word(state=word.state.value, failure_code=word.failure_code, at=word.at)
                    for word in words
                ),
                text=None if written is None else written.text,
                subject=None if written is None else written.subject,
            )
        )
    return tuple(found)
