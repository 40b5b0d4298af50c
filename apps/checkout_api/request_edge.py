"""The outermost layer: each request gets an id, one log line, and an answer whatever happens.

The line names the route, not the address, so no secret path, query or private word is in it.
"""

import logging
import secrets
import time
import traceback
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.checkout_api.problems import Problem, problem_response
from meqenet.disputes.evidence import FILE_BYTES_MAX
from meqenet.errors import Defect, Mender

REQUEST_ID_HEADER: Final = "X-Request-Id"
BODY_BYTES_MAX: Final = 64 * 1024
"""Larger than any request of ours or callback of a provider's."""
EVIDENCE_PATH: Final = "/evidence"
"""How the address ends where files are brought in."""
_ID_BYTES: Final = 10
_SERVER_ERROR: Final = 500
_log = logging.getLogger("meqenet.api")


class RequestEdge:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = f"req_{secrets.token_hex(_ID_BYTES)}"
        scope.setdefault("state", {})["request_id"] = request_id
        status: int | None = None

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], (b"x-request-id", request_id.encode())]
                message = {**message, "headers": headers}
            await send(message)

        started = time.perf_counter_ns()
        try:
            await self._app(scope, _limited(receive, most=_body_bytes_max(scope)), named)
        except Exception as error:  # noqa: BLE001 - the last edge: everything is answered and told
            _tell(error, request_id=request_id)
            if status is None:
                answer = problem_response(_unexpected(), request_id=request_id)
                await answer(scope, receive, named)
        finally:
            _note(scope, status=status, took_ns=time.perf_counter_ns() - started)


def _body_bytes_max(scope: Scope) -> int:
    """Files alone are larger, and only where they are evidence."""
    is_file = scope["method"] == "POST" and scope["path"].endswith(EVIDENCE_PATH)
    return FILE_BYTES_MAX + BODY_BYTES_MAX if is_file else BODY_BYTES_MAX


def _limited(receive: Receive, *, most: int) -> Receive:
    """The same, but no more than a request of ours can need."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise HTTPException(status_code=413)
        return message

    return counted


def _unexpected() -> Problem:
    return Problem(
        status=_SERVER_ERROR,
        code="unexpected",
        detail="something went wrong on our side; tell us the instance and we find it in our log",
        mender=Mender.MEQENET,
    )


def _tell(error: Exception, *, request_id: str) -> None:
    """Where it happened and of what kind. Only our own errors' texts hold no private data."""
    what = f"{error.code}: {error.text}" if isinstance(error, Defect) else type(error).__name__
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error("request=%s failed unexpectedly: %s\n%s", request_id, what, frames)


def _note(scope: Scope, *, status: int | None, took_ns: int) -> None:
    state = scope["state"]
    _log.info(
        "%s %s %s %dms request=%s merchant=%s",
        scope["method"],
        getattr(scope.get("route"), "path", "(no route)"),
        status or "(no answer)",
        took_ns // 1_000_000,
        state["request_id"],
        state.get("merchant_id", "-"),
    )
