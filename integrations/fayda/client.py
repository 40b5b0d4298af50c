"""Login at Fayda: eSignet's authorization code flow with PKCE, verified at every step."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import httpx

from integrations.fayda import errors
from integrations.fayda.assertion import ASSERTION_TYPE, client_assertion, pkce_challenge
from integrations.fayda.discovery import PublishedKeys
from integrations.fayda.settings import FaydaSettings, read_private_key
from integrations.fayda.signatures import TokenAnswer, check_id_token, verified_claims
from integrations.fayda.userinfo import open_userinfo
from integrations.fayda.wire import read_claims
from meqenet.errors import MeqenetError, OutcomeUnknown, Unavailable
from meqenet.kyc.fayda import AuthorizationRequest, AuthorizationReturn, IdentityClaims

_TOKENS: Final = ("access_token", "id_token")
_USERINFO_TRIES: Final = 2
"""Reading userinfo changes nothing, and its code is already spent: asking once more is safe."""


class FaydaClient:
    """The :class:`integrations.ports.identity.IdentityProvider` that speaks to Fayda.

    Args:
        settings: where and as whom.
        http: pooled, with timeouts; shared by the process.
        clock: the present, aware UTC.
        jti: a fresh unguessable id for each client assertion.
    """

    def __init__(
        self,
        *,
        settings: FaydaSettings,
        http: httpx.AsyncClient,
        clock: Callable[[], datetime],
        jti: Callable[[], str],
    ) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._jti = jti
        self._key = read_private_key(secret=settings.private_key)
        encryption = settings.encryption_private_key
        self._decryption_key = read_private_key(secret=encryption) if encryption else None
        self._keys = PublishedKeys(jwks_uri=settings.jwks_uri, http=http, clock=clock)

    def authorization_url(self, *, request: AuthorizationRequest) -> str:
        """Where the customer's browser goes to log in and consent (§3.3). No I/O."""
        settings = self._settings
        query = urlencode(
            {
                "client_id": settings.client_id,
                "redirect_uri": settings.redirect_uri,
                "response_type": "code",
                "scope": settings.scope,
                "state": request.state,
                "nonce": request.nonce,
                "acr_values": settings.acr_values,
                "claims": json.dumps({"userinfo": settings.claims, "id_token": {}}),
                "claims_locales": settings.claims_locales,
                "ui_locales": request.ui_locale,
                "display": "page",
                "prompt": "consent",
                "code_challenge": pkce_challenge(verifier=request.code_verifier),
                "code_challenge_method": "S256",
            }
        )
        separator = "&" if "?" in settings.authorization_endpoint else "?"
        return f"{settings.authorization_endpoint}{separator}{query}"

    async def fetch_identity(self, *, returned: AuthorizationReturn) -> IdentityClaims:
        """Exchange the single-use code and read the verified userinfo.

        Raises:
            Refusal: ``identity_login_expired`` or ``identity_claims_missing``.
            Unavailable: Fayda could not be asked; the code is still good.
            OutcomeUnknown: the code may be used up without a result; the customer logs in again.
            Defect: our request was refused, or something signed does not hold.
        """
        await self._keys.prepare()
        tokens = await self._exchange(returned=returned)
        try:
            claims = await self._read_userinfo(tokens=tokens, nonce=returned.nonce)
        except Unavailable as error:  # too late to try later: the code is spent
            raise OutcomeUnknown("fayda_outcome_unknown", error.text) from error
        return read_claims(claims)

    async def _exchange(self, *, returned: AuthorizationReturn) -> TokenAnswer:
        settings = self._settings
        form = {
            "grant_type": "authorization_code",
            "code": returned.code,
            "redirect_uri": settings.redirect_uri,
            "client_id": settings.client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": client_assertion(
                key=self._key,
                client_id=settings.client_id,
                audience=settings.assertion_audience,
                jti=self._jti(),
                at=self._clock(),
                lifetime=timedelta(seconds=settings.assertion_lifetime_seconds),
            ),
            "code_verifier": returned.code_verifier,
        }
        try:
            response = await self._http.post(settings.token_endpoint, data=form)
        except httpx.RequestError as error:
            raise errors.transport_failed(error, doing="exchanging the code") from error
        if response.status_code != httpx.codes.OK:
            raise errors.token_refused(response)
        return _read_tokens(response)

    async def _read_userinfo(self, *, tokens: TokenAnswer, nonce: str) -> dict[str, Any]:
        subject = check_id_token(
            claims=await verified_claims(token=tokens.id_token, keys=self._keys, what="id_token"),
            settings=self._settings,
            nonce=nonce,
            access_token=tokens.access_token,
            now=self._clock(),
        )
        return await open_userinfo(
            body=await self._fetch_userinfo(access_token=tokens.access_token),
            keys=self._keys,
            decryption_key=self._decryption_key,
            subject=subject,
            client_id=self._settings.client_id,
        )

    async def _fetch_userinfo(self, *, access_token: str) -> str:
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/jwt"}
        failure: MeqenetError = errors.unreadable(what="userinfo")
        for _try in range(_USERINFO_TRIES):
            try:
                response = await self._http.get(self._settings.userinfo_endpoint, headers=headers)
            except httpx.RequestError as error:
                failure = errors.transport_failed(error, doing="reading userinfo")
                continue
            if response.status_code == httpx.codes.OK:
                return response.text
            failure = errors.userinfo_refused(response)
            if not isinstance(failure, OutcomeUnknown):
                break
        raise failure


def _read_tokens(response: httpx.Response) -> TokenAnswer:
    try:
        body = response.json()
    except ValueError as error:
        raise errors.unreadable(what="token answer") from error
    tokens = [body.get(name) if isinstance(body, dict) else None for name in _TOKENS]
    access_token, id_token = (token if isinstance(token, str) else "" for token in tokens)
    if not access_token.isascii() or not access_token or not id_token:
        raise errors.unreadable(what="token answer")
    return TokenAnswer(access_token=access_token, id_token=id_token)
