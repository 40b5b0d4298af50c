"""A reminder to a customer: stored, sent once, followed until it has arrived or its time is over.

It has a life of its own: whatever becomes of it, its plan does not wait.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.contracts.marketplace import LOAD_ORDER, LoadOrder
    from activities.contracts.reminders import (
        OPEN_REMINDER,
        QUERY_MESSAGE,
        RECORD_REMINDER,
        SEND_MESSAGE,
        OpenReminder,
        QueryMessage,
        RecordReminder,
        ReminderOpened,
    )
    from activities.contracts.report import ErrorKind
    from meqenet.payments.messages import MessageAnswer, MessageStatus, OutgoingMessage
    from meqenet.payments.reminder_states import STATE_OF, ReminderState
    from workflows.asking import ask, believed_from, distances, report_of

_AGAIN_AFTER = distances(first=timedelta(seconds=2), longest=timedelta(minutes=30), count=150)
"""Growing to half an hour. An outcome that stays unknown for three days stays so on file."""
_ASK_AGAIN_AFTER = distances(first=timedelta(seconds=1), longest=timedelta(hours=6), count=28)
"""Questions whether it has arrived: within seconds, then hours, for three days."""


@dataclass(frozen=True, kw_only=True)
class ReminderOrder:
    """What to tell, and how long that is worth telling.

    Attributes:
        reminder: the reminder but for the merchant's name, which is asked for.
        send_within: from the start of the run, in real time: later it is not sent any more.
        on_test_clock: the plan's time stands still meanwhile.
    """

    reminder: OpenReminder
    send_within: timedelta
    on_test_clock: bool


@workflow.defn
class ReminderWorkflow:
    """Tells a customer one thing once. An unknown outcome is asked about, never sent again."""

    @workflow.run
    async def run(self, order: ReminderOrder) -> ReminderState:
        """Return what has become of it, as far as anybody can know."""
        send_until = workflow.now() + order.send_within
        placed = await ask(
            LOAD_ORDER, LoadOrder(plan_id=order.reminder.plan_id), summary="Whose shop was it?"
        )
        opened = await ask(
            OPEN_REMINDER,
            replace(order.reminder, merchant_name=placed.merchant_name),
            summary=f"Store the reminder: {order.reminder.kind}",
        )
        state = opened.state
        if state is not ReminderState.SENT and not state.is_final:
            state = await _see_sent(order, opened, send_until=send_until)
        if state is ReminderState.SENT:
            state = await _see_delivered(order, opened.message)
        return state


async def _see_sent(
    order: ReminderOrder, opened: ReminderOpened, *, send_until: datetime
) -> ReminderState:
    """Have the provider take it; ask first where it may have it already."""
    state, may_send = opened.state, opened.is_new
    believed_at = believed_from(asks_first=not opened.is_new)
    for wait in _AGAIN_AFTER:
        if may_send:
            answer = await _send(opened.message, until=send_until)
        else:
            answer = await _ask(opened.message)
        is_missing = answer is not None and answer.status is MessageStatus.NOT_FOUND
        if not is_missing:
            state = ReminderState.UNKNOWN if answer is None else STATE_OF[answer.status]
            await _record(order, state, answer)
            if answer is not None:
                return state
        may_send = is_missing and workflow.now() >= believed_at
        if is_missing and workflow.now() + wait > send_until:
            await _record(order, ReminderState.GIVEN_UP, None)
            return ReminderState.GIVEN_UP
        await workflow.sleep(wait, summary="then send it" if may_send else "then ask for it")
    return state


async def _see_delivered(order: ReminderOrder, message: OutgoingMessage) -> ReminderState:
    """Ask until it has arrived or cannot; what is never reported stays sent."""
    for wait in _ASK_AGAIN_AFTER:
        await workflow.sleep(wait, summary="then ask whether it has arrived")
        answer = await _ask(message)
        state = ReminderState.SENT if answer is None else STATE_OF[answer.status]
        if state.is_final:
            await _record(order, state, answer)
            return state
    return ReminderState.SENT


async def _send(message: OutgoingMessage, *, until: datetime) -> MessageAnswer | None:
    """Send it now; with no worker at hand, not later than it may be sent."""
    patience = max(until - workflow.now(), SEND_MESSAGE.attempt_max)
    try:
        return await ask(
            SEND_MESSAGE, message, summary=f"Send the {message.kind}", patience=patience
        )
    except ActivityError as error:
        report = report_of(error)
        workflow.logger.warning("reminder not sent: %s", report.code)
        if report.kind is ErrorKind.UNKNOWN:
            return None
        # Nothing happened there: the same id may be sent again after a wait.
        return MessageAnswer(message_id=message.message_id, status=MessageStatus.NOT_FOUND)


async def _ask(message: OutgoingMessage) -> MessageAnswer | None:
    try:
        return await ask(
            QUERY_MESSAGE,
            QueryMessage(message_id=message.message_id),
            summary="What became of the message?",
        )
    except ActivityError as error:
        workflow.logger.warning("no answer about a reminder: %s", report_of(error).code)
        return None


async def _record(order: ReminderOrder, state: ReminderState, answer: MessageAnswer | None) -> None:
    at = order.reminder.at if order.on_test_clock else workflow.now()
    await ask(
        RECORD_REMINDER,
        RecordReminder(reminder_id=order.reminder.reminder_id, state=state, answer=answer, at=at),
        summary=f"Store what is known: {state}",
    )
