"""Starts parts, watches them, starts a part again that died, and stops all in reverse order."""

import asyncio
import json
import signal
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from apps.runtime.child import Child, Command, spawn
from apps.runtime.problems import PartFailed

_FIRST_PAUSE_SECONDS: Final = 0.25
_LONGEST_PAUSE_SECONDS: Final = 8.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A process that must run for as long as we do."""

    name: str
    """As people call it, for example ``PostgreSQL``."""
    command: Command
    ready: Callable[[Child], Awaitable[None]]
    """Returns once this run of it serves; raises ``CannotRun`` if it never will."""
    prepare: Callable[[], Awaitable[None]] | None = None
    """Done before each start."""
    ready_seconds: float = 60
    """A part that takes longer has failed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How often a part may die before we give up."""

    deaths_max: int = 5
    window_seconds: float = 60


class Supervisor:
    """Holds the parts that run.

    Args:
        tell: takes a sentence for the person at the terminal.
        record: file that names our processes, for the next start after a power cut.
        patience: how often a part may die.
    """

    def __init__(
        self,
        *,
        tell: Callable[[str], None],
        record: Path | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._tell = tell
        self._record = record
        self._patience = patience or Patience()
        self._stages: list[tuple[Part, ...]] = []
        self._children: dict[str, Child] = {}
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._given_up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._hurry = False

    async def start(self, *parts: Part) -> None:
        """Start parts side by side; returns when all of them are ready.

        Raises:
            PartFailed: a part ended, or was not ready in time; what has started still runs.
        """
        self._stages.append(parts)
        tasks = [asyncio.create_task(self._first_start(part)) for part in parts]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def failure(self) -> None:
        """Waits until a part has died too often.

        Raises:
            PartFailed: that part.
        """
        await asyncio.shield(self._given_up)

    def process_id(self, *, name: str) -> int:
        """The process id of a part's present run."""
        return self._children[name].pid

    async def stop(self) -> None:
        """Stop everything, what was started last first; returns when nothing is left."""
        for watcher in self._watchers.values():
            watcher.cancel()
        await asyncio.gather(*self._watchers.values(), return_exceptions=True)
        for stage in reversed(self._stages):
            stopping = [
                self._children[part.name].stop(kill=self._hurry)
                for part in stage
                if part.name in self._children
            ]
            await asyncio.gather(*stopping)
        self._children.clear()
        self._write_record()
        if self._given_up.done():
            self._given_up.exception()  # whoever wanted to know has asked
        else:
            self._given_up.cancel()

    def hurry(self) -> None:
        """Stop without patience: whatever still runs is killed."""
        self._hurry = True
        for child in self._children.values():
            child.kill_group()

    async def _first_start(self, part: Part) -> None:
        child = await self._launch(part)
        watcher = asyncio.create_task(self._watch(part, child))
        watcher.add_done_callback(self._watcher_ended)
        self._watchers[part.name] = watcher

    async def _launch(self, part: Part) -> Child:
        if part.prepare is not None:
            await part.prepare()
        child = await spawn(command=part.command)
        self._children[part.name] = child
        self._write_record()
        ready = asyncio.ensure_future(part.ready(child))
        ended = asyncio.ensure_future(child.wait())
        try:
            await asyncio.wait(
                (ready, ended),
                timeout=part.ready_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if ready.done():
                await ready
                return child
            reason = (
                f"{_ending(ended.result())} before it was ready"
                if ended.done()
                else f"was not ready after {part.ready_seconds:.0f} s"
            )
            raise _failed(part, child, reason)
        finally:
            ready.cancel()
            ended.cancel()
            await asyncio.gather(ready, ended, return_exceptions=True)

    async def _watch(self, part: Part, child: Child) -> None:
        clock = asyncio.get_running_loop().time
        deaths: deque[float] = deque()
        while True:
            code = await child.wait()
            child.kill_group()
            deaths.append(clock())
            while deaths[0] < clock() - self._patience.window_seconds:
                deaths.popleft()
            problem = _failed(part, child, f"{_ending(code)}, {len(deaths)} times in a row")
            again: Child | None = None
            while again is None:
                if len(deaths) > self._patience.deaths_max:
                    raise problem
                pause = min(_FIRST_PAUSE_SECONDS * 2 ** (len(deaths) - 1), _LONGEST_PAUSE_SECONDS)
                self._tell(
                    f"{part.name} {_ending(code)}; starting it again in {pause:g} s "
                    f"(log: {part.command.log})"
                )
                await asyncio.sleep(pause)
                try:
                    again = await self._launch(part)
                except PartFailed as failure:
                    await self._children[part.name].stop(kill=True)
                    deaths.append(clock())
                    problem = failure
            child = again
            self._tell(f"{part.name} is back")

    def _watcher_ended(self, watcher: asyncio.Task[None]) -> None:
        if not watcher.cancelled() and (problem := watcher.exception()) is not None:
            self._give_up(problem)

    def _give_up(self, problem: BaseException) -> None:
        if not self._given_up.done():
            self._given_up.set_exception(problem)

    def _write_record(self) -> None:
        if self._record is None:
            return
        running = [
            {
                "name": name,
                "pid": child.pid,
                "started_at": child.started_at(),
                "stop_signal": int(child.command.stop_signal),
            }
            for name, child in self._children.items()
        ]
        self._record.write_text(json.dumps(running, indent=1) + "\n")


def _ending(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"stopped with exit code {code}"


def _failed(part: Part, child: Child, reason: str) -> PartFailed:
    return PartFailed(part=part.name, reason=reason, log=part.command.log, tail=child.tail())
