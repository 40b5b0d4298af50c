"""Immediate answers of the gateway: accepted, refused in the answer's own shape, gateway errors."""

import re
import secrets

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

BAD_REQUEST = "400.002.02"
BAD_PHONE = "400"
NO_RIGHTS = "403.001.01"
NO_TOKEN = "401.002.01"  # noqa: S105 - an error code
BAD_TOKEN = "404.001.03"  # noqa: S105 - an error code
NO_TRANSACTION = "404.002.01"
"""This sandbox's own: what the gateway says of an unknown transaction is not documented."""
NO_RESOURCE = "404.001.01"
SYSTEM_ERROR = "500.001.1001"
MAINTENANCE = "500.002.1001"

_MESSAGES = {
    BAD_REQUEST: "Bad Request - Invalid Request",
    BAD_PHONE: "Bad Request - Invalid PhoneNumber",
    NO_RIGHTS: "Access denied",
    NO_TOKEN: "Invalid Access Token",
    BAD_TOKEN: "Invalid Access Token",
    NO_TRANSACTION: "Transaction not found",
    NO_RESOURCE: "Resource not found",
    SYSTEM_ERROR: "Internal server error",
    MAINTENANCE: "Service is currently under maintenance",
}
_GATEWAY_CODE = re.compile(r"400|[45]\d{2}\.\d{3}\.\d{2,4}")


class GatewayError(Exception):
    """The gateway turns a request away with ``{requestId, errorCode, errorMessage}``."""

    def __init__(self, code: str, message: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message or _MESSAGES.get(code, "Request refused")


class Refused(Exception):
    """The request is refused in the shape of its answer, with a ResponseCode other than 0."""

    def __init__(self, code: str, description: str = "The service request has failed") -> None:
        super().__init__(code)
        self.code = code
        self.description = description


def refusal(code: str) -> GatewayError | Refused:
    """A refusal planned by a test, in the shape to which its code belongs."""
    return GatewayError(code) if _GATEWAY_CODE.fullmatch(code) else Refused(code or "1")


def accepted_conversation(*, originator_id: str, conversation_id: str) -> dict[str, str]:
    """The answer to B2C, status, reversal and balance (providers.md 2.6)."""
    return {
        "ConversationID": conversation_id,
        "OriginatorConversationID": originator_id,
        "ResponseCode": "0",
        "ResponseDescription": "Accept the service request successfully.",
    }


def accepted_push(*, merchant_request_id: str, checkout_request_id: str) -> dict[str, str]:
    """The answer to an STK push (providers.md 2.2)."""
    return {
        "MerchantRequestID": merchant_request_id,
        "CheckoutRequestID": checkout_request_id,
        "ResponseCode": "0",
        "ResponseDescription": "Success. Request accepted for processing",
        "CustomerMessage": "Success. Request accepted for processing",
    }


def install(*, app: FastAPI) -> None:
    """Answer both kinds of refusal."""

    async def gateway_error(_request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, GatewayError):
            raise error
        body = {
            "requestId": secrets.token_hex(8),
            "errorCode": error.code,
            "errorMessage": error.message,
        }
        return JSONResponse(body, status_code=int(error.code[:3]))

    async def refused(_request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, Refused):
            raise error
        return JSONResponse({"ResponseCode": error.code, "ResponseDescription": error.description})

    app.add_exception_handler(GatewayError, gateway_error)
    app.add_exception_handler(Refused, refused)
