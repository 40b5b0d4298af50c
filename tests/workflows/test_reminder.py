"""Reminders: sent once whatever the provider does, and plans that never wait for them.

Nor do plans wait for the notices to their merchants.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from temporalio.client import WorkflowExecutionStatus, WorkflowHandle

from activities.contracts.marketplace import NoticeAnswer
from activities.contracts.reminders import OpenReminder, RecordReminder
from meqenet.errors import OutcomeUnknown, Unavailable
from meqenet.money import Money
from meqenet.payments.messages import MessageKind, MessageStatus
from meqenet.payments.rail import RailStatus
from meqenet.payments.reminder_states import ReminderState
from meqenet.payments.reminders import Language, ReminderKind
from tests.waiting import eventually
from tests.workflows.conftest import Bench
from tests.workflows.reminders import REMINDERS
from tests.workflows.test_test_clock import active_plan, advance, new_clock, plan_in_force
from workers.queue_worker import WORKFLOW_QUEUE
from workflows.messages import PauseCollection
from workflows.plan import PaymentPlanWorkflow
from workflows.reminder import ReminderOrder, ReminderWorkflow

Handle = WorkflowHandle[ReminderWorkflow, ReminderState]
SILENCE = OutcomeUnknown("message_outcome_unknown", "no answer")
BUSY = Unavailable("messages_unavailable", "try again later")
NO_ANSWER = NoticeAnswer(delivered=False, status=None, wanted=True)


def reminder_of(bench: Bench) -> OpenReminder:
    plan_id = f"pln_{bench.merchant_id}"
    return OpenReminder(
        reminder_id=f"{plan_id}-i02-mb20261206",
        plan_id=plan_id,
        installment_id=f"{plan_id}-i02",
        kind=ReminderKind.BEFORE_DUE,
        language=Language.ENGLISH,
        days=1,
        number=2,
        count=4,
        due_on=date(2026, 12, 7),
        amount=Money.from_birr("1000"),
        merchant_name="",
        cause=None,
        next_attempt_on=None,
        at=datetime(2026, 12, 6, 6, tzinfo=UTC),
    )


async def remind(bench: Bench) -> Handle:
    reminder = reminder_of(bench)
    return await bench.env.client.start_workflow(
        ReminderWorkflow.run,
        ReminderOrder(reminder=reminder, send_within=timedelta(hours=12), on_test_clock=True),
        id=f"reminder-{reminder.reminder_id}",
        task_queue=WORKFLOW_QUEUE,
    )


def states(bench: Bench) -> list[ReminderState]:
    return [word.state for word in bench.domains.words[reminder_of(bench).reminder_id]]


async def test_a_reminder_is_sent_once_and_followed_until_it_has_arrived(bench: Bench) -> None:
    answers = iter((MessageStatus.ACCEPTED, MessageStatus.DELIVERED))
    bench.domains.ask_message = lambda _id: next(answers)
    handle = await remind(bench)
    await bench.live_out(handle)
    assert await handle.result() is ReminderState.DELIVERED
    assert bench.domains.texted == [reminder_of(bench).reminder_id]
    assert states(bench) == [ReminderState.SENT, ReminderState.DELIVERED]
    assert [each.merchant_name for each in bench.domains.reminded] == ["Shop"]


async def test_a_refused_reminder_is_not_sent_again(bench: Bench) -> None:
    bench.domains.pass_on = lambda _message: MessageStatus.REFUSED
    assert await (await remind(bench)).result() is ReminderState.REFUSED
    assert len(bench.domains.texted) == 1
    assert [word.answer and word.answer.failure_code for word in _words(bench)] == ["blocked"]


async def test_an_unknown_outcome_is_asked_about_and_never_sent_again(bench: Bench) -> None:
    asked = iter((BUSY, MessageStatus.ACCEPTED, MessageStatus.DELIVERED))
    bench.domains.pass_on = lambda _message: SILENCE
    bench.domains.ask_message = lambda _id: next(asked)
    handle = await remind(bench)
    await bench.live_out(handle)
    assert await handle.result() is ReminderState.DELIVERED
    assert len(bench.domains.texted) == 1
    assert states(bench) == [ReminderState.UNKNOWN, ReminderState.SENT, ReminderState.DELIVERED]


async def test_what_the_provider_never_took_is_sent_again_under_the_same_id(bench: Bench) -> None:
    tries = iter((SILENCE, BUSY, MessageStatus.ACCEPTED))
    asked = iter((MessageStatus.NOT_FOUND, MessageStatus.DELIVERED))
    bench.domains.pass_on = lambda _message: next(tries)
    bench.domains.ask_message = lambda _id: next(asked)
    handle = await remind(bench)
    await bench.live_out(handle)
    assert await handle.result() is ReminderState.DELIVERED
    assert bench.domains.texted == [reminder_of(bench).reminder_id] * 3


async def test_a_reminder_whose_time_is_over_is_given_up(bench: Bench) -> None:
    bench.domains.pass_on = lambda _message: BUSY
    handle = await remind(bench)
    started = (await handle.describe()).start_time
    await bench.live_out(handle)
    assert await handle.result() is ReminderState.GIVEN_UP
    ended = (await handle.describe()).close_time
    assert ended is not None
    assert timedelta(hours=11) < ended - started <= timedelta(hours=12, minutes=1)
    assert states(bench) == [ReminderState.GIVEN_UP]


async def test_a_second_run_asks_before_it_sends(bench: Bench) -> None:
    """Its first run was lost between storing the reminder and storing the answer."""
    bench.domains.reminded.append(reminder_of(bench))
    handle = await remind(bench)
    await bench.live_out(handle)
    assert await handle.result() is ReminderState.DELIVERED
    assert bench.domains.texted == []


async def test_what_is_never_reported_stays_sent(bench: Bench) -> None:
    bench.domains.ask_message = lambda _id: MessageStatus.ACCEPTED
    handle = await remind(bench)
    await bench.live_out(handle)
    assert await handle.result() is ReminderState.SENT
    assert states(bench) == [ReminderState.SENT]


def told(bench: Bench) -> list[tuple[date, int, ReminderKind, int]]:
    """What was decided: on which UTC date, of which installment, what, and its days."""
    return [(r.at.date(), r.number, r.kind, r.days) for r in bench.domains.reminded]


async def reminded(bench: Bench, count: int) -> list[tuple[date, int, ReminderKind, int]]:
    """The same, once so many are stored: their runs are not waited for by the clock."""

    async def so_far() -> int:
        return len(bench.domains.reminded)

    await eventually(so_far, lambda found: found >= count)
    return sorted(told(bench))


async def test_a_plan_reminds_before_and_after_due_dates_and_of_a_failure(bench: Bench) -> None:
    """The second installment fails for good; the others are collected as they fall due."""
    bench.domains.reminder_policy = REMINDERS
    bench.domains.answer = lambda order: (
        (RailStatus.FAILED, "1") if "-i02-" in order else RailStatus.SUCCEEDED
    )
    clock = await new_clock(bench)
    await plan_in_force(bench, clock, "pay_in_4")
    await advance(clock, days=80)
    before, failed, late = (
        ReminderKind.BEFORE_DUE,
        ReminderKind.ATTEMPT_FAILED,
        ReminderKind.PAST_DUE,
    )
    # Due on 7 and 21 December and 4 January. One a day: a failure is told rather than a late day.
    assert await reminded(bench, 14) == [
        (date(2026, 12, 4), 2, before, 3),
        (date(2026, 12, 6), 2, before, 1),
        (date(2026, 12, 7), 2, failed, 0),
        (date(2026, 12, 8), 2, late, 1),
        (date(2026, 12, 10), 2, late, 3),
        (date(2026, 12, 14), 2, late, 7),
        (date(2026, 12, 18), 3, before, 3),
        (date(2026, 12, 20), 3, before, 1),
        (date(2026, 12, 21), 2, late, 14),
        (date(2026, 12, 25), 2, failed, 18),
        (date(2026, 12, 27), 2, failed, 20),
        (date(2027, 1, 1), 4, before, 3),
        (date(2027, 1, 3), 4, before, 1),
        (date(2027, 1, 6), 2, late, 30),
    ]
    assert len({each.reminder_id for each in bench.domains.reminded}) == 14


async def test_a_plan_waits_neither_for_its_reminders_by_two_ways_nor_for_a_dead_endpoint(
    bench: Bench,
) -> None:
    """With an address on file, a customer is told by email too."""
    bench.domains.reminder_policy = replace(REMINDERS, by_email=(ReminderKind.BEFORE_DUE,))
    bench.domains.pass_on = lambda _message: BUSY
    bench.domains.hear = lambda _notice: NO_ANSWER
    clock = await new_clock(bench)
    plan_id, plan = await active_plan(bench, clock, "pay_in_30", email="abeba@example.com")
    assert (await advance(clock, days=31)).plans == ()
    assert (await plan.result()).state == "completed"
    await reminded(bench, 4)
    ids = {each.reminder_id: each.channel for each in bench.domains.reminded}
    assert ids == {
        f"{plan_id}-i01-mb20261220": MessageKind.SMS,
        f"{plan_id}-i01-eb20261220": MessageKind.EMAIL,
        f"{plan_id}-i01-mb20261222": MessageKind.SMS,
        f"{plan_id}-i01-eb20261222": MessageKind.EMAIL,
    }
    assert bench.domains.email_addresses == {plan_id: "abeba@example.com"}
    await _are_still_tried(bench, [f"reminder-{each}" for each in ids])

    async def kinds() -> dict[str, str]:
        return {notice.notice_id: notice.kind for notice in bench.domains.notices}

    told = await eventually(kinds, lambda found: len(found) == 3)
    by_event = sorted(told, key=lambda each: int(each.removeprefix(f"{plan_id}-n")))
    assert [told[each] for each in by_event] == ["plan.approved", "plan.settled", "plan.completed"]
    await _are_still_tried(bench, [f"notice-{each}" for each in told])


async def _are_still_tried(bench: Bench, runs: list[str]) -> None:
    for each in runs:
        run = bench.env.client.get_workflow_handle(each)
        assert (await run.describe()).status is WorkflowExecutionStatus.RUNNING
        await run.terminate()


async def test_nothing_is_told_while_collection_is_paused(bench: Bench) -> None:
    bench.domains.reminder_policy = REMINDERS
    clock = await new_clock(bench)
    _, plan = await plan_in_force(bench, clock, "pay_in_30")
    await plan.execute_update(
        PaymentPlanWorkflow.pause_collection,
        PauseCollection(who="stf_abcdefgh", why="the customer is ill", until=None),
    )
    await advance(clock, days=36)
    assert bench.domains.reminded == []


def _words(bench: Bench) -> list[RecordReminder]:
    return bench.domains.words[reminder_of(bench).reminder_id]
