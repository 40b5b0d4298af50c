"""A plan's reminders: when it looks for them, and a run of its own for each that is due."""

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

from activities.contracts.reminders import (
    FIND_REMINDER_POLICY,
    FindReminderPolicy,
    OpenReminder,
)
from meqenet.bnpl.states import InstallmentState
from meqenet.calendar import addis_date, at_addis
from meqenet.errors import Mender
from meqenet.identity import installment_id, reminder_id
from meqenet.payments.causes import FailureCause, remedy_for
from meqenet.payments.messages import MessageKind
from meqenet.payments.reminders import (
    OpenInstallment,
    Reminder,
    ReminderKind,
    ReminderPolicy,
    channels_of,
    failure_told_at,
    next_reminder_at,
    reminders_due,
    send_until,
)
from workflows.asking import ask, report_of
from workflows.plan_desk import PlanDesk
from workflows.reminder import ReminderOrder, ReminderWorkflow
from workflows.reminders_life import FailureToTell, RemindersLife
from workflows.support import hold_in_force
from workflows.turns import of_merchant

_PATCH = "reminders-1"
_PATIENCE = timedelta(minutes=1)
"""A plan goes on without reminders rather than wait longer for their policy."""
_UNPAID = (InstallmentState.SCHEDULED, InstallmentState.COLLECTING, InstallmentState.FAILED)
_LETTER_OF = {
    ReminderKind.BEFORE_DUE: "b",
    ReminderKind.ATTEMPT_FAILED: "f",
    ReminderKind.PAST_DUE: "l",
}
_LETTER_OF_CHANNEL = {MessageKind.SMS: "m", MessageKind.EMAIL: "e"}


async def learn_policy(desk: PlanDesk) -> None:
    """Ask once by which policy the customer is reminded: the one of the plan's first day.

    A plan that was begun again from the stores looks at its whole present day: what was sent of
    it is known by its id.
    """
    if not workflow.patched(_PATCH) or desk.life.reminders is not None:
        return
    today = addis_date(at=desk.clock.now())
    try:
        found = await ask(
            FIND_REMINDER_POLICY,
            FindReminderPolicy(on=desk.life.activated_on or today, plan_id=desk.plan_id),
            summary="When is the customer reminded?",
            patience=_PATIENCE,
        )
    except ActivityError as error:
        workflow.logger.warning("no policy of reminders yet: %s", report_of(error).code)
        return
    begun_again = desk.left_off is not None
    since = at_addis(on=today, hour=0) if begun_again else desk.clock.now()
    desk.life.reminders = RemindersLife(
        policy=found.policy, looked_until=since, has_email=found.has_email
    )


def note_failure(desk: PlanDesk, *, number: int, cause: str | None) -> None:
    """Have the customer told of a failed attempt, if the customer can mend it."""
    life = desk.life.reminders
    if life is None or life.policy is None or not life.policy.on_failure:
        return
    known = next((each for each in FailureCause if each.value == cause), None)
    if known is not None and remedy_for(cause=known).mender is Mender.CUSTOMER:
        life.failures[number] = FailureToTell(at=desk.clock.now(), cause=known)


def next_reminder(desk: PlanDesk) -> datetime | None:
    """When the plan has to look for reminders next."""
    life = desk.life.reminders
    if life is None or life.policy is None:
        return None
    return next_reminder_at(
        policy=life.policy, installments=_unpaid(desk, life), after=life.looked_until
    )


async def remind_if_due(desk: PlanDesk) -> None:
    """Start what is due now. While collection is paused, nothing is."""
    life = desk.life.reminders
    if life is None or life.policy is None:
        return
    now, policy = desk.clock.now(), life.policy
    today = addis_date(at=now)
    if life.told_on != today:
        life.told_on, life.told = today, 0
    due: tuple[Reminder, ...] = ()
    if hold_in_force(desk) is None:
        due = reminders_due(
            policy=policy,
            installments=_unpaid(desk, life),
            after=life.looked_until,
            now=now,
            told_today=life.told,
        )
    for reminder in due:
        for channel in channels_of(policy=policy, kind=reminder.kind, has_email=life.has_email):
            told = _told(desk, reminder, life=life, policy=policy, channel=channel)
            await _start(desk, told, policy=policy)
        life.told += 1
    life.looked_until = now
    for number, failure in list(life.failures.items()):
        if failure_told_at(policy=policy, failed_at=failure.at) <= now:
            del life.failures[number]


def _unpaid(desk: PlanDesk, life: RemindersLife) -> list[OpenInstallment]:
    failed = {number: failure.at for number, failure in life.failures.items()}
    return [
        OpenInstallment(
            number=each.planned.number,
            due_on=each.planned.due_on,
            failed_at=failed.get(each.planned.number),
        )
        for each in desk.life.installments
        if each.state in _UNPAID
        and desk.life.account.charged_off is None
        and not desk.life.waits(number=each.planned.number)
    ]


async def _start(desk: PlanDesk, told: OpenReminder, *, policy: ReminderPolicy) -> None:
    """Started, not awaited: the reminder outlives the plan, and its failure is its own."""
    now = desk.clock.now()
    order = ReminderOrder(
        reminder=told,
        send_within=send_until(policy=policy, at=now, channel=told.channel) - now,
        on_test_clock=desk.clock.reading is not None,
    )
    by = "" if told.channel is MessageKind.SMS else ", by e-mail"
    try:
        _ = await workflow.start_child_workflow(
            ReminderWorkflow.run,
            order,
            id=f"reminder-{order.reminder.reminder_id}",
            parent_close_policy=ParentClosePolicy.ABANDON,
            static_summary=f"Installment {told.number}: {told.kind.replace('_', ' ')}{by}",
            priority=of_merchant(desk.application.merchant_id),
        )
    except WorkflowAlreadyStartedError:
        workflow.logger.info("the customer is being reminded already")


def _told(
    desk: PlanDesk,
    reminder: Reminder,
    *,
    life: RemindersLife,
    policy: ReminderPolicy,
    channel: MessageKind,
) -> OpenReminder:
    installment = desk.life.installment(number=reminder.number)
    parent = installment_id(plan_id=desk.plan_id, number=reminder.number)
    now, next_at = desk.clock.now(), installment.next_attempt_at
    is_failure = reminder.kind is ReminderKind.ATTEMPT_FAILED
    return OpenReminder(
        reminder_id=reminder_id(
            installment_id=parent,
            kind=_LETTER_OF[reminder.kind],
            on=addis_date(at=now),
            channel=_LETTER_OF_CHANNEL[channel],
        ),
        plan_id=desk.plan_id,
        installment_id=parent,
        kind=reminder.kind,
        language=policy.language,
        days=reminder.days,
        number=reminder.number,
        count=len(desk.life.installments),
        due_on=installment.planned.due_on,
        amount=desk.life.owed_of(number=reminder.number),
        merchant_name="",
        cause=life.failures[reminder.number].cause if is_failure else None,
        next_attempt_on=None if next_at is None else addis_date(at=next_at),
        at=now,
        channel=channel,
    )
