"""A dispute while the server is lost: money waits once, and its outcome is followed once."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import pytest
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.contracts.disputes import ListUnsettledDisputes
from activities.disputes import DisputeActivities
from activities.edge import EdgeInterceptor
from meqenet.bnpl.dispute_events import OrderDisputed, OrderDisputeEnded
from meqenet.bnpl.refund_events import OrderRefunded
from meqenet.disputes.dispute_states import DisputeKind, Move, Outcome
from meqenet.ledger.dispute_happenings import DisputeHeld, DisputeReleased
from meqenet.ledger.merchant_money import MerchantMoney
from meqenet.money import Money
from meqenet.payments.rail import RailStatus
from tests.backing import Databases
from tests.workflows.conftest import Bench, Handle
from tests.workflows.fakes import Domains
from tests.workflows.losing import DONE, NOT_DONE, Lost, Step, losing
from tests.workflows.test_test_clock import advance, new_clock, plan_in_force
from workers.queue_worker import WORKFLOW_QUEUE, activity_methods, worker_for
from workflows.dispute import DisputeWorkflow
from workflows.dispute_messages import AskMove, DisputeOrder, dispute_workflow_id
from workflows.dispute_restoring import DisputeRestorationWorkflow
from workflows.plan import PaymentPlanWorkflow
from workflows.test_clock import TestClockWorkflow

_AT_THE_OPENING = (
    ("disputes.open_dispute", 1, DONE),
    ("bnpl.record_event order_disputed", 1, DONE),
    ("ledger.hold_disputed", 1, NOT_DONE),
)
_AT_THE_END = (
    ("ledger.refund_order", 1, DONE),
    ("bnpl.record_event order_dispute_ended", 1, DONE),
)
_LOST_AT = (*_AT_THE_OPENING, *_AT_THE_END)


async def _open(lost: Lost, plan: str) -> str:
    order = DisputeOrder(
        opening_id="opening_1",
        kind=DisputeKind.NOT_RECEIVED,
        by="mer_shop",
        amount=Money.from_birr("1500.00"),
    )
    answer = await lost.handle(plan).execute_update(PaymentPlanWorkflow.dispute_order, order)
    return answer.dispute_id


async def _accept(lost: Lost, dispute_id: str) -> None:
    run: WorkflowHandle[DisputeWorkflow, object] = lost.bench.env.client.get_workflow_handle(
        dispute_workflow_id(dispute_id=dispute_id)
    )
    accepted = AskMove(
        move_id="move_1", move=Move.MERCHANT_ACCEPTS, by="mer_shop", why="it is right"
    )
    await run.execute_update(DisputeWorkflow.act, accepted)


@pytest.mark.parametrize(
    "steps", [_LOST_AT[::2], _LOST_AT[1::2]], ids=lambda steps: ", ".join(each[0] for each in steps)
)
async def test_a_plan_that_is_lost_in_a_dispute_waits_once_and_follows_it_once(
    env: WorkflowEnvironment, unique: str, databases: Databases, steps: Sequence[Step]
) -> None:
    store = DisputeActivities(database=databases["disputes"])
    async with (
        losing(env, unique, *steps) as lost,
        Worker(
            env.client,
            task_queue="disputes",
            activities=activity_methods(store),
            interceptors=[lost.loss, EdgeInterceptor()],
        ),
    ):
        stores, application = lost.stores, lost.bench.application("pay_in_4")
        plan = application.plan_id
        await lost.be_in_force(application)

        async def through() -> None:
            """Whoever asked asks again, and finds the same dispute."""
            assert await _open(lost, plan) == f"{plan}-d1"
            await _accept(lost, f"{plan}-d1")

        await lost.lose_while(plan, through)
        if steps[-1] in _AT_THE_OPENING:
            await through()
        run = env.client.get_workflow_handle(dispute_workflow_id(dispute_id=f"{plan}-d1"))
        assert await asyncio.wait_for(run.result(), timeout=60) == "merchant_accepted"

        told = [each.event for each in stores.events[plan]]
        assert [each.waiting for each in told if isinstance(each, OrderDisputed)] == [(3, 4)]
        assert [each.amount for each in told if isinstance(each, OrderRefunded)] == [
            Money.from_birr("1500.00")
        ]
        assert len([each for each in told if isinstance(each, OrderDisputeEnded)]) == 1
        assert list(stores.added) == [
            *(f"{plan}-d1-{what}" for what in ("held", "released")),
            f"{plan}-rf1",
        ]
        books = stores.happenings(plan)
        held = [each for each in books if isinstance(each, DisputeHeld)]
        # The part, less three percent.
        assert [(str(each.amount), each.taken_from) for each in held] == [
            ("1455.00", MerchantMoney.PAYABLE)
        ]
        released = [each for each in books if isinstance(each, DisputeReleased)]
        assert [each.amount for each in released] == [held[0].amount]
        await lost.pass_time(plan)
        assert (await lost.handle(plan).result()).state == "completed"


async def test_a_dispute_whose_run_is_lost_goes_on_from_the_store(
    env: WorkflowEnvironment, unique: str, databases: Databases
) -> None:
    steps = DisputeActivities(database=databases["disputes"])
    never = ("bnpl.end_process", 99, DONE)
    async with (
        losing(env, unique, never) as lost,
        worker_for(client=env.client, queue="disputes", activities=[steps]),
    ):
        application = lost.bench.application("pay_in_30")
        plan = application.plan_id
        await lost.be_in_force(application)
        dispute_id = await _open(lost, plan)
        handle: WorkflowHandle[DisputeWorkflow, Outcome] = env.client.get_workflow_handle(
            dispute_workflow_id(dispute_id=dispute_id)
        )
        await handle.terminate()
        page = ListUnsettledDisputes(after=f"{plan}-d0", limit=1)
        for begun in (1, 0):
            found = await env.client.execute_workflow(
                DisputeRestorationWorkflow.run,
                page,
                id=f"restore-{plan}-{begun}",
                task_queue=WORKFLOW_QUEUE,
            )
            assert (found.begun, found.running, found.last) == (begun, 1 - begun, dispute_id)
        withdrawn = AskMove(
            move_id="move_1", move=Move.CUSTOMER_WITHDRAWS, by="stf_first", why="it came"
        )
        await handle.execute_update(DisputeWorkflow.act, withdrawn)
        assert await asyncio.wait_for(handle.result(), timeout=60) == "withdrawn"
        told = [each.event for each in lost.stores.events[plan]]
        assert not [each for each in told if isinstance(each, OrderRefunded)]
        (ended,) = [each for each in told if isinstance(each, OrderDisputeEnded)]
        # No date has passed: the schedule is as it was.
        assert ended.installments == ()


@dataclass
class Disputing:
    """A plan on a test clock, and whoever disputes its order."""

    bench: Bench
    clock: WorkflowHandle[TestClockWorkflow, None]
    handle: Handle
    plan: str

    async def open(self, number: int, birr: str | None = None) -> WorkflowHandle[Any, Outcome]:
        order = DisputeOrder(
            opening_id=f"opening_{number}",
            kind=DisputeKind.NOT_AS_DESCRIBED,
            by="stf_first",
            amount=None if birr is None else Money.from_birr(birr),
        )
        answer = await self.handle.execute_update(PaymentPlanWorkflow.dispute_order, order)
        run = dispute_workflow_id(dispute_id=answer.dispute_id)
        return self.bench.env.client.get_workflow_handle(run)

    async def move(self, run: WorkflowHandle[Any, Outcome], move: Move) -> None:
        asked = AskMove(move_id=f"move_{move}", move=move, by="stf_first", why="as it is")
        await run.execute_update(DisputeWorkflow.act, asked)

    def events(self) -> list[Any]:
        return [each.event for each in self.bench.domains.events[self.plan]]


def emptying_and_filling(domains: Domains) -> Callable[[], None]:
    """Empties the wallet, then fills it, and so on."""
    is_empty = cycle((True, False))

    def turn() -> None:
        if next(is_empty):
            domains.answer = lambda _order: (RailStatus.FAILED, "1")
        else:
            domains.answer = lambda _order: RailStatus.SUCCEEDED

    return turn


async def lose_one_and_win_one(disputing: Disputing, run_out: Callable[[], None]) -> None:
    """A collection is set aside, and goes on later; then the merchant does not answer.

    Args:
        disputing: a plan in four of which nothing is paid since the checkout.
        run_out: empties the wallet, and fills it again.
    """
    await advance(disputing.clock, days=1)
    run_out()
    await advance(disputing.clock, days=14)
    first = await disputing.open(1)
    await disputing.move(first, Move.MERCHANT_ANSWERS)
    await advance(disputing.clock, days=40)
    await disputing.move(first, Move.DECIDE_FOR_MERCHANT)
    assert await first.result() == "lost"
    run_out()
    await advance(disputing.clock, days=1)
    second = await disputing.open(2, "500.00")
    await advance(disputing.clock, days=20)
    assert await second.result() == "expired"
    await advance(disputing.clock, days=30)
    assert (await disputing.handle.result()).state == "completed"


async def test_what_is_in_dispute_is_not_tried_nor_late_and_goes_on_when_it_is_over(
    env: WorkflowEnvironment, bench: Bench, databases: Databases
) -> None:
    steps = DisputeActivities(database=databases["disputes"])
    bench.domains.product_version = 2
    clock = await new_clock(bench)
    plan, handle = await plan_in_force(bench, clock, "pay_in_4")
    disputing = Disputing(bench=bench, clock=clock, handle=handle, plan=plan)
    run_out = emptying_and_filling(bench.domains)
    async with worker_for(client=env.client, queue="disputes", activities=[steps]):
        await lose_one_and_win_one(disputing, run_out)
    told = disputing.events()
    kinds = [each.kind for each in told]
    opened, over = kinds.index("order_disputed"), kinds.index("order_dispute_ended")
    # It was a day late, and waited for its next attempt; then the plan waits for the dispute alone.
    assert kinds[opened + 1 : over] == ["bucket_changed", "collection_set_aside"]
    assert told[opened].waiting == (2, 3, 4)
    ended = told[over]
    # Two weeks apart, as they were.
    assert [(row.due_on - ended.on).days for row in ended.installments[1:]] == [14, 28, 42]
    last = [each for each in told if isinstance(each, OrderDisputeEnded)][-1]
    assert (last.outcome, last.amount) == ("expired", Money.from_birr("500.00"))
    (refund,) = [each for each in told if isinstance(each, OrderRefunded)]
    assert (refund.reference, refund.owed_less) == (f"{plan}-d2", Money.from_birr("500.00"))
    charged = [each for each in told if each.kind == "late_fee_charged"]
    assert all(each.on < told[opened].on for each in charged)
