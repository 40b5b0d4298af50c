"""What the payments domain keeps of reminders, and what the provider of messages can be asked."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from activities.contracts.step import Nothing, Step, StepKind
from meqenet.money import Money
from meqenet.payments.causes import FailureCause
from meqenet.payments.messages import MessageAnswer, MessageKind, OutgoingMessage
from meqenet.payments.reminder_states import ReminderState
from meqenet.payments.reminders import Language, ReminderKind, ReminderPolicy


@dataclass(frozen=True, kw_only=True)
class RegisterEmailAddress:
    """Put the address on file at which a plan's customer reads e-mail."""

    plan_id: str
    address: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, kw_only=True)
class FindReminderPolicy:
    """By which policy is a plan's customer reminded? ``on`` is an Addis Ababa date.

    ``plan_id``: whose e-mail address is looked for; None looks for none.
    """

    on: date
    plan_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class ReminderPolicyFound:
    """The answer; None where there was no policy yet.

    ``has_email``: an e-mail address of the customer is on file.
    """

    policy: ReminderPolicy | None
    has_email: bool = False


@dataclass(frozen=True, kw_only=True)
class OpenReminder:
    """Store the intent to remind, with its text, before the provider hears of it.

    Attributes:
        days: to the due date, or since then.
        count: how many installments the plan has.
        cause: why the newest attempt failed, of a reminder that tells of it.
        next_attempt_on: the Addis Ababa date of the next attempt, if there is one by itself.
        at: now, by the plan's clock.
        channel: how it goes.
    """

    reminder_id: str
    plan_id: str
    installment_id: str
    kind: ReminderKind
    language: Language
    days: int
    number: int
    count: int
    due_on: date
    amount: Money
    merchant_name: str
    cause: FailureCause | None
    next_attempt_on: date | None
    at: datetime
    channel: MessageKind = MessageKind.SMS


@dataclass(frozen=True, kw_only=True)
class ReminderOpened:
    """What the provider call needs. ``state`` tells how far this reminder was before.

    ``is_new``: nobody can have sent it yet.
    """

    message: OutgoingMessage
    state: ReminderState
    is_new: bool


@dataclass(frozen=True, kw_only=True)
class RecordReminder:
    """Store what is known of a reminder now.

    ``answer`` None: it was sent and its outcome is not known, or it was given up.
    """

    reminder_id: str
    state: ReminderState
    answer: MessageAnswer | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class QueryMessage:
    """Ask the provider for a message's state."""

    message_id: str


REGISTER_EMAIL_ADDRESS = Step(
    name="payments.register_email_address", command=RegisterEmailAddress, result=Nothing
)
FIND_REMINDER_POLICY = Step(
    name="payments.find_reminder_policy", command=FindReminderPolicy, result=ReminderPolicyFound
)
OPEN_REMINDER = Step(name="payments.open_reminder", command=OpenReminder, result=ReminderOpened)
RECORD_REMINDER = Step(name="payments.record_reminder", command=RecordReminder, result=Nothing)
SEND_MESSAGE = Step(
    name="messages.send_message",
    command=OutgoingMessage,
    result=MessageAnswer,
    kind=StepKind.COMMAND,
)
QUERY_MESSAGE = Step(
    name="messages.query_message",
    command=QueryMessage,
    result=MessageAnswer,
    kind=StepKind.QUESTION,
)


class ReminderSteps(Protocol):
    """What the payments domain keeps of reminders; each step is idempotent by its ids."""

    async def register_email_address(self, command: RegisterEmailAddress) -> Nothing:
        """It is stored encrypted. Refusal ``email_address_differs`` for another one later."""
        ...

    async def find_reminder_policy(self, command: FindReminderPolicy) -> ReminderPolicyFound:
        """Changes nothing."""
        ...

    async def open_reminder(self, command: OpenReminder) -> ReminderOpened:
        """The same reminder again keeps the text of the first time, whatever templates say now."""
        ...

    async def record_reminder(self, command: RecordReminder) -> Nothing:
        """A final state never changes; what contradicts it is kept in the history all the same."""
        ...


class MessageSteps(Protocol):
    """The provider's own queue. See :class:`integrations.ports.messages.Messages`."""

    async def send_message(self, command: OutgoingMessage) -> MessageAnswer:
        """Sent once."""
        ...

    async def query_message(self, command: QueryMessage) -> MessageAnswer:
        """Changes nothing."""
        ...
