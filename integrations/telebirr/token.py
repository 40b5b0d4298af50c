"""The Fabric token: fetched once, used for at most 50 minutes, forgotten when it is refused."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import httpx

from integrations.telebirr.errors import Deed, of_code, of_status, of_transport
from integrations.telebirr.settings import TelebirrSettings
from meqenet.errors import Defect, Unavailable

_METHOD: Final = "applyFabricToken"


class FabricTokens:
    """Tokens of one application, shared by all concurrent calls.

    The dates in Telebirr's answer have no known time zone, and a string of digits is easily read
    as an epoch in the far future; so the answer's dates are ignored (providers.md 1.3).
    """

    def __init__(
        self,
        *,
        settings: TelebirrSettings,
        http: httpx.AsyncClient,
        clock: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._token: str | None = None
        self._use_until = clock()

    async def current(self) -> str:
        """A token to send unchanged as ``Authorization``; it includes the word ``Bearer``.

        Raises:
            Unavailable: no answer, or an unreadable one. Asking for a token changes nothing.
            Defect: our key and secret were refused.
        """
        async with self._one_at_a_time:
            if self._token is None or self._clock() >= self._use_until:
                asked_at = self._clock()
                self._token = await self._fetch()
                life = timedelta(minutes=self._settings.token_life_minutes)
                self._use_until = asked_at + life
            return self._token

    def forget(self, *, refused: str) -> None:
        """Drop the token that was refused, unless another call has replaced it already."""
        if self._token == refused:
            self._token = None

    async def _fetch(self) -> str:
        settings = self._settings
        try:
            response = await self._http.post(
                f"{settings.base_url}/payment/v1/token",
                json={"appSecret": settings.app_secret.get_secret_value()},
                headers={"X-APP-Key": settings.fabric_app_id},
                timeout=httpx.Timeout(settings.timeout_s, connect=settings.connect_timeout_s),
            )
        except httpx.HTTPError as error:
            raise of_transport(error=error, method=_METHOD, deed=Deed.ASKS) from error
        try:
            answer = json.loads(response.content)
        except ValueError:
            answer = None
        fields = answer if isinstance(answer, dict) else {}
        token = fields.get("token")
        if isinstance(token, str) and token:
            return token
        return self._complain(response, code=str(fields.get("errorCode", "")))

    def _complain(self, response: httpx.Response, *, code: str) -> str:
        known = of_code(code=code, method=_METHOD) or of_status(
            response=response, method=_METHOD, deed=Deed.ASKS
        )
        if known is not None:
            raise known
        if response.is_client_error:
            raise Defect(
                "telebirr_credentials_refused",
                f"{_METHOD}: HTTP {response.status_code}",
                facts={"code": code},
            )
        raise Unavailable("telebirr_unavailable", f"{_METHOD}: the answer holds no token")
