"""A real Temporal server with time skipping, and workers over domains in memory."""

import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import (
    WithStartWorkflowOperation,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment

from apps.runtime.temporal import DYNAMIC_CONFIGURATION, ECONOMY
from integrations.temporal.codec import PayloadKeys
from integrations.temporal.connection import data_converter
from meqenet.identity import plan_id
from meqenet.money import Money
from meqenet.payments.rail import WalletProvider
from tests.waiting import eventually
from tests.workflows.fakes import WALLETS, Domains
from tests.workflows.in_force import contents_of, onboarded_like, put_in_force, remember
from workers.queue_worker import WORKFLOW_QUEUE, worker_for
from workflows.messages import (
    Accept,
    Application,
    Apply,
    PlanAnswer,
    ReturnFromIdentity,
    plan_workflow_id,
)
from workflows.plan import PaymentPlanWorkflow
from workflows.plan_desk import (
    DAYS_PAST_DUE,
    MERCHANT_ID,
    NEXT_DUE_AT,
    PAYMENT_OPTION,
    PLAN_STATE,
)
from workflows.plan_life import PlanOutcome, PlanRun

QUEUES = (
    WORKFLOW_QUEUE,
    *("kyc", "credit", "payments", "ledger", "settlement", "marketplace", "auth"),
    "webhooks",
    *("telebirr", "mpesa", "fayda", "bank", "messages"),
    *("telebirr-questions", "mpesa-questions"),
)
_LIFE_MAX = timedelta(days=10_000)
KEYS = PayloadKeys(current="test", by_id={"test": b"p" * 32})


@asynccontextmanager
async def temporal_with_time_skipping() -> AsyncIterator[WorkflowEnvironment]:
    """The real server; each workflow's time moves only when a test says so."""
    binary = shutil.which("temporal", path=str(Path(sys.executable).parent))
    os.environ.update(ECONOMY)  # the server is a child that inherits
    async with await WorkflowEnvironment.start_time_skipping_v2(
        ts_config=TimeSkippingConfig(enabled=False, max_session_skip_count=5000),
        dev_server_existing_path=binary,
        dev_server_log_level="error",
        data_converter=data_converter(keys=KEYS),
        search_attributes=[PLAN_STATE, PAYMENT_OPTION, MERCHANT_ID, NEXT_DUE_AT, DAYS_PAST_DUE],
        dev_server_extra_args=[
            word for d in DYNAMIC_CONFIGURATION for word in ("--dynamic-config-value", d)
        ],
    ) as environment:
        yield environment


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def env() -> AsyncIterator[WorkflowEnvironment]:
    """One server for all tests of the workflows."""
    async with temporal_with_time_skipping() as environment:
        yield environment


Handle = WorkflowHandle[PaymentPlanWorkflow, PlanOutcome]


@dataclass
class Bench:
    """Domains in memory behind real workers, and what a checkout does with them."""

    env: WorkflowEnvironment
    domains: Domains
    merchant_id: str

    def application(
        self,
        option: str,
        *,
        amount: str = "4000.00",
        provider: WalletProvider = WalletProvider.MPESA,
        count: int | None = None,
        clock: tuple[str, datetime] | None = None,
        reference: str = "1",
    ) -> Application:
        return Application(
            plan_id=plan_id(merchant_id=self.merchant_id, reference=reference),
            merchant_id=self.merchant_id,
            reference=reference,
            request_hash=f"hash of {option} {amount}",
            option=option,
            amount=Money.from_birr(amount),
            description="goods",
            installment_count=count,
            wallet_provider=provider,
            msisdn=WALLETS[provider],
            fayda_number="3141592653589790",
            consent_version="1",
            monthly_income=None,
            return_url=None,
            test_clock_id=clock[0] if clock else None,
            test_clock_now=clock[1] if clock else None,
        )

    async def apply(self, application: Application) -> tuple[Handle, PlanAnswer]:
        start = WithStartWorkflowOperation(
            PaymentPlanWorkflow.run,
            PlanRun(application=application),
            id=plan_workflow_id(plan_id=application.plan_id),
            task_queue=WORKFLOW_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        answer = await self.env.client.execute_update_with_start_workflow(
            PaymentPlanWorkflow.apply,
            Apply(request_hash=application.request_hash),
            start_workflow_operation=start,
        )
        return await start.workflow_handle(), answer

    async def log_in(
        self, handle: Handle, plan: str, *, attempt: int = 1, code: str = "ok"
    ) -> PlanAnswer:
        return await handle.execute_update(
            PaymentPlanWorkflow.return_from_identity,
            ReturnFromIdentity(state=f"{plan}.{attempt}", code=code, error=None),
        )

    async def to_offer(self, application: Application) -> Handle:
        handle, _ = await self.apply(application)
        answer = await self.log_in(handle, application.plan_id)
        assert answer.state == "offered"
        return handle

    async def accept(self, handle: Handle) -> PlanAnswer:
        return await handle.execute_update(
            PaymentPlanWorkflow.accept, Accept(agreement_version="1")
        )

    async def in_force(self, application: Application) -> Handle:
        """A plan that is active, for a test that is about what comes later.

        It is onboarded when it is the first of its kind in this process; else it begins with what
        that has left in the domains. Where anything about the onboarding matters, or a domain is a
        real store, it is taken through it by :meth:`to_offer` and :meth:`accept`.
        """
        found = onboarded_like(application, domains=self.domains)
        if found is None:
            before = contents_of(self.domains)
            handle = await self.onboarded(application)
            remember(application, domains=self.domains, before=before)
            return handle
        return await self.env.client.start_workflow(
            PaymentPlanWorkflow.run,
            await put_in_force(application, domains=self.domains, like=found),
            id=plan_workflow_id(plan_id=application.plan_id),
            task_queue=WORKFLOW_QUEUE,
        )

    async def onboarded(self, application: Application) -> Handle:
        """A plan that was taken through its onboarding, with everything that belongs to it."""
        handle = await self.to_offer(application)
        await self.accept(handle)
        plan, domains = application.plan_id, self.domains

        async def is_done() -> bool:
            # Its last step is to tell the merchant.
            return domains.orders.get(plan) == "approved" and plan in domains.notices_on_file

        await eventually(is_done, lambda done: done)
        return handle

    async def live_out(self, handle: WorkflowHandle[Any, Any]) -> None:
        """Skip all waits of a run until it is over.

        Within a bound, because the server tells the end of a bounded skip once; without one, the
        environment asks for the history again at every event.
        """
        assert not await self.env.fast_forward(handle, _LIFE_MAX)

    async def days_pass(self, handle: Handle, days: int) -> None:
        assert await self.env.fast_forward(handle, timedelta(days=days))


@asynccontextmanager
async def serving(env: WorkflowEnvironment, domains: Domains) -> AsyncIterator[None]:
    """Workers of every queue over these domains."""
    async with AsyncExitStack() as stack:
        for queue in QUEUES:
            worker = worker_for(client=env.client, queue=queue, activities=[domains])
            await stack.enter_async_context(worker)
        yield


class _Shared:
    """Workers that serve one test after the other: starting sixteen costs more than many a test.

    They serve the same domains object, which each test finds as new.
    """

    def __init__(self) -> None:
        self._domains = Domains()
        self._running: AsyncExitStack | None = None

    async def serve(self, env: WorkflowEnvironment) -> Domains:
        """Serve fresh domains."""
        vars(self._domains).update(vars(Domains()))
        if self._running is None:
            self._running = AsyncExitStack()
            await self._running.enter_async_context(serving(env, self._domains))
        return self._domains

    async def rest(self) -> None:
        """Leave the queues to workers of a test's own."""
        running, self._running = self._running, None
        if running is not None:
            await running.aclose()


_SHARED = _Shared()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _shared_workers(env: WorkflowEnvironment) -> AsyncIterator[_Shared]:
    """The workers of all benches, while the server runs."""
    del env
    yield _SHARED
    await _SHARED.rest()


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def _queues_of_its_own(request: pytest.FixtureRequest) -> None:
    """A test without a bench may have workers of its own, and they alone are to serve it."""
    if "bench" not in request.fixturenames:
        await _SHARED.rest()


@pytest_asyncio.fixture(loop_scope="session")
async def bench(
    env: WorkflowEnvironment, _shared_workers: _Shared, unique: str
) -> AsyncIterator[Bench]:
    """Fresh domains and a merchant of the test's own. What still runs at its end is ended.

    It would go on in the domains of the next test: tell there, and answer in that one's place.
    """
    domains = await _shared_workers.serve(env)
    yield Bench(env=env, domains=domains, merchant_id=f"mer_{unique}")
    async for left in env.client.list_workflows('ExecutionStatus = "Running"'):
        try:
            await env.client.get_workflow_handle(left.id).terminate()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # it has just ended by itself
                raise


def code_of(refused: pytest.ExceptionInfo[WorkflowUpdateFailedError]) -> str | None:
    """The stable code of a refused update."""
    cause = refused.value.cause
    assert isinstance(cause, ApplicationError)
    return cause.type
