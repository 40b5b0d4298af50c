"""A worker process: one Temporal worker per task queue of the domains that it serves."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

from redis.asyncio import Redis
from temporalio.client import Client
from temporalio.worker import PollerBehaviorAutoscaling, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.edge import EdgeInterceptor
from workers.bootstrap import DomainParts, Environment, domain_parts, http_client, temporal_client
from workers.relay import run_relay
from workers.settings import Domain
from workflows.collection import InstallmentCollectionWorkflow
from workflows.notice import MerchantNoticeWorkflow
from workflows.onboarding import MerchantOnboardingWorkflow
from workflows.payout import MerchantPayoutWorkflow
from workflows.plan import PaymentPlanWorkflow
from workflows.refund import RefundWorkflow
from workflows.test_clock import TestClockWorkflow

WORKFLOWS: tuple[type[Any], ...] = (
    PaymentPlanWorkflow,
    InstallmentCollectionWorkflow,
    RefundWorkflow,
    MerchantPayoutWorkflow,
    MerchantNoticeWorkflow,
    MerchantOnboardingWorkflow,
    TestClockWorkflow,
)
WORKFLOW_QUEUE = "bnpl"
"""Plans and the bnpl store belong together: their workers are the same."""
_PASSED_THROUGH = ("meqenet", "activities.contracts", "workflows")
"""Pure modules: importing them anew for each workflow would cost milliseconds and gain nothing."""
_ACTIVITIES_MAX = 40
_WORKFLOWS_CACHED_MAX = 1000


def workflow_runner() -> SandboxedWorkflowRunner:
    """The deterministic sandbox in which our workflows run and replay."""
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(*_PASSED_THROUGH)
    )


def worker_for(*, client: Client, queue: str, activities: Sequence[Any]) -> Worker:
    """A worker of one task queue; the plans' queue runs the workflows as well."""
    return Worker(
        client,
        task_queue=queue,
        workflows=WORKFLOWS if queue == WORKFLOW_QUEUE else (),
        activities=[method for part in activities for method in activity_methods(part)],
        workflow_runner=workflow_runner(),
        interceptors=[EdgeInterceptor()],
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
        max_concurrent_activities=_ACTIVITIES_MAX,
        max_cached_workflows=_WORKFLOWS_CACHED_MAX if queue == WORKFLOW_QUEUE else 0,
        graceful_shutdown_timeout=timedelta(seconds=20),
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=3),
    )


def activity_methods(part: object) -> list[Callable[..., Any]]:
    """The methods of a domain's activities that take a step."""
    return [
        getattr(part, name)
        for name in dir(type(part))
        if hasattr(getattr(type(part), name), "__temporal_activity_definition")
    ]


async def serve(
    *,
    domains: Sequence[Domain],
    environment: Environment,
    stop: asyncio.Event,
    on_ready: Callable[[], None],
) -> None:
    """Serve the domains' task queues and relay their events until ``stop`` is set.

    Raises:
        Defect: a setting that one of the domains needs is missing.
    """
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(http_client())
        client = await temporal_client(settings=environment.settings)
        redis = Redis.from_url(environment.settings.redis())
        stack.push_async_callback(redis.aclose)
        parts = [
            await stack.enter_async_context(
                domain_parts(domain=domain, environment=environment, http=http)
            )
            for domain in domains
        ]
        async with asyncio.TaskGroup() as running:
            relays = [running.create_task(_relay(part, redis=redis, stop=stop)) for part in parts]
            async with AsyncExitStack() as workers:
                for part in parts:
                    for queue, activities in part.activities_by_queue.items():
                        await workers.enter_async_context(
                            worker_for(client=client, queue=queue, activities=activities)
                        )
                on_ready()
                await stop.wait()
            await asyncio.gather(*relays)


async def _relay(part: DomainParts, *, redis: Redis, stop: asyncio.Event) -> None:
    await run_relay(domain=part.domain, database=part.database, redis=redis, stop=stop)
