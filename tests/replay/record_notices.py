"""Record histories of notices: ``python -m tests.replay.record_notices NAME [LIFE]``.

As in ``record``: once when a run gets a new way to live, and never again.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace

from tests.replay.record import bench_of, keep
from tests.workflows.conftest import Bench
from tests.workflows.fakes import TAKEN, UNWANTED
from tests.workflows.test_notice import HELD, REFUSED, notice_of, tell
from workers.queue_worker import WORKFLOW_QUEUE
from workflows.notice_replay import NoticeReplayWorkflow, ReplayNotices


async def _retried(bench: Bench) -> None:
    """Held back once, refused once, held back again, then taken."""
    answers = iter((HELD, REFUSED, HELD, TAKEN))
    bench.domains.hear = lambda _notice: next(answers)
    handle = await tell(bench)
    await bench.live_out(handle)
    await handle.result()


async def _called_off(bench: Bench) -> None:
    """The merchant has no webhook any more."""
    bench.domains.hear = lambda _notice: UNWANTED
    await (await tell(bench)).result()


async def _out_of_order(bench: Bench) -> None:
    """The plan's notice before it never comes on file."""
    bench.domains.hear = lambda _notice: TAKEN
    handle = await tell(bench, notice=replace(notice_of(bench), after="pln_recorded-lost"))
    await bench.live_out(handle)
    await handle.result()


async def _replayed(bench: Bench) -> None:
    """What was given up is told again, one notice by each run."""
    bench.domains.hear = lambda _notice: TAKEN
    bench.domains.given_up[bench.merchant_id] = [
        replace(notice_of(bench), notice_id=f"pln_recorded-n{number}", is_replay=True)
        for number in (1, 2)
    ]
    handle = await bench.env.client.start_workflow(
        NoticeReplayWorkflow.run,
        ReplayNotices(merchant_id=bench.merchant_id, since=None, until=None, page=1),
        id="replays-recorded",
        task_queue=WORKFLOW_QUEUE,
    )
    await handle.result()


LIVES: dict[str, Callable[[Bench], Awaitable[None]]] = {
    "retried": _retried,
    "called-off": _called_off,
    "out-of-order": _out_of_order,
    "replayed": _replayed,
}


async def record(version: str, *only: str) -> None:
    """Live each once, or those named, and keep every run's history."""
    for name, live in LIVES.items():
        if only and name not in only:
            continue
        async with bench_of(name) as bench:
            await live(bench)
            await keep(bench.env.client, name=f"{version}.notice-{name}")


if __name__ == "__main__":
    asyncio.run(record(*sys.argv[1:]))
