"""Processes of the running system, as its supervisor records them: found, frozen, killed."""

import json
import os
import signal

import psutil

from apps.runtime.addresses import Running
from tests.waiting import eventually


def process_of(running: Running, *, part: str) -> psutil.Process:
    """The present process of a part (``worker``, ``API``, ``codec server``); ours, for certain."""
    recorded = json.loads(running.directory.processes_file.read_text())
    (found,) = [entry for entry in recorded if entry["name"] == part]
    process = psutil.Process(found["pid"])
    assert process.create_time() == found["started_at"]
    assert process.ppid() == os.getpid()
    return process


async def kill(running: Running, *, part: str) -> None:
    """Kill a part as a power cut would; returns once the supervisor has started it again."""
    before = process_of(running, part=part)
    before.send_signal(signal.SIGKILL)

    async def present() -> int:
        recorded = json.loads(running.directory.processes_file.read_text())
        return next(int(entry["pid"]) for entry in recorded if entry["name"] == part)

    await eventually(present, lambda pid: pid != before.pid)
