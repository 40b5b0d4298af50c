"""Every refusal and failure as problem details (RFC 9457). No private data, no foreign texts."""

from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ConfigDict
from starlette.exceptions import HTTPException

from apps.checkout_api.told import Told
from apps.checkout_api.validation import FieldError, field_errors
from meqenet.errors import Mender, OutcomeUnknown, Refusal, Unavailable

MEDIA_TYPE: Final = "application/problem+json"
_TYPE: Final = "urn:meqenet:problem:"
_RETRY_AFTER: Final = timedelta(seconds=5)
_OF_HTTP: Final = {
    404: ("not_found", "there is nothing at this address"),
    405: ("method_not_allowed", "this address does not take this method"),
    413: ("request_too_large", "the request is larger than this address takes"),
}


class ProblemDetails(Told):
    """The body of every answer that is not a success."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:meqenet:problem:wallet_phone_mismatch",
                    "title": "Wallet phone mismatch",
                    "status": 422,
                    "detail": "wallet.phone: telebirr wallets have a number that starts with 09",
                    "instance": "urn:meqenet:request:req_0d9f5a3c7b1e4f62",
                    "code": "wallet_phone_mismatch",
                    "field": "wallet.phone",
                    "mender": "customer",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    """What is wrong and what to do; may be shown."""
    instance: str
    """Names the request in our log."""
    code: str
    """Stable; programs match on it."""
    field: str | None = None
    """The field of the request at fault, if one is."""
    mender: Mender
    """Who can mend it."""
    errors: list[FieldError] | None = None
    """Each field at fault, where the request does not have its form."""


class Problem(Exception):
    """An answer that is not a success.

    Args:
        status: the HTTP status.
        code: stable snake_case name.
        detail: the field, the rule and what to do.
        mender: who can mend it.
        field: the field of the request at fault, if one is.
        errors: each field at fault.
        retry_after: after what time the same request may do better.
    """

    def __init__(
        self,
        *,
        status: int,
        code: str,
        detail: str,
        mender: Mender = Mender.MERCHANT,
        field: str | None = None,
        errors: Sequence[FieldError] = (),
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.mender = mender
        self.field = field
        self.errors = list(errors)
        self.retry_after = retry_after


def refused(refusal: Refusal, *, field: str | None = None) -> Problem:
    """A rule's no: 422 where a field is at fault, else 409.

    Args:
        refusal: what the rule said.
        field: the field's full name in the request, where the rule only knows a part of it.
    """
    at_fault = field or refusal.field
    return Problem(
        status=422 if at_fault else 409,
        code=refusal.code,
        detail=refusal.text,
        mender=refusal.mender,
        field=at_fault,
    )


def unavailable(error: Unavailable | OutcomeUnknown) -> Problem:
    """A part of ours did not answer: the same request may be sent again, under the same key."""
    wait = error.retry_after if isinstance(error, Unavailable) else None
    return Problem(
        status=503,
        code=error.code,
        detail=f"{error.text}; send the same request again later, with the same Idempotency-Key",
        mender=Mender.MEQENET,
        retry_after=wait or _RETRY_AFTER,
    )


def problem_body(problem: Problem, *, request_id: str) -> dict[str, object]:
    """The JSON object of a problem."""
    return ProblemDetails(
        type=f"{_TYPE}{problem.code}",
        title=problem.code.replace("_", " ").capitalize(),
        status=problem.status,
        detail=problem.detail,
        instance=f"urn:meqenet:request:{request_id}",
        code=problem.code,
        field=problem.field,
        mender=problem.mender,
        errors=problem.errors or None,
    ).model_dump(mode="json", exclude_none=True)


def problem_headers(problem: Problem) -> dict[str, str]:
    """Headers that belong to a problem's status."""
    headers = {}
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if problem.retry_after is not None:
        headers["Retry-After"] = str(max(1, int(problem.retry_after.total_seconds())))
    return headers


def problem_response(problem: Problem, *, request_id: str) -> JSONResponse:
    """The answer that tells a problem."""
    return JSONResponse(
        problem_body(problem, request_id=request_id),
        status_code=problem.status,
        headers=problem_headers(problem),
        media_type=MEDIA_TYPE,
    )


def install(*, app: FastAPI) -> None:
    """Have every anticipated error answered as a problem; see ``request_edge`` for the others."""
    for kind in (Problem, Refusal, Unavailable, OutcomeUnknown):
        app.add_exception_handler(kind, _answer)
    app.add_exception_handler(RequestValidationError, _answer)
    app.add_exception_handler(HTTPException, _answer)


async def _answer(request: Request, error: Exception) -> JSONResponse:
    return problem_response(as_problem(error), request_id=request.state.request_id)


def as_problem(error: Exception) -> Problem:
    """The problem that an anticipated error is.

    Raises:
        TypeError: the error is of another kind.
    """
    match error:
        case Problem():
            return error
        case Refusal():
            return refused(error)
        case Unavailable() | OutcomeUnknown():
            return unavailable(error)
        case RequestValidationError():
            return _invalid(error)
        case HTTPException():
            return _of_http(error)
        case _:
            raise TypeError(f"{type(error).__name__} is no anticipated error")


def _invalid(error: RequestValidationError) -> Problem:
    errors = field_errors(error.errors())
    first = errors[0]
    return Problem(
        status=422,
        code="request_invalid",
        detail="; ".join(f"{found.field}: {found.rule}" for found in errors),
        field=first.field,
        errors=errors,
    )


def _of_http(error: HTTPException) -> Problem:
    code, detail = _OF_HTTP.get(
        error.status_code, ("request_invalid", HTTPStatus(error.status_code).phrase)
    )
    return Problem(status=error.status_code, code=code, detail=detail)


def openapi_responses(*statuses: int) -> dict[int | str, dict[str, object]]:
    """What a route's documentation says of the problems that it answers with."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
        }
        for status in statuses
    }
