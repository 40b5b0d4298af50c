"""Waiting for a condition of something that cannot tell us when it holds."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(
    ask: Callable[[], Awaitable[T]], holds: Callable[[T], bool], *, seconds_max: int = 60
) -> T:
    """Ask again and again until the answer holds; TimeoutError when it does not come to."""
    async with asyncio.timeout(seconds_max):
        while not holds(answer := await ask()):  # noqa: ASYNC110 - other processes set no event
            await asyncio.sleep(0.02)
    return answer
