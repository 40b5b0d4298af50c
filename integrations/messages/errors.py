"""Where httpx's exceptions and the provider's refusals become the four kinds of error."""

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus

import httpx

from meqenet.errors import Defect, MeqenetError, OutcomeUnknown, Unavailable

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_SECONDS = re.compile(r"[0-9]{1,5}")
_BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_CREDENTIALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class Deed(StrEnum):
    """What is at stake when an answer is lost."""

    ASKS = "asks"
    """A question: whatever goes wrong, nothing has happened."""
    SENDS = "sends"
    """Once sent, the message may be on its way."""


class AnswerUnreadable(Exception):
    """An answer on which nothing can be built; the text says why, without private data."""


def of_transport(*, error: httpx.RequestError, deed: Deed) -> MeqenetError:
    """The error of a request that got no answer."""
    if isinstance(error, _NEVER_SENT):
        return Unavailable(
            "messages_unavailable", "the provider of messages cannot be reached; nothing was sent"
        )
    return lost_answer(deed=deed, reason="the connection was lost")


def lost_answer(*, deed: Deed, reason: str) -> MeqenetError:
    """The error of a request whose answer did not come, or says nothing."""
    if deed is Deed.ASKS:
        return Unavailable("messages_unavailable", f"no answer to a question: {reason}")
    return OutcomeUnknown(
        "message_outcome_unknown", f"the provider may have taken the message: {reason}"
    )


def of_status(*, response: httpx.Response, deed: Deed) -> MeqenetError | None:
    """The error that the HTTP status means; None when the body is the answer."""
    status = response.status_code
    if status in _BUSY:
        wait = _retry_after(response)
        return Unavailable(
            "messages_unavailable",
            "the provider of messages takes no requests now",
            retry_after=wait,
        )
    if status in _CREDENTIALS:
        return _defect(
            "messages_credentials_refused",
            "the provider of messages does not accept our API key",
            response,
        )
    if response.is_server_error or status == HTTPStatus.REQUEST_TIMEOUT:
        return lost_answer(deed=deed, reason=f"HTTP {status}")
    if status == HTTPStatus.CONFLICT:
        return _defect("message_id_reused", "the id stands for another message", response)
    if not response.is_success:
        return _defect(
            "messages_request_refused",
            "the provider of messages does not accept our request",
            response,
        )
    return None


def error_code(*, response: httpx.Response) -> str:
    """The provider's own error code, or an empty text."""
    try:
        body = response.json()
    except ValueError:
        return ""
    error = body.get("error") if isinstance(body, Mapping) else None
    code = error.get("code") if isinstance(error, Mapping) else None
    return code if isinstance(code, str) else ""


def _defect(code: str, text: str, response: httpx.Response) -> Defect:
    facts = {"http_status": str(response.status_code), "code": error_code(response=response)}
    return Defect(code, text, facts=facts)


def _retry_after(response: httpx.Response) -> timedelta | None:
    """Whole seconds, up to a day; an HTTP date or nonsense counts as no wish."""
    match = _SECONDS.fullmatch(response.headers.get("Retry-After", ""))
    return timedelta(seconds=int(match[0])) if match else None
