"""One child process: in a group of its own, logging to a file, never outliving us."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import psutil

_PR_SET_PDEATHSIG: Final = 1
_LOG_BYTES_MAX: Final = 20_000_000
_TAIL_LINES: Final = 15
_TAIL_BYTES: Final = 16 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """The system account that a child runs under instead of ours."""

    name: str
    user_id: int
    group_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What to run and how it is ended."""

    words: tuple[str, ...]
    environment: Mapping[str, str]
    """The whole environment; nothing is inherited."""
    directory: Path
    """The working directory."""
    log: Path
    """Standard output and error are appended here."""
    account: Account | None = None
    """Run as this account, which only root may ask for; by default as ourselves."""
    stop_signal: signal.Signals = signal.SIGTERM
    """Asks for an orderly end."""
    stop_seconds: float = 10
    """After this long without an end the whole process group is killed."""
    orphan_signal: signal.Signals = signal.SIGTERM
    """What the kernel sends (on Linux) if we die without having stopped it."""


class Child:
    """A running command. Make one with ``spawn``."""

    def __init__(
        self, *, command: Command, process: asyncio.subprocess.Process, log_start: int
    ) -> None:
        self.command = command
        self.pid = process.pid
        self._process = process
        self._log_start = log_start

    async def wait(self) -> int:
        """Its exit code once it has ended; negative is a signal number."""
        return await self._process.wait()

    def output(self) -> str:
        """What this run of it has written so far."""
        with self.command.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode("utf-8", errors="replace")

    def tail(self) -> str:
        """The last lines of its log, indented."""
        with self.command.log.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, end - _TAIL_BYTES))
            lines = log.read().decode("utf-8", errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-_TAIL_LINES:])

    async def stop(self, *, kill: bool = False) -> None:
        """End it and whatever it has left in its process group; returns when it is gone."""
        if self._process.returncode is None:
            self._send(signal.SIGKILL if kill else self.command.stop_signal)
            try:
                await asyncio.wait_for(self._process.wait(), timeout=self.command.stop_seconds)
            except TimeoutError:
                self._send(signal.SIGKILL)
                await self._process.wait()
        self.kill_group()

    def kill_group(self) -> None:
        """Kill what is left of its group."""
        # An empty group is what we want to find.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def started_at(self) -> float | None:
        """When it was started, seconds since the epoch, as the operating system tells it."""
        try:
            return psutil.Process(self.pid).create_time()
        except psutil.NoSuchProcess:
            return None

    def _send(self, number: signal.Signals) -> None:
        # It may have ended by itself in this very moment.
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)


async def spawn(*, command: Command) -> Child:
    """Start a command in a process group of its own, without standard input.

    Raises:
        OSError: the program cannot be run, for instance because it is not there.
    """
    account = command.account
    with _appending(command.log) as log:
        start = log.seek(0, os.SEEK_END)
        process = await asyncio.create_subprocess_exec(
            *command.words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
            cwd=command.directory,
            env=dict(command.environment),
            process_group=0,
            user=account.user_id if account else None,
            group=account.group_id if account else None,
            extra_groups=[] if account else None,
            preexec_fn=_die_with_us(command.orphan_signal),
        )
    return Child(command=command, process=process, log_start=start)


def plain_environment(**more: str) -> dict[str, str]:
    """The environment of the servers: no variable of the caller's can change what they do."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "TZ": "UTC",
        "TMPDIR": tempfile.gettempdir(),
        **more,
    }


def _appending(path: Path) -> BinaryIO:
    """The log to append to; a large one is put aside as ``<name>.1`` first."""
    if path.is_file() and path.stat().st_size > _LOG_BYTES_MAX:
        path.replace(path.with_name(f"{path.name}.1"))
    path.touch(mode=0o600)
    return path.open("ab")


def _die_with_us(number: signal.Signals) -> Callable[[], None] | None:
    """Have Linux send the signal when we are gone, be it by ``kill -9``."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def before_exec() -> None:
        # Runs between fork and exec, after the change of account, which would clear it.
        library.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec
