import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from activities.contracts.payments import RegisterWallet
from activities.contracts.reminders import (
    FindReminderPolicy,
    OpenReminder,
    RecordReminder,
    RegisterEmailAddress,
    ReminderSteps,
)
from activities.payments import PaymentsActivities
from activities.reminders import ReminderActivities
from db.kernel.encryption import Keyring, erase_person
from db.kernel.engine import Database
from db.kernel.events import read_stream
from db.payments.reminders import reminders_of_plan, text_of, words_on
from meqenet.errors import Defect, Refusal
from meqenet.identity import installment_id, reminder_id
from meqenet.money import Money
from meqenet.payments.messages import MessageAnswer, MessageKind, MessageStatus
from meqenet.payments.rail import WalletProvider
from meqenet.payments.reminder_states import ReminderState
from meqenet.payments.reminders import Language, ReminderKind
from tests.backing import Databases

AT = datetime(2026, 12, 12, 6, 0, tzinfo=UTC)
PHONE = "251911223344"
ADDRESS = "abeba@example.com"
TEXT = (
    "Meqenet: payment 2 of 4 for Shop, 1000.00 birr, is due in 3 days, 15 Dec 2026 "
    "(6 Tahsas 2019 E.C.). Keep this amount in your telebirr wallet; it is collected on that day."
)


@pytest.fixture
def payments(databases: Databases) -> Database:
    return databases["payments"]


@pytest.fixture
def steps(payments: Database, keyring: Keyring) -> ReminderSteps:
    return ReminderActivities(database=payments, keyring=keyring)


@pytest.fixture
async def reminder(payments: Database, keyring: Keyring, unique: str) -> OpenReminder:
    """A reminder of a plan whose wallet is on file."""
    plan_id = f"pln_{unique}"
    await PaymentsActivities(database=payments, keyring=keyring).register_wallet(
        RegisterWallet(
            plan_id=plan_id, provider=WalletProvider.TELEBIRR, msisdn=PHONE, contract_no=None, at=AT
        )
    )
    parent = installment_id(plan_id=plan_id, number=2)
    return OpenReminder(
        reminder_id=reminder_id(installment_id=parent, kind="b", on=date(2026, 12, 12)),
        plan_id=plan_id,
        installment_id=parent,
        kind=ReminderKind.BEFORE_DUE,
        language=Language.ENGLISH,
        days=3,
        number=2,
        count=4,
        due_on=date(2026, 12, 15),
        amount=Money.from_birr("1000"),
        merchant_name="Shop",
        cause=None,
        next_attempt_on=None,
        at=AT,
    )


def word(
    reminder: OpenReminder, state: ReminderState, status: MessageStatus | None, **answer: str
) -> RecordReminder:
    told = (
        None
        if status is None
        else MessageAnswer(message_id=reminder.reminder_id, status=status, **answer)
    )
    return RecordReminder(
        reminder_id=reminder.reminder_id, state=state, answer=told, at=AT + timedelta(minutes=1)
    )


async def events_of(payments: Database, plan_id: str) -> list[str]:
    async with payments.read() as session:
        return [
            event.content.event_type for event in await read_stream(session=session, stream=plan_id)
        ]


async def test_the_intent_is_stored_sealed_with_its_hash(
    steps: ReminderSteps, payments: Database, keyring: Keyring, reminder: OpenReminder
) -> None:
    opened = await steps.open_reminder(reminder)
    assert opened.is_new
    assert (opened.message.to, opened.message.text) == (PHONE, TEXT)
    assert (opened.message.kind, opened.message.message_id) == (
        MessageKind.SMS,
        reminder.reminder_id,
    )
    async with payments.read() as session:
        (row,) = await reminders_of_plan(session=session, plan_id=reminder.plan_id)
        assert (await text_of(session=session, keyring=keyring, row=row)).text == TEXT
    assert row.text_hash == hashlib.sha256(TEXT.encode()).digest()
    assert TEXT.encode() not in row.text_sealed
    assert (row.state, row.sent_at, row.template_version) == (ReminderState.CREATED, None, 1)


async def test_the_same_reminder_again_keeps_its_first_text(
    steps: ReminderSteps, reminder: OpenReminder, payments: Database
) -> None:
    first = await steps.open_reminder(reminder)
    again = await steps.open_reminder(replace(reminder, language=Language.AMHARIC, days=2))
    assert again == replace(first, is_new=False)
    assert await events_of(payments, reminder.plan_id) == ["reminder_opened"]
    with pytest.raises(Defect, match="other content"):
        await steps.open_reminder(replace(reminder, kind=ReminderKind.PAST_DUE))


async def test_each_word_is_kept_and_a_final_state_stays(
    steps: ReminderSteps, payments: Database, reminder: OpenReminder
) -> None:
    await steps.open_reminder(reminder)
    accepted = word(reminder, ReminderState.SENT, MessageStatus.ACCEPTED, provider_reference="SM1")
    failed = word(
        reminder, ReminderState.UNDELIVERED, MessageStatus.UNDELIVERED, failure_code="absent"
    )
    late = word(reminder, ReminderState.DELIVERED, MessageStatus.DELIVERED)
    for told in (word(reminder, ReminderState.UNKNOWN, None), accepted, accepted, failed, late):
        await steps.record_reminder(told)
    async with payments.read() as session:
        (row,) = await reminders_of_plan(session=session, plan_id=reminder.plan_id)
        words = await words_on(
            session=session, plan_id=reminder.plan_id, reminder_id=reminder.reminder_id
        )
    assert [(each.number, each.state) for each in words] == [
        (1, ReminderState.UNKNOWN),
        (2, ReminderState.SENT),
        (3, ReminderState.UNDELIVERED),
        (4, ReminderState.DELIVERED),
    ]
    assert (row.state, row.failure_code) == (ReminderState.UNDELIVERED, "absent")
    assert (row.provider_reference, row.sent_at) == ("SM1", AT + timedelta(minutes=1))
    assert await events_of(payments, reminder.plan_id) == [
        "reminder_opened",
        "reminder_unknown",
        "reminder_sent",
        "reminder_undelivered",
    ]


async def test_no_event_holds_the_text_or_the_phone(
    steps: ReminderSteps, payments: Database, reminder: OpenReminder
) -> None:
    await steps.open_reminder(reminder)
    await steps.record_reminder(word(reminder, ReminderState.SENT, MessageStatus.ACCEPTED))
    async with payments.read() as session:
        told = str(await read_stream(session=session, stream=reminder.plan_id))
    assert PHONE not in told
    assert "birr" not in told


async def test_an_answer_to_another_message_is_a_defect(
    steps: ReminderSteps, reminder: OpenReminder
) -> None:
    with pytest.raises(Defect, match="never opened"):
        await steps.record_reminder(word(reminder, ReminderState.SENT, MessageStatus.ACCEPTED))
    await steps.open_reminder(reminder)
    foreign = MessageAnswer(message_id="other", status=MessageStatus.ACCEPTED)
    sent = word(reminder, ReminderState.SENT, MessageStatus.ACCEPTED)
    with pytest.raises(Defect, match="another message"):
        await steps.record_reminder(replace(sent, answer=foreign))


async def test_an_erased_person_leaves_the_hash_and_not_the_text(
    steps: ReminderSteps, payments: Database, keyring: Keyring, reminder: OpenReminder
) -> None:
    await steps.open_reminder(reminder)
    async with payments.write() as session:
        await erase_person(session=session, person_id=reminder.plan_id)
    async with payments.read() as session:
        (row,) = await reminders_of_plan(session=session, plan_id=reminder.plan_id)
        with pytest.raises(Refusal, match="erased"):
            await text_of(session=session, keyring=keyring, row=row)
    assert row.text_hash == hashlib.sha256(TEXT.encode()).digest()


async def test_a_plan_without_a_wallet_cannot_be_reminded(
    steps: ReminderSteps, reminder: OpenReminder
) -> None:
    plan_id = f"{reminder.plan_id}x"
    with pytest.raises(Defect, match="no wallet"):
        await steps.open_reminder(replace(reminder, plan_id=plan_id))


async def test_the_policy_of_a_date(steps: ReminderSteps) -> None:
    found = await steps.find_reminder_policy(FindReminderPolicy(on=date(2026, 12, 1)))
    assert found.policy is not None
    assert (found.policy.version, found.policy.days_before) == (2, (3, 1))
    first = await steps.find_reminder_policy(FindReminderPolicy(on=date(2026, 11, 24)))
    assert first.policy is not None
    assert (first.policy.version, first.policy.by_email) == (1, ())
    before = await steps.find_reminder_policy(FindReminderPolicy(on=date(2025, 12, 31)))
    assert before.policy is None


@pytest.fixture
def email(reminder: OpenReminder) -> OpenReminder:
    """The same reminder by e-mail."""
    made = reminder_id(
        installment_id=reminder.installment_id, kind="b", on=date(2026, 12, 12), channel="e"
    )
    return replace(reminder, reminder_id=made, channel=MessageKind.EMAIL)


async def test_an_email_is_kept_with_its_subject_beside_the_text_message(
    steps: ReminderSteps,
    payments: Database,
    keyring: Keyring,
    reminder: OpenReminder,
    email: OpenReminder,
) -> None:
    on_file = RegisterEmailAddress(plan_id=reminder.plan_id, address=ADDRESS, at=AT)
    for _ in range(2):
        await steps.register_email_address(on_file)
    sms, opened = await steps.open_reminder(reminder), await steps.open_reminder(email)
    assert (sms.message.to, sms.message.subject) == (PHONE, None)
    assert (opened.message.kind, opened.message.to) == (MessageKind.EMAIL, ADDRESS)
    assert opened.message.subject == "Meqenet: payment 2 of 4 is due soon"
    assert opened.message.text.startswith("Payment 2 of 4 for Shop is due in 3 days.\n")
    again = await steps.open_reminder(replace(email, language=Language.AMHARIC))
    assert again == replace(opened, is_new=False)
    accepted = word(email, ReminderState.SENT, MessageStatus.ACCEPTED)
    await steps.record_reminder(accepted)
    async with payments.read() as session:
        rows = await reminders_of_plan(session=session, plan_id=reminder.plan_id)
        row = next(each for each in rows if each.channel is MessageKind.EMAIL)
        written = await text_of(session=session, keyring=keyring, row=row)
        told = str(await read_stream(session=session, stream=reminder.plan_id))
    assert (written.subject, written.text) == (opened.message.subject, opened.message.text)
    assert [each.state for each in rows] == [ReminderState.SENT, ReminderState.CREATED]
    assert ADDRESS not in told
    with pytest.raises(Refusal, match="another e-mail") as refused:
        await steps.register_email_address(replace(on_file, address="other@example.com"))
    assert "@" not in refused.value.text
    assert ADDRESS not in f"{on_file} {opened}"


async def test_only_an_address_on_file_is_written_to(
    steps: ReminderSteps, reminder: OpenReminder, email: OpenReminder
) -> None:
    asked = FindReminderPolicy(on=date(2026, 12, 1), plan_id=reminder.plan_id)
    assert not (await steps.find_reminder_policy(asked)).has_email
    with pytest.raises(Defect, match="no e-mail address"):
        await steps.open_reminder(email)
    await steps.register_email_address(
        RegisterEmailAddress(plan_id=reminder.plan_id, address=ADDRESS, at=AT)
    )
    assert (await steps.find_reminder_policy(asked)).has_email
