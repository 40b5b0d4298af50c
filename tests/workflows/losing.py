"""Losing every run of a plan around one step, and having it begun again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from temporalio import activity
from temporalio.client import WorkflowUpdateFailedError
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    Worker,
)

from activities.contracts import bnpl
from activities.edge import EdgeInterceptor
from meqenet.identity import installment_id, payout_id, refund_id
from tests.workflows.conftest import QUEUES, Bench, Handle
from tests.workflows.stores import Stores
from workers.queue_worker import WORKFLOW_QUEUE, WORKFLOWS, activity_methods
from workers.workflow_runner import workflow_runner
from workflows.messages import (
    Application,
    collection_workflow_id,
    notice_workflow_id,
    payout_workflow_id,
    plan_workflow_id,
    refund_workflow_id,
)
from workflows.plan import PaymentPlanWorkflow
from workflows.rehydration import OpenPlansPage, PageBegun, RehydrationWorkflow

DONE, NOT_DONE = True, False
Step = tuple[str, int, bool]
"""A step's name, which of that name, and whether it has its effect before the run is lost."""


@dataclass
class Loss(Interceptor):
    """The server is lost around one step: its effect stands, or not, and nobody hears of it.

    Attributes:
        step: the step's name; of an event, with its kind: ``bnpl.record_event plan_offered``.
        lost: set once the step has been reached.
        over: set by the test once the server is gone.
    """

    step: str
    nth: int
    is_done: bool
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    seen: int = 0

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's own parameter name
        return _AroundStep(next, self)

    async def around(self, name: str, act: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - the step's own
        if name != self.step or self.lost.is_set():
            return await act()
        self.seen += 1
        if self.seen < self.nth:
            return await act()
        if self.is_done:
            await act()
        self.lost.set()
        await self.over.wait()
        raise RuntimeError("nobody hears of this")


class _AroundStep(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, loss: Loss) -> None:  # noqa: A002 - the SDK's own parameter name
        super().__init__(next)
        self._loss = loss

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002, ANN401 - the SDK's signature
        name = activity.info().activity_type
        (command,) = input.args
        if isinstance(command, bnpl.RecordEvent):
            name = f"{name} {command.event.kind}"
        return await self._loss.around(name, lambda: self.next.execute_activity(input))


def runs_of(plan: str) -> tuple[str, ...]:
    """The ids of a plan's run and of those that it has for its only installment."""
    first = installment_id(plan_id=plan, number=1)
    return (
        plan_workflow_id(plan_id=plan),
        collection_workflow_id(installment_id=first),
        payout_workflow_id(payout_id=payout_id(plan_id=plan, number=1)),
        refund_workflow_id(refund_id=refund_id(attempt_id=f"{first}-a1", number=1)),
    )


@dataclass
class Lost:
    """A bench whose server is lost at one step."""

    bench: Bench
    stores: Stores
    loss: Loss
    turns: "count[int]" = field(default_factory=count)

    def handle(self, plan: str) -> Handle:
        """The plan's newest run."""
        return self.bench.env.client.get_workflow_handle_for(
            PaymentPlanWorkflow.run, plan_workflow_id(plan_id=plan)
        )

    async def lose(self, plan: str) -> None:
        """No run of the plan is left; what had hold of the step never reports it."""
        await asyncio.wait_for(self.loss.lost.wait(), timeout=60)
        # Each event may have a notice; the newest may be stored and not reported.
        numbers = range(1, len(self.stores.kinds(plan)) + 2)
        notices = (notice_workflow_id(notice_id=f"{plan}-n{n}") for n in numbers)
        for run in (*runs_of(plan), *notices):
            with suppress(RPCError):  # it never was, or has ended
                await self.bench.env.client.get_workflow_handle(run).terminate()
        self.loss.over.set()

    async def rehydrate(self) -> PageBegun:
        """One page of open plans is begun again."""
        return await self.bench.env.client.execute_workflow(
            RehydrationWorkflow.run,
            OpenPlansPage(after=None, limit=10),
            id=f"rehydrate-{self.bench.merchant_id}-{next(self.turns)}",
            task_queue=WORKFLOW_QUEUE,
        )

    async def sign(self, application: Application) -> None:
        """What the customer does, whenever it can be done, until nothing is left to do."""
        plan, handle = application.plan_id, self.handle(application.plan_id)
        before_signature = ("applied", "identity_required", "offered")
        while (state := await handle.query(PaymentPlanWorkflow.state)) in before_signature:
            with suppress(WorkflowUpdateFailedError):  # the plan is not that far yet
                if state == "offered":
                    await self.bench.accept(handle)
                elif plan in self.stores.logins:
                    attempt = self.stores.logins[plan].attempt
                    await self.bench.log_in(handle, plan, attempt=attempt)
            await asyncio.sleep(0.01)

    async def pass_time(self, plan: str) -> None:
        """Skip all waits until the plan is over, if it is not over already."""

        async def skip(run: str) -> None:
            with suppress(RPCError):  # it is over, or not there
                await self.bench.live_out(self.bench.env.client.get_workflow_handle(run))

        # What a run has begun before does not skip with it.
        await asyncio.gather(*(skip(run) for run in runs_of(plan)))

    async def live(self, application: Application) -> None:
        """A whole life, as far as it comes."""
        await self.bench.apply(application)
        await self.sign(application)
        await self.pass_time(application.plan_id)

    async def live_until_lost(self, application: Application) -> None:
        """A life up to the step."""
        life = asyncio.create_task(self.live(application))
        await self.lose(application.plan_id)
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)

    async def go_on(self, application: Application) -> str:
        """Lose the run, have it begun again, and live on; the plan's last state."""
        await self.live_until_lost(application)
        begun = await self.rehydrate()
        assert (begun.begun, begun.failed) == (1, ())
        assert (await self.rehydrate()).begun == 0
        await self.sign(application)
        await self.pass_time(application.plan_id)
        return (await self.handle(application.plan_id).result()).state


@asynccontextmanager
async def losing(env: WorkflowEnvironment, unique: str, step: Step) -> AsyncIterator[Lost]:
    """Domains with stores behind real workers, and the loss that is to come."""
    name, nth, is_done = step
    stores, loss = Stores(), Loss(step=name, nth=nth, is_done=is_done)
    async with AsyncExitStack() as stack:
        for queue in QUEUES:
            worker = Worker(
                env.client,
                task_queue=queue,
                workflows=WORKFLOWS if queue == WORKFLOW_QUEUE else (),
                activities=activity_methods(stores),
                workflow_runner=workflow_runner(),
                interceptors=[loss, EdgeInterceptor()],
            )
            await stack.enter_async_context(worker)
        bench = Bench(env=env, domains=stores, merchant_id=f"mer_{unique}")
        try:
            yield Lost(bench=bench, stores=stores, loss=loss)
        finally:
            loss.over.set()
