"""Plans that live by a test clock: in order, and ready only when all that was due is done."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypedDict, Unpack

import pytest
from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError

from meqenet.bnpl.events import CollectionAttemptFailed
from meqenet.identity import installment_id
from meqenet.payments.rail import PaymentAnswer, RailStatus, WalletProvider
from meqenet.payments.retry import spread_within
from tests.waiting import eventually
from tests.workflows.conftest import Bench, Handle, code_of
from workers.queue_worker import WORKFLOW_QUEUE
from workflows.messages import (
    Application,
    PaymentReported,
    TestClockStart,
    TestClockView,
    collection_workflow_id,
    test_clock_workflow_id,
)
from workflows.plan import PaymentPlanWorkflow
from workflows.test_clock import TestClockWorkflow
from workflows.test_clock_messages import Advance, Bind

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
Clock = WorkflowHandle[TestClockWorkflow, None]


async def new_clock(bench: Bench) -> Clock:
    clock_id = f"clk_{bench.merchant_id}"
    return await bench.env.client.start_workflow(
        TestClockWorkflow.run,
        TestClockStart(clock_id=clock_id, merchant_id=bench.merchant_id, now=START),
        id=test_clock_workflow_id(clock_id=clock_id),
        task_queue=WORKFLOW_QUEUE,
    )


class Wanted(TypedDict, total=False):
    """What an application on a clock may have other than usual."""

    amount: str
    provider: WalletProvider
    count: int | None
    email: str | None


async def active_plan(
    bench: Bench, clock: Clock, option: str, **wanted: Unpack[Wanted]
) -> tuple[str, Handle]:
    """A plan on the clock, taken to activation as a shopper would."""
    application = await bound(bench, clock, option, **wanted)
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    return application.plan_id, handle


async def plan_in_force(
    bench: Bench, clock: Clock, option: str, **wanted: Unpack[Wanted]
) -> tuple[str, Handle]:
    """A plan on the clock that is active; how it came to be does not matter."""
    application = await bound(bench, clock, option, **wanted)
    return application.plan_id, await bench.in_force(application)


async def bound(
    bench: Bench,
    clock: Clock,
    option: str,
    *,
    amount: str = "4000.00",
    provider: WalletProvider = WalletProvider.MPESA,
    count: int | None = None,
    email: str | None = None,
) -> Application:
    """The application for a plan that the clock has been told of."""
    view = await clock.query(TestClockWorkflow.view)
    application = bench.application(
        option,
        amount=amount,
        provider=provider,
        count=count,
        clock=(view.clock_id, view.now),
        reference=f"{option}-{provider}",
    )
    application = replace(application, email=email)
    await clock.execute_update(
        TestClockWorkflow.bind, Bind(plan_id=application.plan_id, merchant_id=bench.merchant_id)
    )
    return application


async def advance(clock: Clock, *, days: int) -> TestClockView:
    """Advance and wait until the clock says that it is ready."""
    view = await clock.query(TestClockWorkflow.view)
    await clock.execute_update(
        TestClockWorkflow.advance, Advance(to=view.now + timedelta(days=days))
    )
    return await until_ready(clock)


async def until_ready(clock: Clock) -> TestClockView:
    """Years of a plan, with its reminders, may take a busy machine a while."""
    return await eventually(
        lambda: clock.query(TestClockWorkflow.view),
        lambda view: view.status == "ready",
        seconds_max=180,
    )


async def test_plans_live_through_their_dues_in_order(bench: Bench) -> None:
    clock = await new_clock(bench)
    four, four_handle = await plan_in_force(bench, clock, "pay_in_4")
    full, full_handle = await active_plan(bench, clock, "pay_in_full")
    view = await advance(clock, days=1)
    assert set(view.plans) == {four, full}
    assert await full_handle.query(PaymentPlanWorkflow.state) == "active"
    await advance(clock, days=14)
    assert (await full_handle.result()).state == "completed"
    assert bench.domains.kinds(four).count("installment_paid") == 2
    view = await advance(clock, days=40)
    assert (await four_handle.result()).state == "completed"
    assert view.now == START + timedelta(days=55)
    assert view.plans == ()
    at = [event.at for event in bench.domains.events[four]]
    assert at == sorted(at)
    await clock.terminate()


async def test_retries_happen_at_their_set_distances_on_the_clock_whatever_is_told_twice(
    bench: Bench,
) -> None:
    clock = await new_clock(bench)
    plan, handle = await plan_in_force(bench, clock, "pay_in_30")
    spread = spread_within(key=plan, window=timedelta(hours=1))
    bench.domains.answer = lambda _order: (RailStatus.FAILED, "1")
    await advance(clock, days=31)
    assert len(bench.domains.sent) == 2
    # A callback that comes again does not hold the clock up.
    collection = bench.env.client.get_workflow_handle(
        collection_workflow_id(installment_id=installment_id(plan_id=plan, number=1))
    )
    again = PaymentAnswer(
        order_id=bench.domains.sent[-1], status=RailStatus.FAILED, failure_code="1"
    )
    for _ in range(2):
        await collection.signal("payment_reported", PaymentReported(answer=again))
    bench.domains.answer = lambda _order: RailStatus.SUCCEEDED
    await advance(clock, days=3)
    assert (await handle.result()).state == "completed"
    assert [order[-2:] for order in bench.domains.sent] == ["a1", "a2", "a3"]
    assert bench.domains.reminded == [], "no policy is in force, and nobody is reminded"
    failed = [e for e in bench.domains.events[plan] if e.event.kind == "collection_attempt_failed"]
    assert [event.at for event in failed] == [
        datetime(2026, 12, 23, 7, tzinfo=UTC) + spread,
        datetime(2026, 12, 24, 7, tzinfo=UTC) + spread,
    ]
    told = [e.event for e in failed if isinstance(e.event, CollectionAttemptFailed)]
    assert [(event.next_attempt_at, event.next_attempt_reason) for event in told] == [
        (datetime(2026, 12, 24, 7, tzinfo=UTC) + spread, "after_no_funds"),
        (datetime(2026, 12, 26, 7, tzinfo=UTC) + spread, "after_no_funds"),
    ]
    await clock.terminate()


async def test_an_offer_expires_on_the_clock(bench: Bench) -> None:
    clock = await new_clock(bench)
    view = await clock.query(TestClockWorkflow.view)
    application = bench.application("pay_in_4", clock=(view.clock_id, view.now))
    await clock.execute_update(
        TestClockWorkflow.bind, Bind(plan_id=application.plan_id, merchant_id=bench.merchant_id)
    )
    handle = await bench.to_offer(application)
    await advance(clock, days=1)
    assert (await handle.result()).state == "expired"
    await clock.terminate()


async def test_ready_waits_for_what_is_still_under_way(bench: Bench) -> None:
    clock = await new_clock(bench)
    plan, handle = await plan_in_force(bench, clock, "pay_in_30")
    bench.domains.answer = lambda _order: RailStatus.PENDING
    bench.domains.query = lambda _order: RailStatus.PENDING
    target = START + timedelta(days=31)
    await clock.execute_update(TestClockWorkflow.advance, Advance(to=target))
    view = await eventually(
        lambda: clock.query(TestClockWorkflow.view), lambda _view: bool(bench.domains.asked)
    )
    assert (view.status, view.waiting_for) == ("advancing", (plan,))
    bench.domains.query = lambda _order: RailStatus.SUCCEEDED
    await handle.result()
    await until_ready(clock)
    await clock.terminate()


async def test_a_clock_only_moves_forward_and_only_for_its_merchant(bench: Bench) -> None:
    clock = await new_clock(bench)
    with pytest.raises(WorkflowUpdateFailedError) as backwards:
        await clock.execute_update(TestClockWorkflow.advance, Advance(to=START))
    assert code_of(backwards) == "test_clock_backwards"
    with pytest.raises(WorkflowUpdateFailedError) as foreign:
        await clock.execute_update(
            TestClockWorkflow.bind, Bind(plan_id="pln_x", merchant_id="mer_other")
        )
    assert code_of(foreign) == "test_clock_unknown"
    await clock.terminate()


async def test_a_plan_that_never_came_to_be_holds_nobody_up(bench: Bench) -> None:
    clock = await new_clock(bench)
    await clock.execute_update(
        TestClockWorkflow.bind, Bind(plan_id="pln_never", merchant_id=bench.merchant_id)
    )
    view = await advance(clock, days=3)
    assert view.plans == ()
    await clock.terminate()
