"""The Temporal server with its web UI, one SQLite file on disk.

The settings are those that a plan's life needs: timers to the hundredth of a second, dispatch
without the stock pause of 50 ms, fairness between merchants, time skipping for test clocks. One
machine has no use for queues in parts, which cost a tenth of the server's time.
"""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from apps.runtime.child import Child, Command, plain_environment
from apps.runtime.problems import CannotRun
from apps.runtime.readiness import listens, until
from apps.runtime.supervisor import Part

SEARCH_ATTRIBUTES: Final = {
    "PlanState": "Keyword",
    "PaymentOption": "Keyword",
    "MerchantId": "Keyword",
    "NextDueAt": "Datetime",
    "DaysPastDue": "Int",
}
"""What operators list and count plans by; none of it is personal data."""
DYNAMIC_CONFIGURATION: Final = (
    "history.transferProcessorMaxPollRPS=2000",
    "history.timerProcessorMaxPollRPS=2000",
    'history.timerProcessorMaxTimeShift="10ms"',
    "matching.enableFairness=true",
    "matching.numTaskqueueReadPartitions=1",
    "matching.numTaskqueueWritePartitions=1",
    "frontend.WorkflowTimeSkippingEnabled=true",
    "frontend.WorkflowPauseEnabled=true",
)
ECONOMY: Final = {
    "GOGC": "800",
    "GOMEMLIMIT": "1GiB",
    "GOMAXPROCS": str(max(1, (os.cpu_count() or 1) // 2)),
}
"""Settings of the server's Go runtime on a machine that it shares with all whom it serves.

It tidies its memory up eight times more rarely, while it needs less than the limit. It takes half
of the processors: with all of them, its threads look for work where there is none, which costs as
much again as every fourth step of a plan.
"""
RETENTION_DAYS: Final = 90
"""How long a finished plan stays in the UI of a durable server; the stock day is too short."""


def temporal_binary() -> Path:
    """The ``temporal`` program that the locked package puts beside the interpreter.

    Raises:
        CannotRun: it is not there.
    """
    beside = Path(sys.executable).parent / "temporal"
    found = str(beside) if beside.is_file() else shutil.which("temporal")
    if found is None:
        raise CannotRun("temporal_missing", f"{beside} is missing; run make setup")
    return Path(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class TemporalServer:
    """One Temporal server, on the loopback only."""

    directory: Path
    """Holds the database file; made if it is not there."""
    port: int
    """Of the frontend."""
    ui_port: int | None
    """Of the web UI; None runs without it."""
    codec_url: str | None
    """Where the browser of the UI decodes payloads."""
    namespace: str
    """Made at the first start."""
    durable: bool
    """Keep the database on disk; else in memory, and stop without ceremony."""


def temporal_part(*, server: TemporalServer, log: Path) -> Part:
    """The process of a Temporal server, its output in ``log``.

    Raises:
        CannotRun: the ``temporal`` program is missing.
    """
    server.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    words = [str(temporal_binary()), "server", "start-dev", "--ip", "127.0.0.1"]
    words += ["--port", str(server.port), "--namespace", server.namespace, "--log-level", "error"]
    words += ["--headless"] if server.ui_port is None else ["--ui-port", str(server.ui_port)]
    words += ["--ui-disable-news-fetch"]
    if server.codec_url is not None:
        words += ["--ui-codec-endpoint", server.codec_url]
    if server.durable:
        words += ["--db-filename", str(server.directory / "temporal.db")]
    words += ["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"]
    for setting in DYNAMIC_CONFIGURATION:
        words += ["--dynamic-config-value", setting]

    async def ready(child: Child) -> None:
        await until(lambda: listens(child=child, port=server.port))
        await _ready(server)

    return Part(
        name="Temporal",
        command=Command(
            words=tuple(words),
            environment=_environment(server.directory),
            directory=server.directory,
            log=log,
            stop_signal=signal.SIGTERM if server.durable else signal.SIGKILL,
        ),
        ready=ready,
    )


async def _ready(server: TemporalServer) -> None:
    """Serving, with the namespace and every search attribute, on an old database file too."""
    address, namespace = f"127.0.0.1:{server.port}", server.namespace

    async def serves() -> bool:
        status, said = await _operate("cluster", "health", address=address)
        return status == 0 and "SERVING" in said

    async def namespace_is_there() -> bool:
        words = ("namespace", "describe", "--namespace", namespace)
        return (await _operate(*words, address=address))[0] == 0

    await until(serves)
    await until(namespace_is_there)
    words = ["search-attribute", "create", "--namespace", namespace]
    for name, kind in SEARCH_ATTRIBUTES.items():
        words += ["--name", name, "--type", kind]
    await _must(words, address=address)
    if server.durable:
        retention = f"{RETENTION_DAYS}d"
        words = ["namespace", "update", "--namespace", namespace, "--retention", retention]
        await _must(words, address=address)


async def _must(words: Sequence[str], *, address: str) -> None:
    status, said = await _operate(*words, address=address)
    if status != 0:
        what = " ".join(words[:2])
        raise CannotRun("temporal_refused", f"the Temporal server refused {what}: {said.strip()}")


async def _operate(*words: str, address: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        str(temporal_binary()),
        *("operator", *words, "--address", address, "--command-timeout", "10s"),
        "--disable-config-file",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=_environment(Path("/")),
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, said.decode("utf-8", errors="replace")


def _environment(home: Path) -> dict[str, str]:
    """No configuration file of the caller's may point it at another server."""
    return plain_environment(HOME=str(home), XDG_CONFIG_HOME=str(home), **ECONOMY)
