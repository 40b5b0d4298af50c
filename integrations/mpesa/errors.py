"""Foreign failures become ours here: httpx's exceptions and the gateway's error codes.

What moves money and what only asks are told apart: a question whose answer was lost has changed
nothing, so it is ``Unavailable``; a payment whose answer was lost is ``OutcomeUnknown``.
"""

from dataclasses import dataclass, field
from enum import StrEnum

import httpx

from integrations.mpesa.spelling import decode, seconds_of, text_of
from integrations.mpesa.wire import ACCEPTED, NOT_FOUND_CODES
from meqenet.errors import Defect, MeqenetError, OutcomeUnknown, Unavailable

_NOTHING_WAS_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_BUSY = frozenset({429, 503})
_TOKEN_CODES = frozenset({"404.001.03", "401.002.01"})
_PASSWORD_WRONG = "SVC0403"  # noqa: S105 - a code of the gateway
_BAD_PHONE = "400"
_BAD_REQUEST = "400.002.02"
_SYSTEM_ERROR = "500.001.1001"
_MAINTENANCE = "500.002.1001"
_SERVER_ERRORS = "5"
"""Gateway codes begin with the HTTP status that they stand for."""


class Deed(StrEnum):
    """What a request does, and so what a lost answer means."""

    MOVES_MONEY = "moves_money"
    """Push, reversal, B2C: a lost answer leaves the outcome unknown."""
    ASKS = "asks"
    """Token and status: a lost answer has changed nothing."""


class Verdict(StrEnum):
    """What the gateway said at once."""

    ACCEPTED = "accepted"
    """Taken; the final word comes by callback."""
    DUPLICATE = "duplicate"
    """It has this id already; the final word comes by the first request's callback."""
    REFUSED = "refused"
    """Refused for a business reason; nothing has moved."""
    NOT_FOUND = "not_found"
    """It knows no such transaction."""
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - a verdict
    """The access token is wrong or over; nothing else was looked at."""


@dataclass(frozen=True, kw_only=True)
class Acknowledgement:
    """The gateway's immediate answer. ``code`` is its own code when it refused."""

    verdict: Verdict
    code: str | None = None
    fields: dict[str, object] = field(default_factory=dict, repr=False)


def transport_failure(*, error: httpx.RequestError, deed: Deed) -> MeqenetError:
    """What a failed exchange means: certain that nothing was sent, or not."""
    if isinstance(error, _NOTHING_WAS_SENT):
        return Unavailable("mpesa_unreachable", "M-PESA could not be reached; nothing was sent")
    return lost_answer(deed=deed)


def lost_answer(*, deed: Deed) -> MeqenetError:
    """No readable answer came back."""
    if deed is Deed.MOVES_MONEY:
        return OutcomeUnknown(
            "mpesa_outcome_unknown", "M-PESA may have taken the request; its answer was lost"
        )
    return Unavailable("mpesa_unavailable", "M-PESA gave no readable answer to a question")


def busy(*, response: httpx.Response) -> Unavailable | None:
    """503 and 429: the gateway took nothing, and may say when to come back."""
    if response.status_code not in _BUSY:
        return None
    return Unavailable(
        "mpesa_unavailable",
        "M-PESA takes no requests at the moment",
        retry_after=seconds_of(response.headers.get("Retry-After", "")),
    )


def read_answer(*, response: httpx.Response, deed: Deed) -> Acknowledgement:
    """The gateway's immediate word (providers.md 2.2, 2.6).

    Raises:
        Unavailable: busy or under maintenance; nothing happened.
        OutcomeUnknown: a server error, or no readable answer, to what moves money.
        Defect: our credentials, password or grammar were refused.
    """
    if (refusal := busy(response=response)) is not None:
        raise refusal
    fields = decode(response.content) or {}
    error_code = text_of(fields.get("errorCode"))
    if response.status_code == httpx.codes.UNAUTHORIZED:
        return Acknowledgement(verdict=Verdict.TOKEN_REFUSED, code=error_code)
    if error_code:
        message = (text_of(fields.get("errorMessage")) or "").lower()
        return _gateway_error(code=error_code, message=message, deed=deed)
    if response.is_server_error or response.status_code == httpx.codes.REQUEST_TIMEOUT:
        raise lost_answer(deed=deed)
    if code := text_of(fields.get("ResponseCode")):
        return _response_code(code=code, fields=fields)
    if response.is_client_error:
        raise _refused_request(code=str(response.status_code))
    raise lost_answer(deed=deed)


def _response_code(*, code: str, fields: dict[str, object]) -> Acknowledgement:
    if code == ACCEPTED:
        return Acknowledgement(verdict=Verdict.ACCEPTED, fields=fields)
    if code == _PASSWORD_WRONG:
        raise Defect(
            "mpesa_password_refused",
            "M-PESA refused the STK password: check short_code, passkey and password_form",
            facts={"response_code": code},
        )
    if code in NOT_FOUND_CODES:
        return Acknowledgement(verdict=Verdict.NOT_FOUND, code=code)
    return Acknowledgement(verdict=Verdict.REFUSED, code=code)


def _gateway_error(*, code: str, message: str, deed: Deed) -> Acknowledgement:
    if code in _TOKEN_CODES:
        return Acknowledgement(verdict=Verdict.TOKEN_REFUSED, code=code)
    if code in NOT_FOUND_CODES:
        return Acknowledgement(verdict=Verdict.NOT_FOUND, code=code)
    if code == _BAD_PHONE or (code == _BAD_REQUEST and "phone" in message):
        return Acknowledgement(verdict=Verdict.REFUSED, code=code)
    if code == _MAINTENANCE and "duplicate" in message:
        return Acknowledgement(verdict=Verdict.DUPLICATE, code=code)
    if code == _MAINTENANCE:
        raise Unavailable("mpesa_unavailable", "M-PESA is under maintenance")
    if code == _SYSTEM_ERROR and "credential" in message:
        raise Defect(
            "mpesa_credentials_refused",
            "M-PESA refused the short code's credentials",
            facts={"error_code": code},
        )
    if code.startswith(_SERVER_ERRORS):
        raise lost_answer(deed=deed)
    raise _refused_request(code=code)


def _refused_request(*, code: str) -> Defect:
    return Defect(
        "mpesa_request_refused",
        "M-PESA refused the grammar or the rights of a request",
        facts={"error_code": code},
    )
