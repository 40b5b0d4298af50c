import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import psutil
import pytest

from apps.runtime.child import Child, Command, plain_environment
from apps.runtime.problems import CannotRun, PartFailed
from apps.runtime.readiness import listens, printed, until
from apps.runtime.supervisor import Part, Patience, Supervisor


async def says_ready(child: Child) -> None:
    await printed(child=child, line=lambda text: text == "ready")


def part(name: str, program: str, directory: Path, **more: float) -> Part:
    return Part(
        name=name,
        command=Command(
            words=(sys.executable, "-S", "-E", "-u", "-c", program),
            environment=plain_environment(),
            directory=directory,
            log=directory / f"{name}.log",
            stop_seconds=more.get("stop_seconds", 5),
        ),
        ready=says_ready,
        ready_seconds=more.get("ready_seconds", 10),
    )


SERVES = "import signal; print('ready'); signal.pause()"


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid)


async def test_a_part_that_dies_is_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(tell=said.append)
    await supervisor.start(part("one", SERVES, tmp_path))
    first = supervisor.process_id(name="one")
    os.kill(first, signal.SIGKILL)

    async def back() -> bool:
        return "one is back" in said

    await asyncio.wait_for(until(back), timeout=10)
    second = supervisor.process_id(name="one")
    await supervisor.stop()
    assert second != first
    assert gone(first)
    assert gone(second)
    log = tmp_path / "one.log"
    assert said[0] == f"one was ended by SIGKILL; starting it again in 0.25 s (log: {log})"


async def test_a_part_that_dies_too_often_is_given_up(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(tell=said.append, patience=Patience(deaths_max=1))
    falls = (
        "import signal, sys; "
        "signal.signal(signal.SIGTERM, lambda *_: (print('the disk is full'), sys.exit(7))); "
        "print('ready'); signal.pause()"
    )

    async def ready_and_pushed(child: Child) -> None:
        await says_ready(child)
        os.kill(child.pid, signal.SIGTERM)

    plain = part("weak", falls, tmp_path)
    await supervisor.start(Part(name="weak", command=plain.command, ready=ready_and_pushed))
    with pytest.raises(PartFailed, match="weak stopped with exit code 7") as failure:
        await asyncio.wait_for(supervisor.failure(), timeout=10)
    await supervisor.stop()
    assert "the disk is full" in str(failure.value)
    assert len([text for text in said if "starting it again" in text]) == 1


async def test_a_part_that_ends_before_it_is_ready_shows_its_log(tmp_path: Path) -> None:
    supervisor = Supervisor(tell=print)
    with pytest.raises(PartFailed, match="exit code 3 before it was ready") as failure:
        await supervisor.start(part("bad", "print('no such key'); raise SystemExit(3)", tmp_path))
    await supervisor.stop()
    assert "no such key" in str(failure.value)


async def test_a_part_that_is_never_ready_has_failed(tmp_path: Path) -> None:
    supervisor = Supervisor(tell=print)
    silent = "import signal; print('re' 'ading'); signal.pause()"
    with pytest.raises(PartFailed, match="was not ready after 0 s"):
        await supervisor.start(part("slow", silent, tmp_path, ready_seconds=0.3))
    pid = supervisor.process_id(name="slow")
    await supervisor.stop()
    assert gone(pid)


async def test_a_problem_while_coming_back_is_not_swallowed(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(tell=said.append)
    starts = iter([None, CannotRun("changed", "it came back as another")])

    async def prepare() -> None:
        if (problem := next(starts)) is not None:
            raise problem

    plain = part("one", SERVES, tmp_path)
    await supervisor.start(
        Part(name="one", command=plain.command, ready=plain.ready, prepare=prepare)
    )
    os.kill(supervisor.process_id(name="one"), signal.SIGKILL)
    with pytest.raises(CannotRun, match="came back as another"):
        await asyncio.wait_for(supervisor.failure(), timeout=10)
    await supervisor.stop()


async def test_parts_stop_in_reverse_and_deaf_ones_too(tmp_path: Path) -> None:
    supervisor = Supervisor(tell=print)
    leaves_a_child = (
        "import signal, subprocess, sys; "
        "subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()']); "
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready')\n"
        "while True: signal.pause()"
    )
    tells = (
        "import signal, sys, time; "
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print(time.monotonic_ns()))); "
        "print('ready'); signal.pause()"
    )
    await supervisor.start(part("first", tells, tmp_path))
    await supervisor.start(
        part("deaf", leaves_a_child, tmp_path, stop_seconds=0.3), part("second", tells, tmp_path)
    )
    deaf = psutil.Process(supervisor.process_id(name="deaf"))
    processes = [deaf, *deaf.children()]
    assert len(processes) == 2
    await supervisor.stop()
    assert psutil.wait_procs(processes, timeout=5)[1] == []
    ended = {
        name: int((tmp_path / f"{name}.log").read_text().split()[-1])
        for name in ("first", "second")
    }
    assert ended["second"] < ended["first"]


async def test_an_answer_from_somebody_else_is_not_readiness(
    tmp_path: Path, listener: socket.socket
) -> None:
    port: int = listener.getsockname()[1]
    supervisor = Supervisor(tell=print)
    deaf = part("deaf", SERVES, tmp_path, ready_seconds=0.5)

    async def ready(child: Child) -> None:
        await until(lambda: listens(child=child, port=port))

    with pytest.raises(PartFailed, match="was not ready"):
        await supervisor.start(
            Part(name="deaf", command=deaf.command, ready=ready, ready_seconds=0.5)
        )
    await supervisor.stop()


async def test_a_large_log_is_put_aside(tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    with log.open("wb") as file:
        file.truncate(20_000_001)
    supervisor = Supervisor(tell=print)
    await supervisor.start(part("one", SERVES, tmp_path))
    await supervisor.stop()
    assert log.read_text() == "ready\n"
    assert (tmp_path / "one.log.1").stat().st_size == 20_000_001


async def test_the_whole_environment_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGDATA", "/elsewhere")
    supervisor = Supervisor(tell=print)
    shows = "import os, signal; print(sorted(os.environ)); print('ready'); signal.pause()"
    await supervisor.start(part("one", shows, tmp_path))
    await supervisor.stop()
    shown = (tmp_path / "one.log").read_text()
    assert "PGDATA" not in shown
    assert "TZ" in shown
    assert (tmp_path / "one.log").stat().st_mode & 0o077 == 0
