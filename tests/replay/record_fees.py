"""Record a plan that owes a late fee: ``python -m tests.replay.record_fees VERSION``.

As with :mod:`tests.replay.record`: once when there is a new way to owe and pay it, and never again.
"""

import asyncio
import sys
from datetime import timedelta

from meqenet.payments.rail import RailStatus
from tests.replay.record import keep
from tests.workflows.conftest import Bench, serving, temporal_with_time_skipping
from tests.workflows.fakes import Domains
from tests.workflows.test_test_clock import active_plan, advance, new_clock
from workflows.messages import PayNow, WaiveFee
from workflows.plan import PaymentPlanWorkflow

_WHO, _WHY = "stf_recorded", "our page was down"


async def record(version: str) -> None:
    """A fee is charged and asked for, another is waived, and the customer pays off the rest."""
    domains = Domains(product_version=2)
    async with temporal_with_time_skipping() as env, serving(env, domains):
        bench = Bench(env=env, domains=domains, merchant_id="mer_fees")
        clock = await new_clock(bench)
        _, handle = await active_plan(bench, clock, "pay_in_4")
        await advance(clock, days=1)
        domains.answer = lambda _order: (RailStatus.FAILED, "1")
        await advance(clock, days=18)
        domains.answer = lambda _order: RailStatus.SUCCEEDED
        await advance(clock, days=3)
        domains.answer = lambda _order: (RailStatus.FAILED, "1")
        await advance(clock, days=11)
        waive = WaiveFee(number=3, who=_WHO, why=_WHY)
        await handle.execute_update(PaymentPlanWorkflow.waive_fee, waive)
        await handle.execute_update(PaymentPlanWorkflow.pay, PayNow())
        await advance(clock, days=1)
        domains.answer = lambda _order: RailStatus.SUCCEEDED
        await handle.execute_update(PaymentPlanWorkflow.pay, PayNow())
        await asyncio.wait_for(handle.result(), timedelta(minutes=1).total_seconds())
        await clock.terminate()
        await keep(env.client, name=f"{version}.late-fees")


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1]))
