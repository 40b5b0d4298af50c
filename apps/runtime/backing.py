"""The three servers behind Meqenet, for the runtime and for tests: the real ones, quickly."""

import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from apps.runtime.ports import free_ports
from apps.runtime.postgres import ADMIN, end_leftovers, postgres_part, url_of_postgres
from apps.runtime.postgres_place import PostgresPlace, data_of, place_postgres, remove_place
from apps.runtime.supervisor import Part, Supervisor
from apps.runtime.temporal import TemporalServer, temporal_part
from apps.runtime.valkey import url_of_valkey, valkey_part

_PASSWORD_BYTES = 24


class Server(StrEnum):
    """A server behind Meqenet."""

    POSTGRES = "postgres"
    """PostgreSQL 18, the book of record."""
    VALKEY = "valkey"
    """Valkey, where events are published."""
    TEMPORAL = "temporal"
    """Temporal, the process record."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to start, and with which ports and passwords."""

    directory: Path
    """Each server has a directory in it, and ``logs``."""
    durable: bool
    """Committed data outlives a power cut."""
    postgres_port: int
    valkey_port: int
    temporal_port: int
    temporal_ui_port: int | None = None
    """None runs Temporal without its web UI."""
    codec_url: str | None = None
    """Where the web UI decodes payloads."""
    temporal_namespace: str = "meqenet"
    postgres_password: str = field(repr=False)
    valkey_password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Backing:
    """Where the running servers are. The URLs carry passwords and are not shown."""

    admin_url: str = field(repr=False)
    """PostgreSQL as the role that may make databases and roles (``postgresql+asyncpg://``)."""
    redis_url: str = field(repr=False)
    temporal_address: str
    temporal_namespace: str
    postgres_port: int
    valkey_port: int
    directory: Path
    process_id: Callable[[Server], int] = field(repr=False)
    """The process id of a server's present run; it is supervised, so it may change."""


_NAMES = {
    Server.POSTGRES: "PostgreSQL",
    Server.VALKEY: "Valkey",
    Server.TEMPORAL: "Temporal",
}


def backing_parts(
    *, plan: Plan, servers: Collection[Server] = tuple(Server)
) -> tuple[tuple[Part, ...], PostgresPlace | None]:
    """The parts to supervise, and where PostgreSQL went.

    Raises:
        CannotRun: the machine lacks what a server needs.
    """
    logs = plan.directory / "logs"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    parts: list[Part] = []
    place: PostgresPlace | None = None
    if Server.POSTGRES in servers:
        place = place_postgres(directory=plan.directory / "postgres")
        postgres = postgres_part(
            place=place,
            port=plan.postgres_port,
            password=plan.postgres_password,
            log=logs / "postgres.log",
            durable=plan.durable,
        )
        parts.append(postgres)
    if Server.VALKEY in servers:
        valkey = valkey_part(
            directory=plan.directory / "valkey",
            port=plan.valkey_port,
            password=plan.valkey_password,
            log=logs / "valkey.log",
            durable=plan.durable,
        )
        parts.append(valkey)
    if Server.TEMPORAL in servers:
        server = TemporalServer(
            directory=plan.directory / "temporal",
            port=plan.temporal_port,
            ui_port=plan.temporal_ui_port,
            codec_url=plan.codec_url,
            namespace=plan.temporal_namespace,
            durable=plan.durable,
        )
        parts.append(temporal_part(server=server, log=logs / "temporal.log"))
    return tuple(parts), place


def backing_of(*, plan: Plan, supervisor: Supervisor) -> Backing:
    """Where the servers of a plan are once the supervisor has started them."""
    return Backing(
        admin_url=url_of_postgres(
            port=plan.postgres_port, user=ADMIN, password=plan.postgres_password, database=ADMIN
        ),
        redis_url=url_of_valkey(port=plan.valkey_port, password=plan.valkey_password),
        temporal_address=f"127.0.0.1:{plan.temporal_port}",
        temporal_namespace=plan.temporal_namespace,
        postgres_port=plan.postgres_port,
        valkey_port=plan.valkey_port,
        directory=plan.directory,
        process_id=lambda server: supervisor.process_id(name=_NAMES[server]),
    )


def temporary_directory() -> Path:
    """A fresh directory that another account can pass through but not list."""
    directory = Path(tempfile.mkdtemp(prefix="meqenet-"))
    directory.chmod(0o711)
    return directory


@asynccontextmanager
async def backing_servers(
    *,
    servers: Collection[Server] = tuple(Server),
    temporal_namespace: str = "meqenet",
    durable: bool = False,
) -> AsyncIterator[Backing]:
    """Fresh servers that forget everything, for tests: nothing is left when the block ends.

    Args:
        servers: which ones; PostgreSQL alone is ready within two seconds.
        temporal_namespace: made in the Temporal server.
        durable: commits wait for the disk as in production; what benchmarks are held to.

    Raises:
        CannotRun: a server cannot be started; the end of its log is in the text.
    """
    directory = temporary_directory()
    postgres_port, valkey_port, temporal_port = free_ports(count=3)
    plan = Plan(
        directory=directory,
        durable=durable,
        postgres_port=postgres_port,
        valkey_port=valkey_port,
        temporal_port=temporal_port,
        temporal_namespace=temporal_namespace,
        postgres_password=secrets.token_urlsafe(_PASSWORD_BYTES),
        valkey_password=secrets.token_urlsafe(_PASSWORD_BYTES),
    )
    try:
        async with running(plan=plan, servers=servers) as backing:
            yield backing
    finally:
        remove_backing(directory=directory)


@asynccontextmanager
async def running(
    *, plan: Plan, servers: Collection[Server] = tuple(Server)
) -> AsyncIterator[Backing]:
    """The servers of a plan, supervised, stopped when the block ends; their data stays.

    Raises:
        CannotRun: a server cannot be started.
    """
    supervisor = Supervisor(tell=lambda _said: None)
    try:
        parts, _ = backing_parts(plan=plan, servers=servers)
        await supervisor.start(*parts)
        yield backing_of(plan=plan, supervisor=supervisor)
    finally:
        await supervisor.stop()


def remove_backing(*, directory: Path) -> None:
    """Remove the directory of a plan, with whatever of PostgreSQL had to go elsewhere."""
    postgres = directory / "postgres"
    if postgres.is_dir():
        # After a server was killed its sessions may still be on their way out.
        end_leftovers(data=data_of(directory=postgres))
        remove_place(directory=postgres)
    shutil.rmtree(directory)
