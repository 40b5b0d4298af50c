"""Losing every run of a plan around a step, and having it begun again, as often as is wanted."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from temporalio import activity
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
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
from meqenet.identity import installment_id, refund_id
from tests.waiting import eventually
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
from workflows.payday_messages import settlement_workflow_id
from workflows.plan import PaymentPlanWorkflow
from workflows.rehydration import OpenPlansPage, PageBegun, RehydrationWorkflow

DONE, NOT_DONE = True, False
Step = tuple[str, int, bool]
"""A step's name, which of that name, and whether it has its effect before the run is lost."""


@dataclass
class Loss(Interceptor):
    """The server is lost around a step: its effect stands, or not, and nobody hears of it.

    Attributes:
        step: the step at which it is lost next; of an event, it is named with its kind:
            ``bnpl.record_event plan_offered``.
        later: the steps at which it is lost once the plan has been begun again.
        lost: set once the step has been reached.
        over: set by the test once the server is gone.
        is_gone: whether no run is left that could take the step again.
        seen: how often each step was reached, however often it was lost.
    """

    step: Step
    later: list[Step] = field(default_factory=list)
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    is_gone: bool = False
    seen: Counter[str] = field(default_factory=Counter)

    def next_one(self) -> None:
        """From now on it is lost at the next of the later steps."""
        self.step = self.later.pop(0)
        self.lost, self.over = asyncio.Event(), asyncio.Event()

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's own parameter name
        return _AroundStep(next, self)

    async def around(self, name: str, act: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - the step's own
        self.seen[name] += 1
        at, nth, is_done = self.step
        if name != at or self.seen[name] < nth or self.lost.is_set():
            return await act()
        lost, over = self.lost, self.over
        if is_done:
            await act()
        lost.set()
        await over.wait()
        # Taken in place it would be tried again for a while, by a worker that has not heard yet.
        raise ApplicationError("nobody hears of this", non_retryable=self.is_gone)


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


def runs_of(plan: str, *, stores: Stores) -> tuple[str, ...]:
    """The ids of a plan's run, and of those that its only installment and its merchant have."""
    first = installment_id(plan_id=plan, number=1)
    merchants = {each.merchant_id for each in stores.plans.values()}
    return (
        plan_workflow_id(plan_id=plan),
        collection_workflow_id(installment_id=first),
        *(settlement_workflow_id(merchant_id=each, test_clock_id=None) for each in merchants),
        *(payout_workflow_id(payout_id=each) for each in stores.days),
        refund_workflow_id(refund_id=refund_id(attempt_id=f"{first}-a1", number=1)),
    )


@dataclass
class Lost:
    """A bench whose server is lost at a step, or at one after the other."""

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
        for run in (*runs_of(plan, stores=self.stores), *notices):
            with suppress(RPCError):  # it never was, or has ended
                await self.bench.env.client.get_workflow_handle(run).terminate()
        self.loss.is_gone = True
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

    async def activate(self, application: Application) -> None:
        """Take a plan to activation as its customer does."""
        await self.bench.apply(application)
        await self.sign(application)
        await self._is_active(application.plan_id)

    async def be_in_force(self, application: Application) -> None:
        """Begin a plan that is active; how it came to be does not matter."""
        await self.bench.in_force(application)
        await self._is_active(application.plan_id)

    async def _is_active(self, plan: str) -> None:
        await eventually(
            lambda: self.handle(plan).query(PaymentPlanWorkflow.state),
            lambda state: state == "active",
        )

    async def pass_time(self, plan: str) -> None:
        """Skip all waits until the plan is over, if it is not over already."""

        async def skip(run: str) -> None:
            with suppress(RPCError):  # it is over, or not there
                await self.bench.live_out(self.bench.env.client.get_workflow_handle(run))

        # What a run has begun before does not skip with it.
        await asyncio.gather(*(skip(run) for run in runs_of(plan, stores=self.stores)))

    async def live(self, application: Application) -> None:
        """A whole life, as far as it comes."""
        await self.bench.apply(application)
        await self._live_on(application)

    async def live_until_lost(self, application: Application) -> None:
        """A life up to the step."""
        await self._until_lost(application, self.live(application))

    async def _until_lost(
        self, application: Application, life: Coroutine[None, None, None]
    ) -> None:
        living = asyncio.create_task(life)
        await self.lose(application.plan_id)
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)

    async def _live_on(self, application: Application) -> None:
        await self.sign(application)
        await self.pass_time(application.plan_id)

    async def go_on(self, application: Application) -> str:
        """Lose the run at each step, have it begun again, and live on; the plan's last state."""
        await self.live_until_lost(application)
        await self.go_on_losing(application)
        assert (await self.rehydrate()).begun == 0
        await self._live_on(application)
        return (await self.handle(application.plan_id).result()).state

    async def go_on_losing(self, application: Application) -> None:
        """Have the run that was lost begun again, and lose it at each step that is left."""
        while self.loss.later:
            self.loss.next_one()
            await self._begin_again()
            await self._until_lost(application, self._live_on(application))
        await self._begin_again()

    async def lose_while(self, plan: str, ask: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Lose the run at each step of what is asked for; whoever asked asks again each time."""
        await self._lose_at_next(plan, ask)
        while self.loss.later:
            self.loss.next_one()
            await self._begin_again()
            await self._lose_at_next(plan, ask)
        await self._begin_again()

    async def _lose_at_next(
        self, plan: str, ask: Callable[[], Coroutine[Any, Any, object]]
    ) -> None:
        asking = asyncio.create_task(ask())
        await self.lose(plan)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    async def lose_own_payment(self, plan: str) -> None:
        """Lose the run at each step of the customer's first own payment, and that with it."""
        own = collection_workflow_id(installment_id=installment_id(plan_id=plan, number=101))
        is_over = False
        while not is_over:
            await self.lose(plan)
            with suppress(RPCError):  # it never was, or has ended
                await self.bench.env.client.get_workflow_handle(own).terminate()
            is_over = not self.loss.later
            if not is_over:
                self.loss.next_one()
            await self._begin_again()

    async def _begin_again(self) -> None:
        begun = await self.rehydrate()
        assert (begun.begun, begun.failed) == (1, ())


@asynccontextmanager
async def losing(
    env: WorkflowEnvironment, unique: str, step: Step, *later: Step
) -> AsyncIterator[Lost]:
    """Domains with stores behind real workers, and the losses that are to come."""
    stores, loss = Stores(), Loss(step=step, later=list(later))
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
