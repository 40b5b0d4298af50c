"""Record a plan whose order is disputed: ``python -m tests.replay.record_dispute VERSION``.

As with :mod:`tests.replay.record`: once when there is a new way to dispute, and never again.
"""

import asyncio
import sys

from activities.disputes import DisputeActivities
from apps.runtime.backing import Server, backing_servers
from tests.backing import migrated_databases
from tests.replay.record import keep
from tests.workflows.conftest import Bench, serving, temporal_with_time_skipping
from tests.workflows.fakes import Domains
from tests.workflows.test_dispute import Disputing, emptying_and_filling, lose_one_and_win_one
from tests.workflows.test_test_clock import active_plan, new_clock
from workers.queue_worker import worker_for


async def record(version: str) -> None:
    """Lost, so that it is due again; expired, so that a part goes back; and the plan ends."""
    domains = Domains(product_version=2)
    async with (
        backing_servers(servers=(Server.POSTGRES,)) as backing,
        migrated_databases(backing=backing) as databases,
        temporal_with_time_skipping() as env,
        serving(env, domains),
        worker_for(
            client=env.client,
            queue="disputes",
            activities=[DisputeActivities(database=databases["disputes"])],
        ),
    ):
        bench = Bench(env=env, domains=domains, merchant_id="mer_disputes")
        clock = await new_clock(bench)
        plan, handle = await active_plan(bench, clock, "pay_in_4")
        disputing = Disputing(bench=bench, clock=clock, handle=handle, plan=plan)
        await lose_one_and_win_one(disputing, emptying_and_filling(domains))
        await clock.terminate()
        await keep(env.client, name=f"{version}.disputed")


if __name__ == "__main__":
    asyncio.run(record(*sys.argv[1:]))
