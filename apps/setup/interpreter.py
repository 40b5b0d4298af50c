"""Which interpreter computes fastest, of those like the one that runs this: `make setup` takes it.

Version managers build Python without profile-guided optimisation unless told otherwise, and such
an interpreter takes a quarter more time than a distribution's for the same work. Whoever has both
gets the tests, and all else that runs here, sooner. It is run as a file, before anything is
installed, so it has the standard library alone.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

_ROUNDS = 3
_STEPS = 40_000
_WORTH_PERCENT = 90
"""Another is taken only when it needs at most this much of the time: chance is no reason."""
_SECONDS_MAX = 20
_ASK = "--measure"
_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def measure() -> int:
    """Nanoseconds of processor time for a fixed piece of work, the best of a few rounds."""
    return min(_round() for _ in range(_ROUNDS))


def _round() -> int:
    began_at = time.process_time_ns()
    kept: dict[str, list[str]] = {}
    for number in range(_STEPS):
        text = str(number)
        kept.setdefault(text[-2:], []).append(text)
        if len(kept[text[-2:]]) > sum((1, 2, number % 3)):
            kept[text[-2:]] = kept[text[-2:]][-1:]
    return time.process_time_ns() - began_at


def fastest(*, found: Sequence[tuple[str, int]]) -> str:
    """The path to take, by path and time; the first stands unless another is clearly faster."""
    own, own_time = found[0]
    path, taken = min(found, key=lambda each: each[1])
    return path if taken * 100 <= own_time * _WORTH_PERCENT else own


def _likes() -> Iterator[Path]:
    """Files on the path that may be interpreters of this one's version."""
    names = ("python3", f"python{_VERSION}", "python")
    files = (Path(folder) / name for folder in os.get_exec_path() for name in names)
    seen = {os.path.realpath(sys.executable)}
    for file in files:
        target = os.path.realpath(file)
        if target not in seen and Path(target).is_file() and os.access(target, os.X_OK):
            seen.add(target)
            yield file


def _ask(file: Path) -> tuple[str, int] | None:
    """Its own path and time; None of one that does not run, or is of another version."""
    try:
        done = subprocess.run(  # noqa: S603 - what the path leads to, as any shell would run it
            [str(file), "-I", __file__, _ASK, _VERSION],
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS_MAX,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    path, taken = json.loads(done.stdout)
    return str(path), int(taken)


def _answer(*, version: str) -> int:
    """What :func:`_ask` is told; it has to be able to make environments too."""
    if version != _VERSION or None in (find_spec("ensurepip"), find_spec("venv")):
        return 1
    sys.stdout.write(json.dumps([sys.executable, measure()]))
    return 0


def main() -> int:
    """Print the path of the interpreter to take."""
    if sys.argv[1:2] == [_ASK]:
        return _answer(version=sys.argv[2])
    found = {os.path.realpath(sys.executable): (sys.executable, measure())}
    for file in _likes():
        asked = _ask(file)
        if asked is not None:
            found.setdefault(os.path.realpath(asked[0]), asked)
    sys.stdout.write(fastest(found=list(found.values())) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
