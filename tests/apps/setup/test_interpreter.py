import subprocess
import sys

import pytest

from apps.runtime.environment import CHECKOUT
from apps.setup.interpreter import fastest


@pytest.mark.parametrize(
    ("times", "taken"),
    [((100, 200), "own"), ((100, 91), "own"), ((100, 90), "other"), ((50, 10), "other")],
)
def test_another_is_taken_only_when_it_is_clearly_faster(
    times: tuple[int, int], taken: str
) -> None:
    assert fastest(found=list(zip(("own", "other"), times, strict=True))) == taken


def test_of_many_the_fastest_is_taken() -> None:
    assert fastest(found=[("own", 100), ("a", 80), ("b", 70), ("c", 75)]) == "b"


def test_as_a_file_it_names_one_of_its_own_version_that_makes_environments() -> None:
    file = CHECKOUT / "apps" / "setup" / "interpreter.py"
    said = subprocess.run(  # noqa: S603 - our own file
        [sys.executable, "-I", str(file)], capture_output=True, text=True, check=True
    )
    ask = "import sys, venv, ensurepip; print(*sys.version_info[:2])"
    asked = subprocess.run(  # noqa: S603 - what it has named
        [said.stdout.strip(), "-c", ask], capture_output=True, text=True, check=True
    )
    assert asked.stdout.split() == [str(part) for part in sys.version_info[:2]]
