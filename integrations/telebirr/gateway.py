"""One signed call to the Fabric gateway and its verified answer (providers.md 1.4)."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Final

import httpx

from integrations.telebirr.errors import (
    AnswerUnreadable,
    Deed,
    of_code,
    of_status,
    of_transport,
    of_unreadable,
)
from integrations.telebirr.settings import TelebirrSettings
from integrations.telebirr.signing import (
    SIGN_TYPE,
    canonical_string,
    load_private_key,
    load_public_key,
    sign,
    verifies,
)
from integrations.telebirr.token import FabricTokens
from meqenet.errors import Unavailable

_CODES_OK: Final = frozenset({"0", "00000"})


@dataclass(frozen=True, kw_only=True)
class Call:
    """What is asked of the gateway, and what is at stake when its answer is lost."""

    path: str
    method: str
    biz: Mapping[str, object]
    deed: Deed


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A verified answer.

    Attributes:
        ok: ``SUCCESS``; otherwise the provider refused for the business reason ``code``.
        biz: ``biz_content``, empty when there is none; numbers are Decimal.
    """

    ok: bool
    code: str
    biz: Mapping[str, object]


@contextmanager
def reading(*, call: Call) -> Iterator[None]:
    """Read a reply; what cannot be read becomes the error that fits what is at stake.

    Raises:
        OutcomeUnknown, Unavailable, Defect: see ``of_unreadable``.
    """
    try:
        yield
    except AnswerUnreadable as error:
        raise of_unreadable(error=error, method=call.method, deed=call.deed) from error


class FabricGateway:
    """Signs, sends once, verifies. Nothing is sent twice, except after a refused token."""

    def __init__(
        self,
        *,
        settings: TelebirrSettings,
        http: httpx.AsyncClient,
        clock: Callable[[], datetime],
        nonce: Callable[[], str],
    ) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._nonce = nonce
        self._tokens = FabricTokens(settings=settings, http=http, clock=clock)
        self._private_key = load_private_key(text=settings.private_key.get_secret_value())
        self._sp_public_key = load_public_key(text=settings.sp_public_key)
        self._timeout = httpx.Timeout(settings.timeout_s, connect=settings.connect_timeout_s)

    async def send(self, *, call: Call) -> Reply:
        """Send one call.

        A 401 means that the token was refused before anything was looked at, so after one the
        call goes out once more under a new token, freshly signed.

        Raises:
            Unavailable, OutcomeUnknown, Defect: as the port promises.
        """
        for _ in range(2):
            token = await self._tokens.current()
            response = await self._post(call, token=token)
            if response.status_code != HTTPStatus.UNAUTHORIZED:
                return self._read(response, call=call)
            self._tokens.forget(refused=token)
        raise Unavailable("telebirr_token_refused", f"{call.method}: a fresh token was refused")

    def signed(self, *, fields: Mapping[str, str]) -> dict[str, str]:
        """Add our ``sign`` to fields that travel in a URL (``rawRequest``)."""
        text = canonical_string(message=fields)
        return {**fields, "sign": sign(text=text, private_key=self._private_key)}

    def stamp(self) -> dict[str, str]:
        """``timestamp`` in epoch seconds and a fresh ``nonce_str``."""
        return {"timestamp": str(int(self._clock().timestamp())), "nonce_str": self._nonce()}

    async def _post(self, call: Call, *, token: str) -> httpx.Response:
        settings = self._settings
        message: dict[str, object] = {
            **self.stamp(),
            "method": call.method,
            "version": "1.0",
            "biz_content": call.biz,
        }
        text = canonical_string(message=message, nested=settings.nested_signing)
        message["sign"] = sign(text=text, private_key=self._private_key)
        message["sign_type"] = SIGN_TYPE
        try:
            return await self._http.post(
                f"{settings.base_url}{call.path}",
                json=message,
                headers={"X-APP-Key": settings.fabric_app_id, "Authorization": token},
                timeout=self._timeout,
            )
        except httpx.HTTPError as error:
            raise of_transport(error=error, method=call.method, deed=call.deed) from error

    def _read(self, response: httpx.Response, *, call: Call) -> Reply:
        try:
            fields = _fields(response)
            code = str(fields.get("errorCode") or fields.get("code") or "")
            known = of_code(code=code, method=call.method)
            if known is not None:
                raise known
            self._verify(fields)
        except AnswerUnreadable as error:
            known = of_status(response=response, method=call.method, deed=call.deed)
            raise known or of_unreadable(error=error, method=call.method, deed=call.deed) from error
        biz = fields.get("biz_content")
        ok = fields.get("result") == "SUCCESS" and code in _CODES_OK
        return Reply(ok=ok, code=code, biz=biz if isinstance(biz, Mapping) else {})

    def _verify(self, fields: Mapping[str, object]) -> None:
        """Nothing is believed about money that Telebirr has not signed."""
        signature = fields.get("sign")
        if not isinstance(signature, str):
            raise AnswerUnreadable("the answer is not signed")
        try:
            text = canonical_string(message=fields, nested=self._settings.nested_signing)
        except ValueError as error:
            raise AnswerUnreadable(f"the answer cannot be verified: {error}") from error
        if not verifies(text=text, signature=signature, public_key=self._sp_public_key):
            raise AnswerUnreadable("the answer's signature is not telebirr's")


def _fields(response: httpx.Response) -> dict[str, object]:
    try:
        fields = json.loads(response.content, parse_float=Decimal)
    except ValueError:
        raise AnswerUnreadable("the answer is no JSON", garbled=True) from None
    if not isinstance(fields, dict):
        raise AnswerUnreadable("the answer is no JSON object", garbled=True)
    return fields
