"""One runtime per data directory."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fasteners import InterProcessLock  # type: ignore[import-untyped]  # it ships no types

from apps.runtime.problems import AlreadyRunning


@contextmanager
def held(*, directory: Path) -> Iterator[None]:
    """Hold the data directory for ourselves; the lock falls with the process, however it ends.

    Raises:
        AlreadyRunning: another process holds it; its id is in the text.
    """
    holder = directory / "pid"
    lock = InterProcessLock(directory / "lock")
    if not lock.acquire(blocking=False):
        process = holder.read_text().strip() if holder.is_file() else "unknown"
        raise AlreadyRunning(directory=directory, process=process)
    try:
        holder.write_text(f"{os.getpid()}\n")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()
