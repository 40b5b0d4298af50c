"""Record a complaint's life: ``python -m tests.replay.record_complaint VERSION``.

As with :mod:`tests.replay.record`: once when there is a new way to live, and never again.
"""

import asyncio
import sys

from apps.runtime.backing import Server, backing_servers
from meqenet.disputes.complaint_states import ComplaintDeed
from tests.backing import TEST_KEYRING, migrated_databases
from tests.replay.record import keep
from tests.workflows.conftest import temporal_with_time_skipping
from tests.workflows.test_complaint import Office, answer, office_of


async def _reopened(office: Office) -> None:
    """It comes up twice, is answered late, reopened, answered again and closes by itself."""
    handle, _ = await office.complain()
    await office.act(handle, kind=ComplaintDeed.ASSIGN, to="stf_second")
    await office.until("2027-01-14T09:00:00+00:00")
    await office.act(handle, **answer("ተመልሷል"))
    await office.act(handle, kind=ComplaintDeed.REOPEN, text="አልተመለሰም")
    await office.act(handle, **answer("አሁን ተመልሷል"))
    await office.until("2027-02-14T09:00:00+00:00")
    await handle.result()
    await (await office.clock()).terminate()


async def record(version: str) -> None:
    """Live it once, and keep every run's history."""
    async with (
        backing_servers(servers=(Server.POSTGRES,)) as backing,
        migrated_databases(backing=backing) as databases,
        temporal_with_time_skipping() as env,
        office_of(
            env=env, store=databases["disputes"], keyring=TEST_KEYRING, unique="c0" * 8
        ) as office,
    ):
        await _reopened(office)
        await keep(env.client, name=f"{version}.complaint-reopened")


if __name__ == "__main__":
    asyncio.run(record(*sys.argv[1:]))
