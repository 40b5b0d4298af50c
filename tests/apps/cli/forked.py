"""Commands as processes of their own, forked from one that has read all the code already.

Reading it takes most of the time of a command that only looks something up. How a command starts
from nothing is shown where one is started so: the sandboxes', the API's, ``calc`` and ``migrate``.
"""

import atexit
import importlib
import json
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from apps.cli import main

_CHECKOUT = Path(__file__).parents[3]
_READ_BEFORE = (
    "apps.reports",
    "apps.verify.assembling",
    "workers.connecting",
    "workers.model_desk",
    "workers.opening",
)
_READ_FOR = {"api": ("apps.checkout_api.app", "apps.checkout_api.parts")}
"""What a command needs that no other does: read before its first run."""
_ONE_AT_A_TIME = threading.Lock()


def run(
    *, words: Sequence[str], environment: Mapping[str, str], directory: Path
) -> tuple[int, str, str]:
    """Run ``meqenet`` to its end: its exit code, what it said, and what it said to a person.

    Args:
        words: after ``meqenet``.
        environment: all of its environment.
        directory: where its output is kept meanwhile.
    """
    out, err = directory / "out", directory / "err"
    asked = {"words": list(words), "environment": dict(environment), "said": [str(out), str(err)]}
    with _ONE_AT_A_TIME:
        parent = _parent()
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdin.write(json.dumps(asked) + "\n")
        parent.stdin.flush()
        code = int(parent.stdout.readline())
    return code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")


@cache
def _parent() -> subprocess.Popen[str]:
    """It ends with the pipe to it."""
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.apps.cli.forked"],
        cwd=_CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(parent.communicate)
    return parent


def _serve() -> None:
    for module in (*main.COMMANDS.values(), *_READ_BEFORE):
        importlib.import_module(module)
    for line in sys.stdin:
        asked = json.loads(line)
        for module in _READ_FOR.get(asked["words"][0], ()):
            importlib.import_module(module)
        child = os.fork()
        if child == 0:
            os._exit(_lived(asked["words"], asked["environment"], asked["said"]))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - the answer


def _lived(words: Sequence[str], environment: Mapping[str, str], said: Sequence[str]) -> int:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for number, path in enumerate(said, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [main.__file__, *words]
    try:
        main.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter itself would end
        traceback.print_exc()
        code = 1
    else:
        code = 0
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    _serve()
