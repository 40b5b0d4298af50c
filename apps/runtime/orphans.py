"""Ends what an earlier runtime on the same data has left behind after being killed."""

import json
from pathlib import Path
from typing import Final

import psutil

_SAME_START_SECONDS: Final = 2.0
"""The system derives a start time from its clock, which may have been set since."""
_PATIENCE_SECONDS: Final = 10.0


def end_orphans(*, record: Path) -> tuple[str, ...]:
    """End the recorded processes that still run; call it while holding the data directory.

    A process id may meanwhile belong to somebody else: only one that was started when ours was
    is touched.

    Returns:
        The names of the parts that were ended.
    """
    if not record.is_file():
        return ()
    try:
        entries = json.loads(record.read_text())
    except json.JSONDecodeError:
        entries = []  # cut off by the power cut; the machine was started afresh since
    ended: list[str] = []
    processes: list[psutil.Process] = []
    for entry in entries:
        try:
            process = psutil.Process(entry["pid"])
            if abs(process.create_time() - (entry["started_at"] or 0)) > _SAME_START_SECONDS:
                continue
            process.send_signal(entry["stop_signal"])
        except psutil.NoSuchProcess:
            continue
        ended.append(entry["name"])
        processes.append(process)
    _, stubborn = psutil.wait_procs(processes, timeout=_PATIENCE_SECONDS)
    for process in stubborn:
        process.kill()
    psutil.wait_procs(stubborn)
    record.unlink()
    return tuple(ended)
