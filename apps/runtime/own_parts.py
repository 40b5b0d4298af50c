"""Our own processes: migrations, worker, codec server, API. Each is a command of our own."""

import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from apps.runtime.child import Child, Command, spawn
from apps.runtime.data_dir import DataDirectory
from apps.runtime.environment import ADMIN_URL, CHECKOUT, process_environment
from apps.runtime.ports import Ports
from apps.runtime.problems import CannotRun
from apps.runtime.readiness import answers, listens, printed, until
from apps.runtime.supervisor import Part
from workers.settings import PREFIX

OUR_PROGRAM: Final = (sys.executable, "-m", "apps.cli.main")
_STOP_SECONDS: Final = 30
"""A worker lets running steps end for 20 seconds."""
_CODEC_SETTINGS: Final = ("PAYLOAD_KEYS", "PAYLOAD_KEY_CURRENT", "TEMPORAL_UI_URL", "CODEC_HOST")


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """Our own command line, run on behalf of one runtime."""

    words: tuple[str, ...] = OUR_PROGRAM
    directory: DataDirectory

    def command(self, *words: str, log: str, settings: Mapping[str, str]) -> Command:
        """``meqenet <words>`` with these settings and no others, its output in ``<log>.log``."""
        return Command(
            words=(*self.words, *words),
            environment=process_environment(settings=settings, directory=self.directory),
            directory=CHECKOUT,
            log=self.directory.logs / f"{log}.log",
            stop_seconds=_STOP_SECONDS,
            # Without the servers there is nothing to end in good order.
            orphan_signal=signal.SIGKILL,
        )


async def migrate(*, settings: Mapping[str, str], program: Program) -> None:
    """Make each domain's database, role and tables; returns when that is done.

    Raises:
        CannotRun: a migration failed; the end of the log is in the text.
    """
    child = await spawn(command=program.command("migrate", log="migrate", settings=settings))
    try:
        code = await child.wait()
    finally:
        await child.stop()
    if code != 0:
        log = child.command.log
        raise CannotRun(
            "migration_failed", f"the migrations failed. The end of {log}:\n{child.tail()}"
        )


def worker_part(*, settings: Mapping[str, str], program: Program) -> Part:
    """One worker for all domains. It may not make databases or roles."""
    needed = {name: value for name, value in settings.items() if name != ADMIN_URL}

    async def ready(child: Child) -> None:
        await printed(child=child, line=lambda text: text.split(maxsplit=1)[:1] == ["ready"])

    return Part(
        name="worker",
        command=program.command("worker", log="worker", settings=needed),
        ready=ready,
    )


def codec_part(*, settings: Mapping[str, str], ports: Ports, program: Program) -> Part:
    """The codec server, which decodes payloads for the Temporal UI. It gets nothing but keys."""
    needed = {f"{PREFIX}{name}": settings[f"{PREFIX}{name}"] for name in _CODEC_SETTINGS}
    port = ports.codec_port

    async def ready(child: Child) -> None:
        await until(lambda: listens(child=child, port=port))

    words = ("codec", "--port", str(port))
    return Part(
        name="codec server",
        command=program.command(*words, log="codec", settings=needed),
        ready=ready,
    )


def api_part(*, settings: Mapping[str, str], ports: Ports, program: Program) -> Part:
    """The checkout API. It may not make databases or roles."""
    needed = {name: value for name, value in settings.items() if name != ADMIN_URL}
    port = ports.api_port

    async def ready(child: Child) -> None:
        await until(lambda: listens(child=child, port=port))
        await until(lambda: answers(url=f"http://127.0.0.1:{port}/readyz"))

    words = ("api", "--port", str(port))
    return Part(
        name="API",
        command=program.command(*words, log="api", settings=needed),
        ready=ready,
    )
