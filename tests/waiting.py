"""Waiting for a condition of something that cannot tell us when it holds."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
_WAIT_SECONDS_MIN = 0.02
_WAIT_SECONDS_MAX = 0.2


async def eventually(
    ask: Callable[[], Awaitable[T]], holds: Callable[[T], bool], *, seconds_max: int = 60
) -> T:
    """Ask ever more rarely until the answer holds; TimeoutError when it does not come to."""
    wait = _WAIT_SECONDS_MIN
    async with asyncio.timeout(seconds_max):
        while not holds(answer := await ask()):
            await asyncio.sleep(wait)
            wait = min(1.3 * wait, _WAIT_SECONDS_MAX)
    return answer
