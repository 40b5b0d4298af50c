"""Runs the whole runtime over the stand-in; a process of its own, so that it can be killed."""

import asyncio
import json
import sys
from pathlib import Path

from apps.runtime.addresses import Running
from apps.runtime.problems import CannotRun, Interrupted
from apps.runtime.up import UpOptions, run_up

STAND_IN = Path(__file__).with_name("stand_in.py")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def show(running: Running) -> None:
    say(json.dumps({"data": str(running.directory.root), "api": running.api_url}))
    await asyncio.Event().wait()


def main() -> int:
    data = None if sys.argv[1] == "--ephemeral" else Path(sys.argv[1])
    options = UpOptions(
        data=data,
        ephemeral=data is None,
        automatic_ports=True,
        program=(sys.executable, "-S", "-E", str(STAND_IN)),
        tell=say,
    )
    try:
        asyncio.run(run_up(options=options, on_ready=show))
    except Interrupted:
        return 0
    except CannotRun as problem:
        say(str(problem))
        return problem.exit_code
    return 1


if __name__ == "__main__":
    sys.exit(main())
