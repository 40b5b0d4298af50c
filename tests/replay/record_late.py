"""Record money that comes late: ``python -m tests.replay.record_late VERSION``.

As with :mod:`tests.replay.record`: once when there is a new way to follow it, and never again.
"""

import asyncio
import sys

from apps.runtime.backing import Server, backing_servers
from meqenet.payments.attempts import OrderState
from meqenet.payments.rail import RailStatus
from tests.backing import TEST_KEYRING, migrated_databases
from tests.replay.record import keep
from tests.workflows.conftest import temporal_with_time_skipping
from tests.workflows.test_late_money import WHO, WHY, Late, late_bench
from workflows.messages import RetryInstallment, credit_return_workflow_id
from workflows.plan import PaymentPlanWorkflow


async def _in_time(late: Late) -> None:
    """It pays before the next attempt is made."""
    clock, handle, plan = await late.failed_once()
    await late.call_back(plan, late.order(plan), is_hint=True)
    await handle.result()
    await clock.terminate()


async def _after_all_attempts(late: Late) -> None:
    """It pays when no collection is at work any more."""
    handle, plan = await late.failed_for_good()
    await late.follow(late.order(plan))
    await handle.result()


async def _twice(late: Late) -> None:
    """It comes after another attempt has paid, and goes back."""
    clock, handle, plan = await late.failed_once()
    late.domains.answer = late.domains.query = lambda _order: RailStatus.PENDING
    retry = RetryInstallment(number=1, who=WHO, why=WHY)
    await handle.execute_update(PaymentPlanWorkflow.retry_installment, retry)
    await late.until_tried(plan, OrderState.FAILED, OrderState.PENDING)
    await late.call_back(plan, late.order(plan), is_hint=False)
    await late.call_back(plan, late.order(plan, 2), is_hint=False)
    await handle.result()
    await late.follow(late.order(plan))
    late.domains.query = lambda _order: RailStatus.SUCCEEDED
    await late.return_credit(late.order(plan))
    returned = credit_return_workflow_id(attempt_id=late.order(plan))
    await late.env.client.get_workflow_handle(returned).result()
    await clock.terminate()


LIVES = {"in-time": _in_time, "after-all-attempts": _after_all_attempts, "twice": _twice}


async def record(version: str) -> None:
    """Live each once, and keep every run's history."""
    async with (
        backing_servers(servers=(Server.POSTGRES,)) as backing,
        migrated_databases(backing=backing) as databases,
    ):
        for name, live in LIVES.items():
            async with (
                temporal_with_time_skipping() as env,
                late_bench(env, databases, TEST_KEYRING, merchant_id=f"mer_{name}") as late,
            ):
                await live(late)
                await keep(env.client, name=f"{version}.late-{name}")


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1]))
