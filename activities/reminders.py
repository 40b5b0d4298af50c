"""Reminders: the payments domain keeps them, the provider of messages passes them on."""

from activities.contracts import reminders as contract
from activities.contracts.step import Nothing
from activities.edge import takes
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.payments import policies, reminders
from db.payments.email_addresses import has_email_address, register_email_address
from db.payments.wallets import wallet_of
from integrations.ports.gates import Gate
from integrations.ports.messages import Messages
from meqenet.payments.lanes import Lane
from meqenet.payments.messages import MessageAnswer, OutgoingMessage
from meqenet.payments.orders import plan_of_reminder
from meqenet.payments.reminder_words import ReminderFacts


class ReminderActivities:
    """See :class:`activities.contracts.reminders.ReminderSteps`."""

    def __init__(self, *, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    @takes(contract.REGISTER_EMAIL_ADDRESS)
    async def register_email_address(self, command: contract.RegisterEmailAddress) -> Nothing:
        """Put the customer's e-mail address on file."""
        async with self._database.write() as session:
            await register_email_address(
                session=session,
                keyring=self._keyring,
                plan_id=command.plan_id,
                address=command.address,
                at=command.at,
            )
        return Nothing()

    @takes(contract.FIND_REMINDER_POLICY)
    async def find_reminder_policy(
        self, command: contract.FindReminderPolicy
    ) -> contract.ReminderPolicyFound:
        """By which policy a customer is reminded, and whether by e-mail too."""
        async with self._database.write() as session:
            policy = await policies.find_reminder_policy(session=session, day=command.on)
            has_email = command.plan_id is not None and await has_email_address(
                session=session, plan_id=command.plan_id
            )
        return contract.ReminderPolicyFound(policy=policy, has_email=has_email)

    @takes(contract.OPEN_REMINDER)
    async def open_reminder(self, command: contract.OpenReminder) -> contract.ReminderOpened:
        """Store the intent to remind, with its text."""
        async with self._database.write() as session:
            wallet = await wallet_of(
                session=session, keyring=self._keyring, plan_id=command.plan_id
            )
            opened = await reminders.open_reminder(
                session=session,
                keyring=self._keyring,
                plan_id=command.plan_id,
                reminder_id=command.reminder_id,
                installment_id=command.installment_id,
                facts=ReminderFacts(
                    kind=command.kind,
                    days=command.days,
                    number=command.number,
                    count=command.count,
                    due_on=command.due_on,
                    amount=command.amount,
                    merchant_name=command.merchant_name,
                    provider=wallet.provider,
                    cause=command.cause,
                    next_attempt_on=command.next_attempt_on,
                ),
                language=command.language,
                channel=command.channel,
                at=command.at,
            )
            return contract.ReminderOpened(
                message=OutgoingMessage(
                    message_id=opened.row.reminder_id,
                    kind=opened.row.channel,
                    to=opened.to,
                    text=opened.written.text,
                    subject=opened.written.subject,
                ),
                state=opened.row.state,
                is_new=opened.is_new,
            )

    @takes(contract.RECORD_REMINDER)
    async def record_reminder(self, command: contract.RecordReminder) -> Nothing:
        """Keep a word on a reminder."""
        async with self._database.write() as session:
            await reminders.record_reminder(
                session=session,
                plan_id=plan_of_reminder(reminder_id=command.reminder_id),
                reminder_id=command.reminder_id,
                told=command.state,
                answer=command.answer,
                at=command.at,
            )
        return Nothing()


class MessageActivities:
    """The provider's own queue: one call of the port per step, through its gate, nothing else."""

    def __init__(self, *, messages: Messages, gate: Gate) -> None:
        self._messages = messages
        self._gate = gate

    @takes(contract.SEND_MESSAGE)
    async def send_message(self, command: OutgoingMessage) -> MessageAnswer:
        """Send a message."""
        async with self._gate.passing(lane=Lane.ORDERS):
            return await self._messages.send_message(message=command)

    @takes(contract.QUERY_MESSAGE)
    async def query_message(self, command: contract.QueryMessage) -> MessageAnswer:
        """Ask for a message's state."""
        async with self._gate.passing(lane=Lane.QUESTIONS):
            return await self._messages.query_message(message_id=command.message_id)
