"""Record the days of merchants: ``python -m tests.replay.record_days VERSION``.

As with :mod:`tests.replay.record`: once when there is a new way to close one, and never again.
"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta

from meqenet.errors import OutcomeUnknown
from meqenet.money import Money
from meqenet.payments.rail import RailStatus
from tests.replay.record import bench_of, keep
from tests.waiting import eventually
from tests.workflows.conftest import Bench
from tests.workflows.settling import Line
from workers.queue_worker import WORKFLOW_QUEUE
from workflows.messages import RetryMoneyOut
from workflows.payday_messages import settlement_workflow_id
from workflows.plan import PaymentPlanWorkflow
from workflows.settlement_day import SettlementDay, SettlementDayWorkflow


async def _retried(bench: Bench) -> None:
    """Rejected, told to the plan, and paid when a member of staff says so."""
    bench.domains.transfer = lambda _order: (RailStatus.FAILED, "AC04")
    handle = await bench.to_offer(bench.application("pay_in_full"))
    await bench.accept(handle)
    await bench.days_pass(handle, 20)
    bench.domains.transfer = lambda _order: RailStatus.SUCCEEDED
    retried = RetryMoneyOut(who="stf_recorded", why="the account was corrected")
    await handle.execute_update(PaymentPlanWorkflow.retry_payout, retried)
    await handle.result()


async def _doubtful(bench: Bench) -> None:
    """Lines and ledger differ at first; then the bank's answer is lost."""
    bench.domains.unproven = [("pln_a: 1.00 by the lines, 0.00 by the ledger",)] * 4

    def unheard(_order: str) -> RailStatus:
        raise OutcomeUnknown("bank_silent", "no answer came")

    bench.domains.transfer = unheard
    bench.domains.query = lambda _order: RailStatus.SUCCEEDED
    application = bench.application("pay_in_full")
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    day = settlement_workflow_id(merchant_id=bench.merchant_id, test_clock_id=None)

    async def taken() -> bool:
        return bench.domains.carrier_of(application.plan_id) is not None

    async def is_over() -> bool:
        run = bench.env.client.get_workflow_handle(day)
        return not await bench.env.fast_forward(run, timedelta(hours=1))

    async def close() -> None:
        await eventually(taken, lambda is_taken: is_taken)
        # Step by step: a skip may be over before the next wait of the run has begun.
        await eventually(is_over, lambda over: over)

    await asyncio.gather(bench.live_out(handle), close())
    await handle.result()


async def _morning(bench: Bench) -> None:
    """Three merchants have money due; one of them cannot be paid."""
    due = datetime(2026, 11, 24, 6, tzinfo=UTC)
    for name in ("a", "b", "c"):
        bench.domains.lines[f"pln_{name}"] = Line(
            merchant_id=f"mer_{name}", clock=None, net=Money(97_000), due_at=due, protected=True
        )
    bench.domains.refuses = {"mer_b"}
    await bench.env.client.execute_workflow(
        SettlementDayWorkflow.run,
        SettlementDay(until=due),
        id="settlement-day-recorded",
        task_queue=WORKFLOW_QUEUE,
    )

    async def paid() -> int:
        return len(bench.domains.paid_out)

    await eventually(paid, lambda count: count == len(bench.domains.lines) - 1)


LIVES = {"retried": _retried, "doubtful": _doubtful, "morning": _morning}


async def record(version: str) -> None:
    """Live each once, and keep every run's history."""
    for name, life in LIVES.items():
        async with bench_of(f"{version}-{name}") as bench:
            await life(bench)
            await keep(bench.env.client, name=f"{version}.day-{name}")


if __name__ == "__main__":
    asyncio.run(record(*sys.argv[1:]))
