"""Where httpx's exceptions and the gateway's codes become the four kinds of error.

Telebirr's code table is in providers.md 1.12; HTTP status decides only where there is no code.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Final

import httpx

from meqenet.errors import Defect, MeqenetError, OutcomeUnknown, Unavailable


class Deed(StrEnum):
    """What is at stake when an answer is lost."""

    ASKS = "asks"
    """A question: whatever goes wrong, nothing has happened."""
    ACTS = "acts"
    """Once sent, it may have been acted upon."""


class AnswerUnreadable(Exception):
    """An answer on which nothing can be built.

    Args:
        reason: what is wrong with it; no private data.
        garbled: it is no message of the gateway at all, rather than a message that lies.
    """

    def __init__(self, reason: str, *, garbled: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.garbled = garbled


OUR_FAULT: Final[Mapping[str, tuple[str, str]]] = {
    "60200099": ("telebirr_signature_refused", "telebirr does not accept our signature"),
    "60200087": ("telebirr_organisation_unknown", "telebirr does not know our appid or short code"),
    "49401024995": ("telebirr_grammar_refused", "telebirr does not accept a field of our request"),
    "49401031101": ("telebirr_credentials_refused", "telebirr does not accept our key and secret"),
}
"""Codes that say that we are wrong, and that therefore nothing happened."""

BUSY: Final = frozenset({"49401024991"})
"""Southbound service unavailable: retryable, says the provider."""

_NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_TURNED_AWAY: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


def of_transport(*, error: httpx.HTTPError, method: str, deed: Deed) -> MeqenetError:
    """The error of a request that got no answer."""
    if deed is Deed.ASKS or isinstance(error, _NEVER_SENT):
        return Unavailable("telebirr_unavailable", f"telebirr cannot be reached for {method}")
    return OutcomeUnknown("telebirr_outcome_unknown", f"{method}: sent, and the answer was lost")


def of_unreadable(*, error: AnswerUnreadable, method: str, deed: Deed) -> MeqenetError:
    """The error of an answer that is garbled, unsigned, tampered with or about something else."""
    text = f"{method}: {error.reason}"
    if deed is Deed.ACTS:
        return OutcomeUnknown("telebirr_outcome_unknown", text)
    if error.garbled:
        return Unavailable("telebirr_unavailable", text)
    return Defect("telebirr_answer_unreadable", text)


def of_code(*, code: str, method: str) -> MeqenetError | None:
    """The error that a gateway code means whatever the method; None for a business code."""
    if code in BUSY:
        return Unavailable("telebirr_unavailable", f"telebirr is busy: {method}")
    if code in OUR_FAULT:
        name, text = OUR_FAULT[code]
        return Defect(name, f"{text}: {method}", facts={"code": code, "method": method})
    return None


def of_status(*, response: httpx.Response, method: str, deed: Deed) -> MeqenetError | None:
    """The error that an HTTP status means where the body holds no usable code."""
    status = response.status_code
    if status in _TURNED_AWAY:
        return Unavailable(
            "telebirr_unavailable",
            f"telebirr is busy: {method}",
            retry_after=_retry_after(response),
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        if deed is Deed.ASKS:
            return Unavailable("telebirr_unavailable", f"{method}: HTTP {status}")
        return OutcomeUnknown("telebirr_outcome_unknown", f"{method}: HTTP {status}")
    return None


def refused(*, code: str, method: str) -> Defect:
    """The error of a business refusal that our side did not expect from this method."""
    return Defect(
        "telebirr_refused",
        f"telebirr refused {method} with code {code}",
        facts={"code": code, "method": method},
    )


def _retry_after(response: httpx.Response) -> timedelta | None:
    seconds = response.headers.get("Retry-After", "")
    return timedelta(seconds=int(seconds)) if seconds.isascii() and seconds.isdigit() else None
