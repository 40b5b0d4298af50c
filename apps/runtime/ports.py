"""Which TCP port each part listens on: a setting each, or the next free ones."""

import contextlib
import errno
import secrets
import socket
import sys
from collections.abc import Iterable, Iterator
from typing import Final

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from apps.runtime.problems import CannotRun, PortTaken
from workers.settings import PREFIX

HOST: Final = "127.0.0.1"
_LARGEST: Final = 65535
_QUIET_FIRST: Final = 20000
_QUIET_COUNT: Final = 12000
"""Below the range from which systems take ports for outgoing connections."""


class Ports(BaseSettings):
    """The port of each part; every field is the setting ``MEQENET_<FIELD>``."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True
    )

    postgres_port: int = Field(default=55432, gt=0, le=_LARGEST, title="PostgreSQL")
    valkey_port: int = Field(default=56379, gt=0, le=_LARGEST, title="Valkey")
    temporal_port: int = Field(default=7233, gt=0, le=_LARGEST, title="the Temporal server")
    temporal_ui_port: int = Field(default=8233, gt=0, le=_LARGEST, title="the Temporal web UI")
    api_port: int = Field(default=8080, gt=0, le=_LARGEST, title="the API")
    codec_port: int = Field(default=8081, gt=0, le=_LARGEST, title="the codec server")
    sandbox_telebirr_port: int = Field(
        default=9101, gt=0, le=_LARGEST, title="the Telebirr sandbox"
    )
    sandbox_mpesa_port: int = Field(default=9102, gt=0, le=_LARGEST, title="the M-PESA sandbox")
    sandbox_fayda_port: int = Field(default=9103, gt=0, le=_LARGEST, title="the Fayda sandbox")
    sandbox_bank_port: int = Field(default=9104, gt=0, le=_LARGEST, title="the bank sandbox")
    sandbox_messages_port: int = Field(
        default=9105, gt=0, le=_LARGEST, title="the messages sandbox"
    )


def wanted_ports() -> Ports:
    """What the settings say.

    Raises:
        CannotRun: one of them is no port; its name is in the text.
    """
    try:
        return Ports()
    except ValidationError as invalid:
        told = "; ".join(
            f"{PREFIX}{str(error['loc'][0]).upper()}: {error['msg']}" for error in invalid.errors()
        )
        raise CannotRun("port_malformed", told) from None


@contextlib.contextmanager
def claimed(*, wanted: Ports, automatic: bool = False) -> Iterator[Ports]:
    """The ports to use, each seen to be free, and ours among runtimes until the block ends.

    Args:
        wanted: what the settings say.
        automatic: where a wanted port is taken, use the next free one.

    Raises:
        PortTaken: a wanted port is taken, and ``automatic`` was not asked for.
        CannotRun: one port is meant for two parts, or may not be used by us.
    """
    chosen: dict[str, int] = {}
    with contextlib.ExitStack() as reserved:
        for name, field in Ports.model_fields.items():
            port: int = getattr(wanted, name)
            part, setting = field.title or name, f"{PREFIX}{name.upper()}"
            if port in chosen.values() and not automatic:
                raise CannotRun("port_twice", f"{setting}: another part has port {port} already")
            candidates = range(port, _LARGEST + 1) if automatic else (port,)
            found = _first_free(candidates, reserved=reserved, part=part, setting=setting)
            if found is None:
                raise PortTaken(port=port, part=part, setting=setting)
            chosen[name] = found
        yield wanted.model_copy(update=chosen)


def free_ports(*, count: int) -> tuple[int, ...]:
    """Free ports for servers that live shortly, such as those of a test.

    Picked at random where no outgoing connection takes its port from, so that two who pick at
    the same time hardly meet.
    """
    picked: list[int] = []
    while len(picked) < count:
        port = _QUIET_FIRST + secrets.randbelow(_QUIET_COUNT)
        if port not in picked and _is_free(port):
            picked.append(port)
    return tuple(picked)


def _first_free(
    candidates: Iterable[int], *, reserved: contextlib.ExitStack, part: str, setting: str
) -> int | None:
    for port in candidates:
        try:
            if _is_free(port) and _reserve(port, reserved=reserved):
                return port
        except PermissionError:
            raise CannotRun(
                "port_forbidden",
                f"port {port} may not be used by us; it is meant for {part}. "
                f"Set {setting} to another port",
            ) from None
    return None


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except OSError as problem:
            if problem.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def _reserve(port: int, *, reserved: contextlib.ExitStack) -> bool:
    """Keep other runtimes off the port while its part, which comes later, does not listen yet.

    On Linux a name without a file stands for it, which falls with us however we end. Elsewhere
    there is no such name, and two runtimes that start at once may meet; the later one fails.
    """
    if sys.platform != "linux":
        return True
    mark = reserved.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    try:
        mark.bind(f"\0meqenet-port-{port}")
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            return False
        raise
    return True
