import os
import shutil
import subprocess
from pathlib import Path

import pytest

from apps.runtime.environment import CHECKOUT

TOOLS = ("sh", "sed", "cat", "rm", "printf")


def run(directory: Path, *words: str, path: str) -> "subprocess.CompletedProcess[str]":
    make = shutil.which("make")
    assert make is not None
    return subprocess.run(  # noqa: S603 - our own Makefile
        [make, "--directory", str(directory), "--no-print-directory", *words],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": path, "HOME": str(directory)},
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(CHECKOUT / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A machine with a shell and nothing else."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    return tools


def test_without_a_new_enough_python_it_says_so(checkout: Path, bare_path: Path) -> None:
    old = bare_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = run(checkout, "setup", path=str(bare_path))
    assert done.returncode != 0
    assert "Python 3.11 or newer is needed" in done.stderr
    assert not (checkout / ".venv").exists()


def interpreter(at: Path, *, enough: bool, faster: Path | str = "") -> Path:
    """One that can make no environment; asked for a faster one, it names that."""
    at.write_text(
        "#!/bin/sh\n"
        "[ $1 = -m ] && exit 1\n"
        f"[ $1 = -c ] && exit {0 if enough else 1}\n"
        f"[ $1 = apps/setup/interpreter.py ] && echo '{faster}'\n"
    )
    at.chmod(0o755)
    return at


def test_the_first_python_that_is_new_enough_is_taken(checkout: Path, bare_path: Path) -> None:
    interpreter(bare_path / "python3", enough=False)
    taken = interpreter(bare_path / "python3.12", enough=True)
    done = run(checkout, "setup", path=str(bare_path))
    assert done.stdout == f"setup: making .venv with {taken}\n"
    assert "install python3-venv" in done.stderr
    assert done.returncode != 0


def test_a_faster_one_of_its_kind_is_taken_in_its_place_unless_one_is_named(
    checkout: Path, bare_path: Path, tmp_path: Path
) -> None:
    fast = interpreter(tmp_path / "fast", enough=True)
    slow = interpreter(bare_path / "python3", enough=True, faster=fast)
    done = run(checkout, "setup", path=str(bare_path))
    assert done.stdout == f"setup: making .venv with {fast}\n"
    named = run(checkout, "setup", f"PYTHON={slow}", path=str(bare_path))
    assert named.stdout == f"setup: making .venv with {slow}\n"


def test_what_is_set_up_is_not_set_up_again(checkout: Path) -> None:
    stamp = checkout / ".venv" / ".installed"
    stamp.parent.mkdir()
    stamp.write_text(f"{checkout}\n")
    assert run(checkout, "--question", "setup", path=os.environ["PATH"]).returncode == 0
    stamp.write_text("/somewhere/else\n")
    assert run(checkout, "--question", "setup", path=os.environ["PATH"]).returncode == 1
    stamp.write_text(f"{checkout}\n")
    newer = stamp.stat().st_mtime + 5
    os.utime(checkout / "requirements.lock", (newer, newer))
    assert run(checkout, "--question", "setup", path=os.environ["PATH"]).returncode == 1


def test_continuous_integration_runs_the_tests_and_the_lint() -> None:
    ci = CHECKOUT / ".ci" / "run"
    assert os.access(ci, os.X_OK)
    assert ci.read_text().splitlines()[-1] == "exec make test"
    planned = run(CHECKOUT, "--dry-run", "test", path=os.environ["PATH"]).stdout
    for word in ("ruff check", "ruff format --check", "mypy", "lint-imports", "pytest"):
        assert word in planned


def test_everything_that_can_be_made_is_explained(checkout: Path) -> None:
    helped = run(checkout, "help", path=os.environ["PATH"]).stdout
    for target in ("setup", "test", "check", "demo", "up", "bench", "lock"):
        assert f"make {target} " in helped
