"""The directory in which a runtime keeps everything: ``.meqenet``, or a temporary one."""

import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from apps.runtime.backing import remove_backing, temporary_directory
from apps.runtime.lock import held
from apps.runtime.problems import CannotRun
from workers.settings import DOMAINS, PREFIX, development_keys

_PASSWORD_BYTES: Final = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class DataDirectory:
    """The names of what is in it."""

    root: Path
    ephemeral: bool
    """It is removed when the runtime ends."""

    @property
    def logs(self) -> Path:
        """One file per part."""
        return self.root / "logs"

    @property
    def env_file(self) -> Path:
        """Where everything is, for other processes, while the runtime runs."""
        return self.root / "env"

    @property
    def secrets_file(self) -> Path:
        """Passwords and keys that the data was made with."""
        return self.root / "secrets.json"

    @property
    def processes_file(self) -> Path:
        """Our processes, for the start after a power cut."""
        return self.root / "processes.json"

    def sandboxes(self, *, names: Iterable[str]) -> Path:
        """Where each sandbox has a directory of its name; made if they are not there."""
        directory = self.root / "sandboxes"
        for name in names:
            (directory / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        return directory


@dataclass(frozen=True, kw_only=True, slots=True)
class Secrets:
    """What the data cannot be opened without."""

    postgres_password: str = field(repr=False)
    valkey_password: str = field(repr=False)
    role_passwords: dict[str, str] = field(repr=False)
    """Password of each domain's login role, by domain."""
    settings: dict[str, str] = field(repr=False)
    """Encryption keys, and what of our callback addresses must not be guessed, by setting."""


@contextmanager
def opened(*, root: Path | None) -> Iterator[DataDirectory]:
    """Hold a data directory for ourselves.

    Args:
        root: made if it is not there; None is a temporary one that is removed at the end.

    Raises:
        AlreadyRunning: another runtime holds it.
        CannotRun: we may not write there.
    """
    ephemeral = root is None
    path = temporary_directory() if root is None else _made(root.expanduser().resolve())
    try:
        directory = DataDirectory(root=path, ephemeral=ephemeral)
        with held(directory=path):
            directory.logs.mkdir(mode=0o700, exist_ok=True)
            yield directory
    finally:
        if ephemeral:
            remove_backing(directory=path)


def _made(path: Path) -> Path:
    try:
        if not path.exists():
            path.mkdir(parents=True)
            # PostgreSQL's own account passes through when we are root; it cannot list.
            path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        writable = path.is_dir() and os.access(path, os.W_OK | os.X_OK)
    except OSError:
        writable = False
    if not writable:
        raise CannotRun(
            "data_directory", f"{path} is no directory that we may write to; choose one with --data"
        )
    return path


def load_secrets(*, directory: DataDirectory) -> Secrets:
    """The secrets of this data, made at the first start; what is new since is added.

    Raises:
        CannotRun: there is data, and the secrets that it was made with are gone.
    """
    written: dict[str, object] = {}
    if directory.secrets_file.is_file():
        written = json.loads(directory.secrets_file.read_text())
    elif any((directory.root / "postgres").glob("*")):
        raise CannotRun(
            "secrets_missing",
            f"{directory.secrets_file} is missing, and the data beside it cannot be opened without "
            "it. Restore it, or remove the directory to start afresh",
        )
    fresh = Secrets(
        postgres_password=secrets.token_urlsafe(_PASSWORD_BYTES),
        valkey_password=secrets.token_urlsafe(_PASSWORD_BYTES),
        role_passwords={domain: secrets.token_urlsafe(_PASSWORD_BYTES) for domain in DOMAINS},
        settings={
            **development_keys(),
            f"{PREFIX}MPESA_CALLBACK_SECRET": secrets.token_urlsafe(_PASSWORD_BYTES),
        },
    )
    merged = _merged(asdict(fresh), written)
    if merged != written:
        write_private(path=directory.secrets_file, text=json.dumps(merged, indent=1) + "\n")
    return Secrets(**merged)  # type: ignore[arg-type]  # written by ourselves from the same class


def write_private(*, path: Path, text: str) -> None:
    """Replace a file that only its owner may read: all of it is there, or none."""
    making = path.with_name(f"{path.name}.making")
    making.unlink(missing_ok=True)
    making.touch(mode=0o600)
    with making.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    making.replace(path)


def _merged(fresh: dict[str, object], written: dict[str, object]) -> dict[str, object]:
    merged: dict[str, object] = {}
    for name, value in fresh.items():
        kept = written.get(name, value)
        if isinstance(value, dict) and isinstance(kept, dict):
            kept = {**value, **kept}
        merged[name] = kept
    return merged
