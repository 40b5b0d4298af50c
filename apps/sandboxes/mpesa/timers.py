"""What happens by itself after a while; nothing is left when the sandbox stops."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta


class Timers:
    """Background tasks by name."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, *, key: str, delay: timedelta, then: Callable[[], Awaitable[object]]) -> None:
        """Do ``then`` after ``delay``."""

        async def wait() -> None:
            await asyncio.sleep(max(delay.total_seconds(), 0))
            await then()
            self._tasks.pop(key, None)

        self._tasks[key] = asyncio.create_task(wait(), name=f"mpesa {key}")

    def runs(self, *, key: str) -> bool:
        """Whether one waits or is being done."""
        return key in self._tasks

    def stop(self, *, key: str) -> None:
        """Forget one; the one that is being done goes on."""
        task = self._tasks.get(key)
        if task is not None and task is not asyncio.current_task():
            task.cancel()
            del self._tasks[key]

    async def stop_all(self) -> None:
        """Forget all, and return when none runs."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._tasks.clear()
