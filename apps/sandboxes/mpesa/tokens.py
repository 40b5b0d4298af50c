"""Access tokens: given for the consumer key and secret, good for a while (providers.md 2.1)."""

import base64
import binascii
import hmac
import secrets
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from apps.sandboxes.kernel.assembly import Kernel
from apps.sandboxes.mpesa.answers import BAD_TOKEN, NO_TOKEN, GatewayError
from apps.sandboxes.mpesa.behaviour import Behaviour
from apps.sandboxes.mpesa.credentials import Credentials

_TEXTS = {
    "999991": "Invalid client id passed",
    "999996": "Invalid Authentication passed",
    "999997": "Invalid Authorization Header",
    "999998": "Required parameter [grant_type] is invalid or empty",
}


class Tokens:
    """Tokens that were given out; a restart forgets them, and clients fetch new ones."""

    def __init__(self, *, kernel: Kernel, credentials: Credentials, behaviour: Behaviour) -> None:
        self._kernel = kernel
        self._credentials = credentials
        self._behaviour = behaviour
        self._good_until: dict[str, datetime] = {}

    def issue(self) -> dict[str, str]:
        """A new token; ``expires_in`` is a text on this wire."""
        life = self._behaviour.token_life_seconds
        token = secrets.token_urlsafe(21)
        self._good_until[token] = self._kernel.clock() + timedelta(seconds=life)
        return {"access_token": token, "token_type": "Bearer", "expires_in": str(life)}

    def require(self, *, request: Request) -> None:
        """Turn a request away that brings no token, an unknown or an expired one."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise GatewayError(NO_TOKEN)
        good_until = self._good_until.get(token)
        if good_until is None or self._kernel.clock() >= good_until:
            raise GatewayError(BAD_TOKEN)

    def expire_all(self) -> None:
        """Every token given so far is over."""
        self._good_until.clear()

    def refusal_of(self, *, request: Request) -> str | None:
        """The code with which a token request is refused, if it is."""
        kind, _, sealed = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "basic":
            return "999996"
        try:
            key, _, secret = base64.b64decode(sealed, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "999997"
        if not hmac.compare_digest(key.encode(), self._credentials.consumer_key.encode()):
            return "999991"
        if not hmac.compare_digest(secret.encode(), self._credentials.consumer_secret.encode()):
            return "999997"
        grant = request.query_params.get("grant_type")
        return None if grant == "client_credentials" else "999998"


def routes(*, kernel: Kernel, tokens: Tokens, behaviour: Behaviour) -> APIRouter:
    """The token endpoint, with a GET as documented."""
    router = APIRouter(tags=["token"])

    @router.get("/v1/token/generate")
    async def generate(request: Request) -> JSONResponse:
        faults = kernel.faults.take(operation="token")
        faults.before()
        code = faults.refusal() or tokens.refusal_of(request=request)
        if code is not None:
            refused = {"resultCode": code, "resultDesc": _TEXTS.get(code, "Refused")}
            return JSONResponse(refused, status_code=behaviour.token_error_status)
        issued = tokens.issue()
        faults.after_commit()
        return JSONResponse(issued)

    return router
