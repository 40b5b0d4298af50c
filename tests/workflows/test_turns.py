"""What a provider's gate holds back waits without counting, and merchants are served in turn."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta

from temporalio.common import Priority
from temporalio.testing import WorkflowEnvironment

from activities.contracts.turns import AwaitTurn
from meqenet.errors import OutcomeUnknown
from meqenet.identity import installment_id
from meqenet.payments.lanes import HeldBack, HoldReason, Lane
from meqenet.payments.rail import PaymentAnswer, RailStatus
from tests.waiting import eventually
from tests.workflows.conftest import Bench
from tests.workflows.due import Collecting, DueNow, collect, serve
from workflows.collection import InstallmentCollectionWorkflow
from workflows.messages import PaymentReported, collection_workflow_id
from workflows.news import CollectionEnd
from workflows.plan import PaymentPlanWorkflow
from workflows.rails import RESEND_AFTER
from workflows.turns import of_merchant

_MORE_THAN_RESENT = 2 * len(RESEND_AFTER)


def held() -> HeldBack:
    return HeldBack(
        provider="mpesa", reason=HoldReason.OPEN, retry_after=timedelta(milliseconds=20)
    )


async def test_whoever_is_held_back_sends_the_same_order_once_it_is_its_turn(
    env: WorkflowEnvironment, unique: str
) -> None:
    """However often: no attempt fails, and no resending is used up."""
    domains, wishes = DueNow(), list[AwaitTurn]()
    domains.turn = wishes.append

    def answer(_order: str) -> RailStatus:
        if len(wishes) < _MORE_THAN_RESENT:
            raise held()
        return RailStatus.SUCCEEDED

    domains.answer = answer
    async with AsyncExitStack() as stack:
        await serve(
            stack, env, domains, "bnpl", "payments", "mpesa", "mpesa-questions", at_a_time=9
        )
        handle = await collect(env, domains, plan=f"pln_{unique}", merchant="mer_a")
        result = await handle.result()
    assert (result.end, result.attempts, len(domains.planned)) == (CollectionEnd.PAID, 1, 1)
    assert wishes == [AwaitTurn(lane=Lane.ORDERS, line="mer_a")] * _MORE_THAN_RESENT
    assert len(set(domains.sent)) == 1


async def test_a_callback_ends_the_wait_of_a_question(
    env: WorkflowEnvironment, unique: str
) -> None:
    domains, waiting = DueNow(), asyncio.Event()

    def turn(wish: AwaitTurn) -> None:
        assert wish.lane is Lane.QUESTIONS
        waiting.set()
        raise held()

    domains.turn = turn
    domains.answer = lambda _order: OutcomeUnknown("mpesa_outcome_unknown", "lost")
    domains.query = lambda _order: held()
    async with AsyncExitStack() as stack:
        await serve(
            stack, env, domains, "bnpl", "payments", "mpesa", "mpesa-questions", at_a_time=9
        )
        handle = await collect(env, domains, plan=f"pln_{unique}", merchant="mer_a")
        # Time does not skip while a step is under way, and the wait at the gate is one.
        skipping = asyncio.create_task(env.fast_forward(handle, timedelta(seconds=5)))
        await waiting.wait()
        skipping.cancel()
        (order_id,) = domains.sent
        await handle.signal(
            InstallmentCollectionWorkflow.payment_reported,
            PaymentReported(answer=PaymentAnswer(order_id=order_id, status=RailStatus.SUCCEEDED)),
        )
        assert (await handle.result()).end is CollectionEnd.PAID


async def test_merchants_are_served_in_turn_however_much_one_of_them_has_due(
    env: WorkflowEnvironment, unique: str
) -> None:
    """Three orders behind twelve of another merchant do not wait for all of those."""
    domains = DueNow()
    async with AsyncExitStack() as stack:
        await serve(stack, env, domains, "bnpl", "payments", at_a_time=40)
        handles = [
            await collect(env, domains, plan=f"pln_{unique}{name}{n}", merchant=f"mer_{name}")
            for name, count in (("a", 12), ("b", 3))
            for n in range(count)
        ]
        for handle in handles:
            await eventually(_pending(handle), lambda steps: steps == ["mpesa.push_payment"])
        await serve(stack, env, domains, "mpesa", at_a_time=1)
        for handle in handles:
            assert (await handle.result()).end is CollectionEnd.PAID
    order = [sent.removeprefix(f"pln_{unique}")[0] for sent in domains.sent]
    assert len(order) == 15
    assert [n for n, name in enumerate(order) if name == "b"][-1] < 8


async def test_a_plans_collections_go_in_its_merchants_turn_and_a_checkout_before_others(
    bench: Bench,
) -> None:
    application = bench.application("pay_in_4")
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    await eventually(lambda: handle.query(PaymentPlanWorkflow.state), lambda told: told == "active")
    paid = installment_id(plan_id=application.plan_id, number=1)
    first = bench.env.client.get_workflow_handle(collection_workflow_id(installment_id=paid))
    told = (await first.describe()).raw_description.workflow_execution_info.priority
    assert Priority(fairness_key=told.fairness_key, priority_key=told.priority_key) == of_merchant(
        bench.merchant_id, is_urgent=True
    )
    await handle.terminate()


def _pending(handle: Collecting) -> Callable[[], "asyncio.Future[list[str]]"]:
    async def steps() -> list[str]:
        found = (await handle.describe()).raw_description.pending_activities
        return [step.activity_type.name for step in found]

    return lambda: asyncio.ensure_future(steps())
