"""``meqenet up``: everything on one machine, started in order, watched, stopped in reverse."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from apps.runtime.addresses import Running
from apps.runtime.backing import Plan, backing_parts
from apps.runtime.data_dir import DataDirectory, load_secrets, opened
from apps.runtime.environment import NAMESPACE, publish, runtime_environment
from apps.runtime.orphans import end_orphans
from apps.runtime.own_parts import (
    OUR_PROGRAM,
    Program,
    api_part,
    codec_part,
    migrate,
    worker_part,
)
from apps.runtime.ports import HOST, Ports, claimed, wanted_ports
from apps.runtime.postgres_place import PostgresPlace
from apps.runtime.problems import Interrupted
from apps.runtime.sandboxes import SandboxesPart
from apps.runtime.supervisor import Supervisor
from workers.settings import data_directory

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpOptions:
    """How to run."""

    data: Path | None = None
    """Where the data is kept; None is ``data_directory()``."""
    ephemeral: bool = False
    """Keep nothing: a temporary directory, removed at the end. ``data`` is not used."""
    automatic_ports: bool = False
    """Where a port is taken, use the next free one."""
    backing_only: bool = False
    """Start the servers and run the migrations; no sandbox, worker or API."""
    program: tuple[str, ...] = OUR_PROGRAM
    """Our own command line; it knows ``migrate``, ``sandboxes``, ``worker``, ``codec``, ``api``."""
    tell: Callable[[str], None] = print
    """Takes each sentence for the person at the terminal."""


async def run_up(
    *, options: UpOptions, on_ready: Callable[[Running], Awaitable[None]] | None = None
) -> None:
    """Start everything and keep it running; when this returns or raises, nothing is left.

    Args:
        options: how to run.
        on_ready: what to do once everything serves; the runtime stops when it is done. None
            runs until a signal arrives.

    Raises:
        AlreadyRunning: another runtime holds the data.
        PortTaken: a port is taken.
        PartFailed: a part did not start, or died too often.
        Interrupted: a signal arrived before ``on_ready`` was done.
        CannotRun: any other reason, in one sentence.
    """
    stopping = _Stopping()
    work = asyncio.create_task(_live(options, on_ready, stopping))
    stopping.work = work
    with _signals_go_to(stopping):
        try:
            await work
        except asyncio.CancelledError:
            if not stopping.asked:
                raise
            if on_ready is not None:
                raise Interrupted from None


class _Stopping:
    """The first signal stops in good order, the second without patience."""

    def __init__(self) -> None:
        self.asked = False
        self.work: asyncio.Task[None] | None = None
        self.supervisor: Supervisor | None = None

    def ask(self) -> None:
        if self.asked and self.supervisor is not None:
            self.supervisor.hurry()
        elif self.work is not None:
            self.asked = True
            self.work.cancel()


@contextlib.contextmanager
def _signals_go_to(stopping: _Stopping) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stopping.ask)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


async def _live(
    options: UpOptions,
    on_ready: Callable[[Running], Awaitable[None]] | None,
    stopping: _Stopping,
) -> None:
    root = None if options.ephemeral else options.data or data_directory()
    with contextlib.ExitStack() as held:
        directory = held.enter_context(opened(root=root))
        directory.env_file.unlink(missing_ok=True)  # left after a power cut, and no longer true
        for name in end_orphans(record=directory.processes_file):
            options.tell(f"{name} was left from an earlier run and was stopped")
        ports = held.enter_context(
            claimed(wanted=wanted_ports(), automatic=options.automatic_ports)
        )
        supervisor = Supervisor(tell=options.tell, record=directory.processes_file)
        stopping.supervisor = supervisor
        try:
            running = await _start(options, directory, ports, supervisor)
            publish(settings=running.environment, directory=directory)
            await _until_done(running, on_ready, supervisor)
        finally:
            directory.env_file.unlink(missing_ok=True)
            await supervisor.stop()


async def _start(
    options: UpOptions, directory: DataDirectory, ports: Ports, supervisor: Supervisor
) -> Running:
    program = Program(words=options.program, directory=directory)
    secrets = load_secrets(directory=directory)
    settings = runtime_environment(secrets=secrets, ports=ports)
    plan = Plan(
        directory=directory.root,
        durable=not directory.ephemeral,
        postgres_port=ports.postgres_port,
        valkey_port=ports.valkey_port,
        temporal_port=ports.temporal_port,
        temporal_ui_port=ports.temporal_ui_port,
        codec_url=f"http://{HOST}:{ports.codec_port}",
        temporal_namespace=NAMESPACE,
        postgres_password=secrets.postgres_password,
        valkey_password=secrets.valkey_password,
    )
    parts, place = backing_parts(plan=plan)
    assert place is not None, "all servers were asked for"  # noqa: S101 - a narrowing, not a check
    _tell_place(options, place)
    options.tell("starting PostgreSQL, Valkey and Temporal")
    await supervisor.start(*parts)
    boxes = None if options.backing_only else SandboxesPart(ports=ports, program=program)
    options.tell("migrating the databases" + (" and starting the sandboxes" if boxes else ""))
    await _both(
        migrate(settings=settings, program=program),
        supervisor.start(*(() if boxes is None else (boxes.part,))),
    )
    sandboxes = {} if boxes is None else boxes.told
    for sandbox in sandboxes.values():
        settings |= sandbox.settings
    if not options.backing_only:
        options.tell("starting the worker, the codec server and the API")
        worker = worker_part(settings=settings, program=program)
        codec = codec_part(settings=settings, ports=ports, program=program)
        api = api_part(settings=settings, ports=ports, program=program)
        # Two stages that start together and stop one after the other, the API first.
        await _both(supervisor.start(worker, codec), supervisor.start(api))
    return Running(
        environment=settings,
        ports=ports,
        directory=directory,
        sandboxes=sandboxes,
        postgres_data=place.data,
        backing_only=options.backing_only,
    )


async def _until_done(
    running: Running,
    on_ready: Callable[[Running], Awaitable[None]] | None,
    supervisor: Supervisor,
) -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    failure = asyncio.create_task(supervisor.failure())
    work = asyncio.ensure_future(on_ready(running) if on_ready is not None else forever())
    try:
        await asyncio.wait((failure, work), return_when=asyncio.FIRST_COMPLETED)
        await (failure if failure.done() else work)
    finally:
        await _end(failure, work)


async def _both(*deeds: Awaitable[None]) -> None:
    """Do both; if one fails the other is not left running."""
    tasks = [asyncio.ensure_future(deed) for deed in deeds]
    try:
        await asyncio.gather(*tasks)
    finally:
        await _end(*tasks)


async def _end(*tasks: "asyncio.Future[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _tell_place(options: UpOptions, place: PostgresPlace) -> None:
    if place.moved and place.account is not None:
        options.tell(
            f"PostgreSQL runs as {place.account.name}, who cannot enter the data directory; "
            f"its data is in {place.directory}"
        )
