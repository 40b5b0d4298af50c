"""One runtime per data directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from apps.runtime.problems import AlreadyRunning


@contextmanager
def held(*, directory: Path) -> Iterator[None]:
    """Hold the data directory for ourselves; the lock falls with the process, however it ends.

    Raises:
        AlreadyRunning: another process holds it; its id is in the text.
    """
    with (directory / "lock").open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise AlreadyRunning(directory=directory, process=lock.read().strip()) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield
