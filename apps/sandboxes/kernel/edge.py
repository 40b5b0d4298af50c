"""The ASGI edge of a sandbox: received requests are noted, planned faults are acted out.

A connection is really dropped: the server's protocol puts a function that aborts the TCP transport
into the request's scope (see ``serve.DroppableProtocol``), and this edge calls it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.sandboxes.kernel.clock import Clock
from apps.sandboxes.kernel.faults import DropConnection, EmptyAnswer, FaultAnswer, FaultBoard

CONTROL = "/_sandbox"
DROP_EXTENSION = "sandbox.drop_connection"
_KEPT_REQUESTS = 1000


@dataclass(frozen=True, kw_only=True)
class ReceivedRequest:
    """One request as received. No header, body or query is kept, so no credential is.

    Attributes:
        reference: the order that it was about, as noted by the handler.
        status: what was answered; None when the connection was dropped.
    """

    at: datetime
    method: str
    path: str
    reference: str | None
    status: int | None


class RequestLog:
    """The last requests, oldest first; the control API's own are left out."""

    def __init__(self) -> None:
        self._requests: deque[ReceivedRequest] = deque(maxlen=_KEPT_REQUESTS)

    def note(self, *, request: ReceivedRequest) -> None:
        """Add one."""
        self._requests.append(request)

    def last(self, *, count: int) -> list[ReceivedRequest]:
        """The last ``count`` requests, oldest first."""
        return list(self._requests)[-count:]


def note_reference(*, request: Request, reference: str) -> None:
    """Name the order that a request is about, for the request log."""
    request.state.sandbox_reference = reference


class Edge:
    """Middleware around a provider's routes."""

    def __init__(self, app: ASGIApp, *, faults: FaultBoard, log: RequestLog, clock: Clock) -> None:
        self._app = app
        self._faults = faults
        self._log = log
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; everything under ``/_sandbox`` passes untouched."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        status: int | None = None

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._serve(scope, receive, watch)
        except Exception:
            status = 500  # what the server answers to an error that no handler took
            raise
        finally:
            self._log.note(
                request=ReceivedRequest(
                    at=self._clock(),
                    method=scope["method"],
                    path=scope["path"],
                    reference=scope["state"].get("sandbox_reference"),
                    status=status,
                )
            )

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._faults.down:
            await JSONResponse({"error": "down"}, status_code=503)(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        except FaultAnswer as fault:
            answer = JSONResponse({"error": "planned fault"}, status_code=fault.status)
            await answer(scope, receive, send)
        except EmptyAnswer as fault:
            await Response(status_code=fault.status)(scope, receive, send)
        except DropConnection as fault:
            await _drop(scope, receive, hold=fault.hold)


async def _drop(scope: Scope, receive: Receive, *, hold: timedelta) -> None:
    """Hold the answer until the client leaves or ``hold`` is over, then close the connection."""
    abort: Callable[[], None] | None = scope.get("extensions", {}).get(DROP_EXTENSION)
    if abort is None:
        raise ConnectionResetError("planned fault: connection dropped")
    try:
        await asyncio.wait_for(_left(receive), timeout=hold.total_seconds())
    except TimeoutError:
        abort()
        await _left(receive)


async def _left(receive: Receive) -> None:
    """Return once the client's connection is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
