"""Real checks of whether a part can serve, repeated until it can."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import httpx
import psutil

from apps.runtime.child import Child

_EVERY_SECONDS: Final = 0.04
_ANSWER_SECONDS: Final = 2


async def until(check: Callable[[], Awaitable[bool]]) -> None:
    """Repeat the check until it holds; the caller bounds the time."""
    while not await check():  # noqa: ASYNC110 - another process's state has no event to wait on
        await asyncio.sleep(_EVERY_SECONDS)


async def listens(*, child: Child, port: int) -> bool:
    """Whether the child itself listens on the TCP port: an answer alone may be somebody else's."""
    try:
        connections = psutil.Process(child.pid).net_connections(kind="tcp")
    except psutil.NoSuchProcess:
        return False
    return any(
        connection.status == psutil.CONN_LISTEN and connection.laddr[1] == port
        for connection in connections
    )


async def answers(*, url: str) -> bool:
    """Whether the URL answers with a success."""
    try:
        async with httpx.AsyncClient(timeout=_ANSWER_SECONDS, trust_env=False) as client:
            return (await client.get(url)).is_success
    except httpx.TransportError:
        return False


async def printed(*, child: Child, line: Callable[[str], bool]) -> str:
    """The first complete line of the child's output for which ``line`` holds."""
    found: list[str] = []

    async def seen() -> bool:
        complete = child.output().rpartition("\n")[0].splitlines()
        found.extend(text for text in complete if line(text))
        return bool(found)

    await until(seen)
    return found[0]
