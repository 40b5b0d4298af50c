"""Run sandboxes: as a process of their own, or inside a test's own event loop."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, field

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from apps.sandboxes.kernel.edge import CONTROL, DROP_EXTENSION
from apps.sandboxes.kernel.settings import SandboxSettings

_KEEP_ALIVE_S = 75
"""Longer than any client keeps an idle connection, so that no request meets a closing one."""


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """A provider's sandbox, ready to run.

    Attributes:
        credentials: test credentials by the name of the client's setting; PEM texts in full.
    """

    provider: str
    app: FastAPI
    credentials: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class RunningSandbox:
    """Where a running sandbox is."""

    provider: str
    base_url: str
    control_url: str
    credentials: Mapping[str, str] = field(repr=False)


class CannotListen(Exception):
    """A sandbox's port cannot be used; the text names it and says why."""


class DroppableProtocol(H11Protocol):
    """HTTP/1.1 that lets the app abort the connection of a request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows the type the same way
        """Put the transport's ``abort`` into each request's scope."""
        super().connection_made(transport)
        self.app = _droppable(self.app, transport=transport)


def _droppable(app: ASGIApp, *, transport: asyncio.Transport) -> ASGIApp:
    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})[DROP_EXTENSION] = transport.abort
        await app(scope, receive, send)

    return call


class _Server(uvicorn.Server):
    """A server that says when it is ready and leaves signals to its caller."""

    def __init__(self, *, app: FastAPI) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=DroppableProtocol,
                lifespan="on",
                log_config=None,
                access_log=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=2,
            )
        )
        self.ready = asyncio.Event()
        self._stopping = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then set ``ready``."""
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        """Serve until ``stop``; once a second, renew the ``Date`` header."""
        while not await self.on_tick(0):
            try:
                await asyncio.wait_for(self._stopping.wait(), timeout=1)
            except TimeoutError:
                continue

    def stop(self) -> None:
        """End ``main_loop`` at once."""
        self.should_exit = True
        self._stopping.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: ``serve`` has its own handlers, a test keeps its own."""
        yield


@asynccontextmanager
async def running(*, sandbox: Sandbox, port: int = 0) -> AsyncIterator[RunningSandbox]:
    """Run a sandbox in this event loop; port 0 takes any that is free.

    Raises:
        OSError: the port is taken.
    """
    with _listen(port=port) as listener:
        server = _Server(app=sandbox.app)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        ready = asyncio.create_task(server.ready.wait())
        try:
            await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                serving.result()
                raise RuntimeError(f"sandbox {sandbox.provider}: did not start")
            yield _where(sandbox=sandbox, listener=listener)
        finally:
            ready.cancel()
            server.stop()
            await serving


def serve(*, sandboxes: Sequence[tuple[Sandbox, int]], json_line: bool) -> None:
    """Run sandboxes until SIGTERM or SIGINT; each tells on one line where it is.

    Args:
        sandboxes: each with its port; port 0 takes any that is free.
        json_line: the line is for a program and has the test credentials.

    Raises:
        CannotListen: a port cannot be used; none of them runs any more.
    """
    asyncio.run(_serve(sandboxes=sandboxes, json_line=json_line))


async def _serve(*, sandboxes: Sequence[tuple[Sandbox, int]], json_line: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        for sandbox, port in sandboxes:
            try:
                place = await stack.enter_async_context(running(sandbox=sandbox, port=port))
            except OSError as error:
                raise CannotListen(f"port {port} cannot be used: {error.strerror}") from error
            text = json.dumps(asdict(place)) if json_line else _human(place)
            print(text, flush=True)  # noqa: T201 - the command's output
        await stop.wait()


def _listen(*, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((SandboxSettings().host, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def _where(*, sandbox: Sandbox, listener: socket.socket) -> RunningSandbox:
    host, port = listener.getsockname()[:2]
    base_url = f"http://{host}:{port}"
    return RunningSandbox(
        provider=sandbox.provider,
        base_url=base_url,
        control_url=f"{base_url}{CONTROL}",
        credentials=dict(sandbox.credentials),
    )


def _human(place: RunningSandbox) -> str:
    return (
        f"{place.provider} sandbox at {place.base_url}, control API at {place.control_url} "
        "(--json prints the test credentials; Ctrl-C stops)"
    )
