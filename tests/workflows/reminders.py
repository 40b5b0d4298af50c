"""Reminders in memory: the real policy and texts, and a provider that a test makes to order."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from activities.contracts import marketplace
from activities.contracts import reminders as r
from activities.contracts.step import Nothing
from activities.edge import takes
from meqenet.payments.messages import MessageAnswer, MessageKind, MessageStatus, OutgoingMessage
from meqenet.payments.policy_documents import read_reminder_policy
from meqenet.payments.reminder_states import ReminderState, after_word
from meqenet.payments.reminders import ReminderPolicy
from tests.workflows.payments import policy

REMINDERS = read_reminder_policy(document=policy("reminders-customers-v1"))
Passing = Callable[[OutgoingMessage], MessageStatus | Exception]
Asked = Callable[[str], MessageStatus | Exception]


@dataclass
class Reminders:
    """``reminded`` is what was decided, ``texted`` what reached the provider, by arrival."""

    reminder_policy: ReminderPolicy | None = None
    email_addresses: dict[str, str] = field(default_factory=dict)
    pass_on: Passing = lambda _message: MessageStatus.ACCEPTED
    ask_message: Asked = lambda _id: MessageStatus.DELIVERED
    reminded: list[r.OpenReminder] = field(default_factory=list)
    texted: list[str] = field(default_factory=list)
    words: dict[str, list[r.RecordReminder]] = field(default_factory=lambda: defaultdict(list))

    def reminder_state(self, reminder_id: str) -> ReminderState:
        """Where a reminder stands after every word on it."""
        state = ReminderState.CREATED
        for word in self.words[reminder_id]:
            state = after_word(before=state, told=word.state)
        return state

    @takes(marketplace.LOAD_ORDER)
    async def load_order(self, _command: marketplace.LoadOrder) -> marketplace.LoadedOrder:
        return marketplace.LoadedOrder(placed=True, merchant_name="Shop")

    @takes(r.REGISTER_EMAIL_ADDRESS)
    async def register_email_address(self, command: r.RegisterEmailAddress) -> Nothing:
        self.email_addresses[command.plan_id] = command.address
        return Nothing()

    @takes(r.FIND_REMINDER_POLICY)
    async def find_reminder_policy(self, command: r.FindReminderPolicy) -> r.ReminderPolicyFound:
        has_email = command.plan_id in self.email_addresses
        return r.ReminderPolicyFound(policy=self.reminder_policy, has_email=has_email)

    @takes(r.OPEN_REMINDER)
    async def open_reminder(self, command: r.OpenReminder) -> r.ReminderOpened:
        is_new = command.reminder_id not in [each.reminder_id for each in self.reminded]
        if is_new:
            self.reminded.append(command)
        by_email = command.channel is MessageKind.EMAIL
        message = OutgoingMessage(
            message_id=command.reminder_id,
            kind=command.channel,
            to=self.email_addresses[command.plan_id] if by_email else "251911000000",
            text="text",
            subject="subject" if by_email else None,
        )
        state = self.reminder_state(command.reminder_id)
        return r.ReminderOpened(message=message, state=state, is_new=is_new)

    @takes(r.RECORD_REMINDER)
    async def record_reminder(self, command: r.RecordReminder) -> Nothing:
        self.words[command.reminder_id].append(command)
        return Nothing()

    @takes(r.SEND_MESSAGE)
    async def send_message(self, command: OutgoingMessage) -> MessageAnswer:
        self.texted.append(command.message_id)
        return _answer(command.message_id, self.pass_on(command))

    @takes(r.QUERY_MESSAGE)
    async def query_message(self, command: r.QueryMessage) -> MessageAnswer:
        return _answer(command.message_id, self.ask_message(command.message_id))


def _answer(message_id: str, status: MessageStatus | Exception) -> MessageAnswer:
    if isinstance(status, Exception):
        raise status
    failed = status in (MessageStatus.REFUSED, MessageStatus.UNDELIVERED)
    code = "blocked" if failed else None
    return MessageAnswer(message_id=message_id, status=status, failure_code=code)
