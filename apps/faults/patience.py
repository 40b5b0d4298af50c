"""How a good integration waits out our faults: the same request again, under the same key."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import httpx
from temporalio.service import RPCError
from typing_extensions import override

from meqenet.errors import Unavailable

T = TypeVar("T")
_PAUSE_MS: Final = 300
_MS: Final = 1000
_TIMES_MAX: Final = 200
"""A minute: longer than any part of the house takes to come back."""
_AWAY: Final = (Unavailable, RPCError, OSError)


class PatientTransport(httpx.AsyncBaseTransport):
    """To our own API: whatever gets no answer, or 503, is sent again for a minute."""

    def __init__(self) -> None:
        self._plain = httpx.AsyncHTTPTransport()

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send until it is answered."""
        body = await request.aread()
        for times in range(_TIMES_MAX):
            is_last = times == _TIMES_MAX - 1
            again = httpx.Request(
                request.method,
                request.url,
                headers=request.headers,
                content=body,
                extensions=request.extensions,
            )
            try:
                response = await self._plain.handle_async_request(again)
            except httpx.TransportError:
                if is_last:
                    raise
            else:
                if response.status_code != httpx.codes.SERVICE_UNAVAILABLE or is_last:
                    return response
                await response.aclose()
            await asyncio.sleep(_PAUSE_MS / _MS)
        raise AssertionError("the last time returns or raises")

    @override
    async def aclose(self) -> None:
        """Close every connection."""
        await self._plain.aclose()


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask a store or Temporal again for as long as it is away, a minute at most."""
    for _ in range(_TIMES_MAX):
        try:
            return await ask()
        except _AWAY:
            await asyncio.sleep(_PAUSE_MS / _MS)
    return await ask()


async def until(holds: Callable[[], Awaitable[bool]], *, seconds_max: int) -> bool:
    """Ask again and again; False when it has not come to hold in time."""
    try:
        async with asyncio.timeout(seconds_max):
            while not await holds():  # noqa: ASYNC110 - other processes set no event
                await asyncio.sleep(_PAUSE_MS / _MS)
    except TimeoutError:
        return False
    return True
