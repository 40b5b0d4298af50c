"""What staff may have a plan do, over a real Temporal server: recorded, and never done twice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from meqenet.bnpl.events import CollectionStarted
from meqenet.bnpl.staff_events import CollectionPaused, InstallmentRetryAsked, NextAttemptMoved
from meqenet.calendar import addis_date
from meqenet.identity import attempt_id, installment_id
from meqenet.payments.rail import RailStatus
from tests.waiting import eventually
from tests.workflows.conftest import Bench, Handle, code_of
from tests.workflows.test_test_clock import Clock, advance, new_clock, plan_in_force
from workflows.messages import (
    Application,
    Cancel,
    DeedStanding,
    MarkUnreachable,
    PauseCollection,
    ResumeCollection,
    RetryInstallment,
    RetryMoneyOut,
    SupportStanding,
)
from workflows.plan import PaymentPlanWorkflow
from workflows.test_clock import TestClockWorkflow

WHO, WHY = "stf_aaaaaaaaaaaaaaaaaaaa", "the customer called"


def attempt(plan_id: str, number: int = 1) -> str:
    return attempt_id(installment_id=installment_id(plan_id=plan_id, number=1), number=number)


async def until_retryable(handle: Handle) -> None:
    def can_be(found: SupportStanding) -> bool:
        return DeedStanding(deed="retry_installment", number=1) in found.deeds

    await eventually(lambda: standing(handle), can_be)


async def until_true(condition: Callable[[], bool]) -> None:
    async def look() -> bool:
        return condition()

    await eventually(look, lambda holds: holds)


async def active(bench: Bench) -> tuple[Handle, Application]:
    """A plan whose one installment is due in thirty days."""
    application = bench.application("pay_in_30")
    handle = await bench.in_force(application)
    assert await handle.query(PaymentPlanWorkflow.state) == "active"
    return handle, application


async def failed(bench: Bench) -> tuple[Handle, Application]:
    """A plan whose one installment has failed for good: its policy tries no more."""
    bench.domains.answer = lambda _order: (RailStatus.FAILED, "1")
    handle, application = await active(bench)
    await bench.days_pass(handle, 75)
    await until_true(lambda: "installment_failed" in bench.domains.kinds(application.plan_id))
    return handle, application


def retry(*, who: str = WHO, why: str = WHY, number: int = 1) -> RetryInstallment:
    return RetryInstallment(number=number, who=who, why=why)


async def standing(handle: Handle) -> SupportStanding:
    return await handle.query(PaymentPlanWorkflow.support)


async def today(bench: Bench, handle: Handle) -> date:
    found = await bench.env.get_current_time(handle)
    return addis_date(at=found)


def events(bench: Bench, plan_id: str) -> list[object]:
    return [record.event for record in bench.domains.events[plan_id]]


async def test_two_agents_at_once_make_one_attempt_even_while_paused_but_not_while_unreachable(
    bench: Bench,
) -> None:
    handle, application = await failed(bench)
    assert await handle.query(PaymentPlanWorkflow.state) == "past_due"
    tried = bench.domains.sent.copy()
    assert tried == [attempt(application.plan_id, n) for n in range(1, 7)]
    until = await today(bench, handle) + timedelta(days=5)
    await handle.execute_update(
        PaymentPlanWorkflow.mark_unreachable_until, MarkUnreachable(until=until, who=WHO, why=WHY)
    )
    with pytest.raises(WorkflowUpdateFailedError) as unreachable:
        await handle.execute_update(PaymentPlanWorkflow.retry_installment, retry())
    assert code_of(unreachable) == "customer_unreachable"
    await handle.execute_update(
        PaymentPlanWorkflow.pause_collection, PauseCollection(who=WHO, why=WHY)
    )
    bench.domains.answer = lambda _order: RailStatus.PENDING
    bench.domains.query = lambda _order: RailStatus.PENDING
    answers = await asyncio.gather(
        *(
            handle.execute_update(PaymentPlanWorkflow.retry_installment, retry(who=who))
            for who in ("stf_abebe", "stf_sara")
        ),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, WorkflowUpdateFailedError)]
    assert len(refused) == 1
    await until_true(lambda: len(bench.domains.sent) > len(tried))
    with pytest.raises(WorkflowUpdateFailedError) as third:
        await handle.execute_update(PaymentPlanWorkflow.retry_installment, retry())
    assert code_of(third) == "attempt_under_way"
    bench.domains.query = lambda _order: RailStatus.SUCCEEDED
    assert (await handle.result()).state == "completed"
    assert bench.domains.sent == [*tried, attempt(application.plan_id, 7)]
    asked = [e for e in events(bench, application.plan_id) if isinstance(e, InstallmentRetryAsked)]
    assert len(asked) == 1
    assert asked[0].by in ("stf_abebe", "stf_sara")
    assert asked[0].why == WHY


@asynccontextmanager
async def waiting(bench: Bench) -> AsyncIterator[tuple[Clock, Handle, str]]:
    """A plan on a test clock whose one installment has failed and is tried again later."""
    bench.domains.answer = lambda _order: (RailStatus.FAILED, "1")
    clock = await new_clock(bench)
    plan_id, handle = await plan_in_force(bench, clock, "pay_in_30")
    await advance(clock, days=30)
    assert bench.domains.kinds(plan_id)[-1] == "collection_attempt_failed"
    assert bench.domains.sent == [attempt(plan_id)]
    yield clock, handle, plan_id
    await clock.terminate()


async def test_a_pause_moves_the_first_attempt_and_the_next_and_its_end_gives_that_back(
    bench: Bench,
) -> None:
    clock = await new_clock(bench)
    plan_id, handle = await plan_in_force(bench, clock, "pay_in_30")
    view = await advance(clock, days=25)
    until = addis_date(at=view.now) + timedelta(days=20)
    await handle.execute_update(
        PaymentPlanWorkflow.pause_collection, PauseCollection(until=until, who=WHO, why=WHY)
    )
    assert CollectionPaused(until=until, by=WHO, why=WHY) in events(bench, plan_id)
    found = await standing(handle)
    assert (found.held_because, found.held_until) == ("paused", until)
    await advance(clock, days=19)
    assert bench.domains.sent == []
    begun = next(e for e in events(bench, plan_id) if isinstance(e, CollectionStarted))
    assert begun.next_attempt_at is not None
    assert addis_date(at=begun.next_attempt_at) == until
    bench.domains.answer = lambda _order: (RailStatus.FAILED, "1")
    view = await advance(clock, days=1)
    assert bench.domains.sent == [attempt(plan_id)]
    assert addis_date(at=bench.domains.attempts[attempt(plan_id)].at) == until
    await _moves_the_next_attempt(bench, clock, handle, plan_id)
    await clock.terminate()


async def _moves_the_next_attempt(bench: Bench, clock: Clock, handle: Handle, plan_id: str) -> None:
    planned, before = next_attempt(bench, plan_id), len(moves(bench, plan_id))

    async def moved(times: int) -> NextAttemptMoved:
        await until_true(lambda: len(moves(bench, plan_id)) == before + times)
        return moves(bench, plan_id)[-1]

    await handle.execute_update(
        PaymentPlanWorkflow.pause_collection, PauseCollection(who=WHO, why=WHY)
    )
    await moved(1)
    await handle.execute_update(
        PaymentPlanWorkflow.resume_collection, ResumeCollection(who=WHO, why=WHY)
    )
    assert (await moved(2)).next_attempt_at == planned
    pause = PauseCollection(until=addis_date(at=planned) + timedelta(days=9), who=WHO, why=WHY)
    await handle.execute_update(PaymentPlanWorkflow.pause_collection, pause)
    assert addis_date(at=(await moved(3)).next_attempt_at) == pause.until
    now = (await clock.query(TestClockWorkflow.view)).now
    await advance(clock, days=(addis_date(at=planned) - addis_date(at=now)).days + 8)
    assert bench.domains.sent == [attempt(plan_id)]
    bench.domains.answer = lambda _order: RailStatus.SUCCEEDED
    await advance(clock, days=2)
    assert (await handle.result()).state == "completed"
    assert bench.domains.sent == [attempt(plan_id, n) for n in (1, 2)]


async def test_two_agents_who_end_one_wait_make_one_attempt_which_a_pause_does_not_let_repeat(
    bench: Bench,
) -> None:
    async with waiting(bench) as (clock, handle, plan_id):
        await handle.execute_update(
            PaymentPlanWorkflow.pause_collection, PauseCollection(who=WHO, why=WHY)
        )
        await until_retryable(handle)
        answers = await asyncio.gather(
            *(
                handle.execute_update(PaymentPlanWorkflow.retry_installment, retry(who=who))
                for who in ("stf_abebe", "stf_sara")
            ),
            return_exceptions=True,
        )
        refused = [answer for answer in answers if isinstance(answer, WorkflowUpdateFailedError)]
        assert len(refused) == 1
        await until_true(
            lambda: bench.domains.kinds(plan_id).count("collection_attempt_failed") == 2
        )
        await advance(clock, days=28)
        assert bench.domains.sent == [attempt(plan_id, n) for n in (1, 2)]
        assert (await standing(handle)).held_because == "paused"
        bench.domains.answer = lambda _order: RailStatus.SUCCEEDED
        await advance(clock, days=3)
        assert (await handle.result()).state == "completed"
        assert bench.domains.sent == [attempt(plan_id, n) for n in (1, 2, 3)]


def moves(bench: Bench, plan_id: str) -> list[NextAttemptMoved]:
    return [event for event in events(bench, plan_id) if isinstance(event, NextAttemptMoved)]


def next_attempt(bench: Bench, plan_id: str) -> datetime:
    found = bench.domains.events[plan_id][-1].next_step_at
    assert found is not None
    return found


_LONG_AGO, _FAR_OFF = date(2000, 1, 1), date(2099, 1, 1)
_UNSAFE: tuple[tuple[str, object, str], ...] = (
    ("retry_installment", retry(number=2), "installment_unknown"),
    ("retry_installment", retry(), "installment_not_retryable"),
    ("retry_installment", retry(who="Abebe Kebede"), "who_malformed"),
    ("retry_installment", retry(why=" "), "reason_missing"),
    ("retry_installment", retry(why="call 0911 22 33 44"), "reason_private"),
    ("resume_collection", ResumeCollection(who=WHO, why=WHY), "collection_not_held"),
    (
        "pause_collection",
        PauseCollection(until=_LONG_AGO, who=WHO, why=WHY),
        "hold_out_of_bounds",
    ),
    ("pause_collection", PauseCollection(until=_FAR_OFF, who=WHO, why=WHY), "hold_out_of_bounds"),
    (
        "mark_unreachable_until",
        MarkUnreachable(until=_FAR_OFF, who=WHO, why=WHY),
        "hold_out_of_bounds",
    ),
    ("retry_payout", RetryMoneyOut(who=WHO, why=WHY), "payout_not_refused"),
    ("retry_refund", RetryMoneyOut(who=WHO, why=WHY), "refund_not_refused"),
    ("cancel", Cancel(reason="late"), "plan_not_cancellable"),
)
"""What an active plan that owes nothing yet refuses: the update, its input, the code."""


async def test_what_is_not_safe_is_refused_and_leaves_no_trace_and_is_told_with_reasons(
    bench: Bench,
) -> None:
    handle, application = await active(bench)
    before = events(bench, application.plan_id)
    for update, deed, code in _UNSAFE:
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await handle.execute_update(update, deed)
        assert (update, deed, code_of(refused)) == (update, deed, code)
        assert events(bench, application.plan_id) == before
    found = {(each.deed, each.number): each for each in (await standing(handle)).deeds}
    assert found["retry_installment", 1].code == "installment_not_retryable"
    assert found["pause_collection", None].code is None
    assert found["resume_collection", None].text
    await handle.terminate()


async def test_a_refused_refund_is_sent_again_once_and_recorded(bench: Bench) -> None:
    bench.domains.answer = lambda _order: RailStatus.PENDING
    bench.domains.query = lambda _order: RailStatus.PENDING
    bench.domains.refund = lambda _refund: (RailStatus.FAILED, "2001")
    application = bench.application("pay_in_4")
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    await handle.execute_update(PaymentPlanWorkflow.cancel, Cancel(reason="changed mind"))
    bench.domains.query = lambda _order: RailStatus.SUCCEEDED

    def may_be_retried(found: SupportStanding) -> bool:
        return DeedStanding(deed="retry_refund") in found.deeds

    await eventually(lambda: standing(handle), may_be_retried)
    bench.domains.refund = lambda _refund: RailStatus.SUCCEEDED
    retried = RetryMoneyOut(who=WHO, why=WHY)
    answers = await asyncio.gather(
        *(handle.execute_update(PaymentPlanWorkflow.retry_refund, retried) for _ in range(2)),
        return_exceptions=True,
    )
    (refused,) = [each for each in answers if isinstance(each, WorkflowUpdateFailedError)]
    assert isinstance(refused.cause, ApplicationError)
    assert refused.cause.type == "refund_not_refused"
    assert (await handle.result()).state == "cancelled"
    first = attempt(application.plan_id)
    assert bench.domains.refunds == [f"{first}-r1", f"{first}-r2"]
    assert bench.domains.kinds(application.plan_id)[-2:] == [
        "refund_retry_asked",
        "payment_returned",
    ]


async def test_a_refused_payout_waits_for_a_person_and_is_sent_again_once_and_recorded(
    bench: Bench,
) -> None:
    bench.domains.transfer = lambda _order: (RailStatus.FAILED, "AC04")
    application = bench.application("pay_in_full")
    plan = application.plan_id
    handle = await bench.in_force(application)
    await bench.days_pass(handle, 20)
    assert bench.domains.kinds(plan)[-1] == "merchant_payout_rejected"
    assert DeedStanding(deed="retry_payout") in (await standing(handle)).deeds
    bench.domains.transfer = lambda _order: RailStatus.SUCCEEDED
    retried = RetryMoneyOut(who=WHO, why=WHY)
    answers = await asyncio.gather(
        *(handle.execute_update(PaymentPlanWorkflow.retry_payout, retried) for _ in range(2)),
        return_exceptions=True,
    )
    (refused,) = [each for each in answers if isinstance(each, WorkflowUpdateFailedError)]
    assert isinstance(refused.cause, ApplicationError)
    assert refused.cause.type == "payout_not_refused"
    assert (await handle.result()).state == "completed"
    first, second = bench.domains.paid_out
    assert second == bench.domains.carrier_of(plan) != first
    (let,) = bench.domains.retried
    assert (let.payout_id, let.who, let.why) == (first, WHO, WHY)
    assert bench.domains.kinds(plan)[-3:] == [
        "payout_retry_asked",
        "merchant_paid",
        "plan_completed",
    ]
