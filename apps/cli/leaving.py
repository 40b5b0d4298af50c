"""The end of commands that have used Temporal's SDK, or lived a whole runtime."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from rich.console import Console


def leave(*, code: int) -> NoReturn:
    """End the process now, with everything said.

    The SDK's native threads now and then crash an interpreter that takes its time to exit.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def play_out(*, command: str, play: "Callable[[Console], Awaitable[bool]]") -> NoReturn:
    """Play something on a runtime of its own; 0 when all holds, 1 when not, 130 on Ctrl-C."""
    from rich.console import Console  # noqa: PLC0415 - not needed for --help

    from apps.runtime.problems import CannotRun, Interrupted  # noqa: PLC0415 - the same

    console = Console(highlight=False)

    async def run() -> bool:
        return await play(console)

    try:
        holds = asyncio.run(run())
    except Interrupted:
        leave(code=130)
    except CannotRun as problem:
        console.print(f"meqenet {command}: {problem}", style="red", markup=False)
        leave(code=1)
    leave(code=0 if holds else 1)
