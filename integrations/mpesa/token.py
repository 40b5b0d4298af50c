"""The access token: fetched when needed, kept for less than its life, renewed once when refused."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import httpx

from integrations.mpesa.errors import Deed, busy, lost_answer, transport_failure
from integrations.mpesa.settings import MpesaSettings
from integrations.mpesa.spelling import decode, seconds_of, text_of
from meqenet.errors import Defect


@dataclass(frozen=True, kw_only=True)
class _Token:
    """A token, not used in the last tenth of its life, so that none expires on the way."""

    text: str
    good_until: datetime


class TokenSource:
    """Access tokens of one application (providers.md 2.1).

    Args:
        settings: base URL, consumer key and secret.
        http: the pooled client.
        clock: gives the present as an aware datetime.
    """

    def __init__(
        self, *, settings: MpesaSettings, http: httpx.AsyncClient, clock: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._lock = asyncio.Lock()
        self._kept: _Token | None = None

    async def token(self, *, refused: str | None = None) -> str:
        """A token that should be good; never ``refused``, the one that was just turned down.

        Raises:
            Unavailable: the token endpoint gave none; nothing else was sent.
            Defect: ``mpesa_credentials_refused``; consumer key or secret is wrong.
        """
        async with self._lock:
            kept = self._kept
            if kept is None or kept.text == refused or self._clock() >= kept.good_until:
                kept = self._kept = await self._fetch()
            return kept.text

    async def _fetch(self) -> _Token:
        asked_at = self._clock()
        try:
            response = await self._http.get(
                f"{self._settings.base_url}/v1/token/generate",
                params={"grant_type": "client_credentials"},
                auth=httpx.BasicAuth(
                    self._settings.consumer_key.get_secret_value(),
                    self._settings.consumer_secret.get_secret_value(),
                ),
                timeout=self._settings.timeout(),
            )
        except httpx.RequestError as error:
            raise transport_failure(error=error, deed=Deed.ASKS) from error
        if (refusal := busy(response=response)) is not None:
            raise refusal
        if response.is_server_error:
            raise lost_answer(deed=Deed.ASKS)
        fields = decode(response.content) or {}
        code = text_of(fields.get("resultCode"))
        if code is not None or response.is_client_error:
            raise Defect(
                "mpesa_credentials_refused",
                "M-PESA gives no token: check consumer_key and consumer_secret",
                facts={"result_code": code or str(response.status_code)},
            )
        text = text_of(fields.get("access_token"))
        life = seconds_of(text_of(fields.get("expires_in")) or "")
        if not response.is_success or not text or life is None:
            raise lost_answer(deed=Deed.ASKS)
        return _Token(text=text, good_until=asked_at + life * 9 / 10)
