"""Processes of the running system, as its supervisor records them: found, frozen, killed."""

import asyncio
import json
import signal
from typing import Final

import psutil

from apps.runtime.addresses import Running

_SECONDS_MAX: Final = 60
_PAUSE_MS: Final = 50
_MS: Final = 1000


def process_of(*, running: Running, part: str) -> psutil.Process:
    """The present process of a part (``worker``, ``API``, ``PostgreSQL`` …); ours, for certain.

    Raises:
        RuntimeError: the process on record is not the one that was started.
    """
    recorded = json.loads(running.directory.processes_file.read_text())
    (found,) = [entry for entry in recorded if entry["name"] == part]
    process = psutil.Process(found["pid"])
    if process.create_time() != found["started_at"]:
        raise RuntimeError(f"{part}: its process is another's by now")
    return process


async def kill(
    *, running: Running, part: str, signal_number: signal.Signals = signal.SIGKILL
) -> None:
    """End a part as a power cut would; returns once the supervisor has started it again.

    Raises:
        TimeoutError: it was not started again within a minute.
    """
    before = process_of(running=running, part=part)
    before.send_signal(signal_number)
    async with asyncio.timeout(_SECONDS_MAX):
        while _recorded(running, part=part) == before.pid:  # noqa: ASYNC110 - a process sets no event
            await asyncio.sleep(_PAUSE_MS / _MS)


def _recorded(running: Running, *, part: str) -> int:
    recorded = json.loads(running.directory.processes_file.read_text())
    return next(int(entry["pid"]) for entry in recorded if entry["name"] == part)
