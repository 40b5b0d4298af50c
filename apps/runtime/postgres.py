"""PostgreSQL 18 on a TCP port of the loopback: made, started, and mended after a power cut."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import quote

import asyncpg
import psutil

from apps.runtime.child import Child, Command, plain_environment
from apps.runtime.postgres_place import PostgresPlace
from apps.runtime.problems import CannotRun
from apps.runtime.readiness import listens, until
from apps.runtime.supervisor import Part

ADMIN: Final = "postgres"
_MAJOR: Final = "18"
_ORPHAN_SECONDS: Final = 15.0
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "jit": "off",
}
_FORGETFUL: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


def url_of_postgres(*, port: int, user: str, password: str, database: str) -> str:
    """The SQLAlchemy URL of a database of the embedded server."""
    return f"postgresql+asyncpg://{user}:{quote(password, safe='')}@127.0.0.1:{port}/{database}"


def postgres_part(
    *, place: PostgresPlace, port: int, password: str, log: Path, durable: bool
) -> Part:
    """PostgreSQL at its place; the data directory is made at the first start.

    Args:
        place: where it lives, from ``place_postgres``.
        port: to listen on, loopback only; there is no Unix socket.
        password: of the role ``postgres``, the one that owns everything.
        log: where its output goes.
        durable: what is committed outlives a power cut; else faster, and nothing outlives it.
    """
    settings = {**_SETTINGS, "port": str(port), **({} if durable else _FORGETFUL)}
    words = [str(place.binaries / "postgres"), "-D", str(place.data)]
    for name, value in settings.items():
        words += ["-c", f"{name}={value}"]

    async def prepare() -> None:
        await asyncio.to_thread(_prepare, place, password, durable=durable)

    async def ready(child: Child) -> None:
        await until(lambda: listens(child=child, port=port))
        await until(lambda: _accepts(port=port, password=password))

    return Part(
        name="PostgreSQL",
        command=Command(
            words=tuple(words),
            environment=plain_environment(),
            directory=place.directory,
            log=log,
            account=place.account,
            # Fast shutdown: sessions end, everything is written. Immediate: nothing is.
            stop_signal=signal.SIGINT if durable else signal.SIGQUIT,
            stop_seconds=30,
            orphan_signal=signal.SIGINT if durable else signal.SIGQUIT,
        ),
        prepare=prepare,
        ready=ready,
    )


def _prepare(place: PostgresPlace, password: str, *, durable: bool) -> None:
    version = place.data / "PG_VERSION"
    if not version.is_file():
        _make_data(place, password, durable=durable)
        return
    found = version.read_text().strip()
    if found != _MAJOR:
        raise CannotRun(
            "postgres_version",
            f"{place.data} was made by PostgreSQL {found}; this is PostgreSQL {_MAJOR}. "
            "Dump it with the old server, or start with other data (--data)",
        )
    end_leftovers(data=place.data)
    # Whoever is named in it is no server on this data, or was just ended.
    (place.data / "postmaster.pid").unlink(missing_ok=True)


def _make_data(place: PostgresPlace, password: str, *, durable: bool) -> None:
    """Make the data directory aside and rename it, so that a power cut leaves no half of it."""
    making = place.directory / "data.making"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(mode=0o700)
    password_file = place.directory / "password.making"
    password_file.touch(mode=0o600)
    password_file.write_text(f"{password}\n")
    account = place.account
    if account is not None:
        for path in (making, password_file):
            os.chown(path, account.user_id, account.group_id)
    command = [str(place.binaries / "initdb"), "-D", str(making), f"--username={ADMIN}"]
    command += [f"--pwfile={password_file}", "--auth=scram-sha-256", "--encoding=UTF8"]
    command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command += ["--no-instructions"] if durable else ["--no-instructions", "--no-sync"]
    try:
        done = subprocess.run(  # noqa: S603 - our own fixed command
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd=place.directory,
            env=plain_environment(),
            user=account.user_id if account else None,
            group=account.group_id if account else None,
            extra_groups=[] if account else None,
        )
    finally:
        password_file.unlink()
    if done.returncode != 0:
        shutil.rmtree(making)
        raise CannotRun("initdb_failed", f"initdb in {place.directory}: {done.stderr.strip()}")
    making.rename(place.data)


def end_leftovers(*, data: Path) -> None:
    """End servers on this data; we hold it, so they are left from a runtime that was killed."""
    parent = _postmaster(data)
    if parent is not None:
        parent.send_signal(signal.SIGINT)
        psutil.wait_procs([parent], timeout=_ORPHAN_SECONDS)
    _, stubborn = psutil.wait_procs(_servers(data), timeout=_ORPHAN_SECONDS)
    for process in stubborn:
        process.kill()
    psutil.wait_procs(stubborn)


def _postmaster(data: Path) -> psutil.Process | None:
    pid_file = data / "postmaster.pid"
    if not pid_file.is_file():
        return None
    first = pid_file.read_text().partition("\n")[0].strip()
    return next((server for server in _servers(data) if str(server.pid) == first), None)


def _servers(data: Path) -> list[psutil.Process]:
    """Every process of a PostgreSQL server works inside its data directory."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        # A process may end meanwhile, or belong to somebody whose directory we may not see.
        with contextlib.suppress(psutil.Error):
            if process.name() == "postgres" and process.cwd() == str(data.resolve()):
                found.append(process)
    return found


async def _accepts(*, port: int, password: str) -> bool:
    try:
        connection = await asyncpg.connect(
            host="127.0.0.1",
            port=port,
            user=ADMIN,
            password=password,
            database=ADMIN,
            timeout=5,
            ssl=False,
        )
    except asyncpg.InvalidPasswordError:
        raise CannotRun(
            "postgres_password",
            "PostgreSQL does not take our password: its data was made with another one. "
            "Restore secrets.json of the data directory, or start with other data (--data)",
        ) from None
    except (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError):
        return False
    await connection.close()
    return True
