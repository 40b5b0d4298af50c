"""Everything at work while it is measured: begun for it, asked in turns, beside empty workflows."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from temporalio.client import Client
from temporalio.worker import Worker

from apps.bench.idle_workflow import IdleWorkflow
from apps.bench.rates import Rate, timed
from apps.runtime.addresses import Running
from apps.runtime.up import UpOptions, run_up

_IDLE: Final = 200
_IDLE_QUEUE: Final = "idle"


async def measured_running(*, measure: Callable[[Running], Awaitable[list[Rate]]]) -> list[Rate]:
    """Run everything, on stores that are thrown away, and measure."""
    rates: list[Rate] = []

    async def run(running: Running) -> None:
        rates.extend(await measure(running))

    options = UpOptions(ephemeral=True, automatic_ports=True, tell=lambda _said: None)
    await run_up(options=options, on_ready=run)
    return rates


async def empty_workflows(*, client: Client, at_once: int) -> Rate:
    """The baseline: workflows that do nothing, so many at once."""

    async def idle(number: int) -> None:
        await client.execute_workflow(IdleWorkflow.run, id=f"idle-{number}", task_queue=_IDLE_QUEUE)

    async with Worker(client, task_queue=_IDLE_QUEUE, workflows=[IdleWorkflow]):
        return await timed(
            "empty workflows",
            count=_IDLE,
            work=lambda: in_turns(count=_IDLE, at_once=at_once, deed=idle),
        )


async def in_turns(*, count: int, at_once: int, deed: Callable[[int], Awaitable[None]]) -> None:
    """Do it so many times, never more than so many at once; each is told its number, from 0."""
    doors = asyncio.Semaphore(at_once)

    async def one(number: int) -> None:
        async with doors:
            await deed(number)

    await asyncio.gather(*(one(number) for number in range(count)))
