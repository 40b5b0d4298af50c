"""Record a plan whose payments are replayed: ``python -m tests.replay.record_replays VERSION``.

As with :mod:`tests.replay.record`: once when there is a new way to replay them, and never again.
"""

import asyncio
import sys
from datetime import date, timedelta

from meqenet.bnpl.replay_events import ReplayCause
from meqenet.calendar import addis_date
from meqenet.money import Money
from meqenet.payments.rail import RailStatus
from tests.replay.record import keep
from tests.workflows.conftest import Bench, serving, temporal_with_time_skipping
from tests.workflows.fakes import Domains
from tests.workflows.test_test_clock import active_plan, advance, new_clock
from workflows.messages import PayNow
from workflows.plan import PaymentPlanWorkflow
from workflows.replay_messages import ReplayPayment, ReplayRequest
from workflows.test_clock import TestClockWorkflow

_WHO, _WHY = "stf_recorded", "found on the provider's statement"


async def record(version: str) -> None:
    """A late payment is dated back, then it is gone; and the customer pays what is owed again."""
    domains = Domains(product_version=2)
    async with temporal_with_time_skipping() as env, serving(env, domains):
        bench = Bench(env=env, domains=domains, merchant_id="mer_replays")
        clock = await new_clock(bench)
        plan, handle = await active_plan(bench, clock, "pay_in_4")
        await advance(clock, days=1)
        domains.answer = lambda _order: (RailStatus.FAILED, "1")
        await advance(clock, days=18)
        domains.answer = lambda _order: RailStatus.SUCCEEDED
        pays = PayNow(amount=Money.from_birr("1025.00"))
        await handle.execute_update(PaymentPlanWorkflow.pay, pays)
        await advance(clock, days=1)
        now = (await clock.query(TestClockWorkflow.view)).now
        due: date = addis_date(at=now) - timedelta(days=6)
        request = ReplayRequest(
            cause=ReplayCause.BACKDATED, attempt_id=f"{plan}-x01-a1", value_date=due
        )
        await handle.execute_update(PaymentPlanWorkflow.replay_preview, request)
        for cause, value_date in ((ReplayCause.BACKDATED, due), (ReplayCause.REVERSED, None)):
            request = ReplayRequest(cause=cause, attempt_id=f"{plan}-x01-a1", value_date=value_date)
            deed = ReplayPayment(request=request, who=_WHO, why=_WHY)
            await handle.execute_update(PaymentPlanWorkflow.replay_payment, deed)
        await handle.execute_update(PaymentPlanWorkflow.pay, PayNow())
        await asyncio.wait_for(handle.result(), timedelta(minutes=1).total_seconds())
        await clock.terminate()
        await keep(env.client, name=f"{version}.replayed")


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1]))
