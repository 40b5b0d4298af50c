"""Listen for HTTP until told to stop; requests that are under way are finished first."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI
from typing_extensions import override

_KEEP_ALIVE_SECONDS: Final = 75
"""Longer than clients and proxies keep an idle connection, so that none meets a closing one."""
_FINISH_SECONDS_MAX: Final = 15
_WAITING_CONNECTIONS_MAX: Final = 512


class _Server(uvicorn.Server):
    """Leaves signals to its caller, and says when it serves."""

    def __init__(self, *, app: FastAPI, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,  # ours names no query and no secret path
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=_FINISH_SECONDS_MAX,
            )
        )
        self._on_ready = on_ready

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self._on_ready()

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def serve(
    *,
    app: FastAPI,
    host: str,
    port: int,
    stop: asyncio.Event,
    on_ready: Callable[[str], None],
) -> None:
    """Serve until ``stop`` is set.

    Args:
        app: the application.
        host: the address to listen on.
        port: 0 takes any that is free.
        stop: ends it; requests under way are finished first.
        on_ready: called with the base URL once connections are taken.

    Raises:
        OSError: the address or the port cannot be used.
    """
    with _listen(host=host, port=port) as listener:
        url = _url(listener)
        server = _Server(app=app, on_ready=lambda: on_ready(url))

        async def end() -> None:
            await stop.wait()
            server.should_exit = True

        ending = asyncio.create_task(end())
        try:
            await server.serve(sockets=[listener])
        finally:
            ending.cancel()


def _listen(*, host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=_WAITING_CONNECTIONS_MAX)


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
