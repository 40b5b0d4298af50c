"""Fayda's published keys and metadata."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from integrations.fayda.errors import distrusted, transport_failed
from integrations.fayda.settings import FaydaSettings
from meqenet.errors import Defect, Unavailable

METADATA_PATHS: Final = (
    "/v1/esignet/oidc/.well-known/openid-configuration",
    "/v1/esignet/oauth/.well-known/openid-configuration",
    "/.well-known/openid-configuration",
)
"""Where the metadata has been seen (§3.2), in the order in which they are asked."""
_KEPT_FOR: Final = timedelta(hours=1)
_COMPARED: Final = (
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
)


class PublishedKeys:
    """The JWKS, kept for an hour, so that a withdrawn key is not trusted for long.

    It is fetched again once when a signature names a key that is not in it.
    """

    def __init__(
        self, *, jwks_uri: str, http: httpx.AsyncClient, clock: Callable[[], datetime]
    ) -> None:
        self._jwks_uri = jwks_uri
        self._http = http
        self._clock = clock
        self._keys: tuple[RSAKey, ...] = ()
        self._fetched_at: datetime | None = None
        self._fetching = asyncio.Lock()

    async def prepare(self) -> None:
        """Have keys at hand before a single-use code is spent.

        Raises:
            Unavailable: the keys cannot be fetched now; nothing else has happened.
            Defect: what is published is no key set.
        """
        async with self._fetching:
            if self._fetched_at is None or self._clock() - self._fetched_at > _KEPT_FOR:
                await self._fetch()

    async def key(self, *, kid: str | None) -> RSAKey:
        """The key of this id; without an id, the only key that there is.

        Raises:
            Defect: no such key is published, even after asking again.
            Unavailable: asking again failed.
        """
        found = self._find(kid=kid)
        if found is None:
            async with self._fetching:
                await self._fetch()
            found = self._find(kid=kid)
        if found is None:
            raise distrusted(what="signature", why="its key is not published")
        return found

    def _find(self, *, kid: str | None) -> RSAKey | None:
        if kid is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.kid == kid), None)

    async def _fetch(self) -> None:
        document = await _fetch_document(self._http, url=self._jwks_uri, doing="fetching the JWKS")
        published = document.get("keys")
        if not isinstance(published, list):
            raise Defect("fayda_jwks", "Fayda's jwks_uri does not hold a key set")
        try:
            self._keys = tuple(
                RSAKey.import_key(jwk)
                for jwk in published
                if jwk.get("kty") == "RSA" and jwk.get("use") != "enc"
            )
        except (JoseError, ValueError, TypeError, AttributeError) as error:
            raise Defect("fayda_jwks", "Fayda's key set holds a malformed key") from error
        self._fetched_at = self._clock()


async def differing_settings(
    *, settings: FaydaSettings, http: httpx.AsyncClient
) -> tuple[str, ...]:
    """Names of settings that disagree with Fayda's metadata: a cross-check for operators.

    Settings win all the same, because a deployment may publish addresses that only its own
    network knows.

    Raises:
        Unavailable: no metadata can be fetched.
    """
    parts = urlsplit(settings.issuer)
    for path in METADATA_PATHS:
        url = f"{parts.scheme}://{parts.netloc}{path}"
        try:
            document = await _fetch_document(http, url=url, doing="fetching the metadata")
        except Defect:  # this path is not served here; the next may be
            continue
        return tuple(name for name in _COMPARED if document.get(name) != getattr(settings, name))
    raise Unavailable("fayda_unavailable", "Fayda's metadata is at none of the known paths")


async def _fetch_document(http: httpx.AsyncClient, *, url: str, doing: str) -> Mapping[str, object]:
    """A public JSON object. Reading it changes nothing, so a lost answer is Unavailable."""
    try:
        response = await http.get(url, headers={"Accept": "application/json"})
    except httpx.RequestError as error:
        text = str(transport_failed(error, doing=doing))
        raise Unavailable("fayda_unavailable", text) from error
    if response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise Unavailable("fayda_unavailable", f"{doing}: HTTP {response.status_code}")
    try:
        document = response.json() if response.is_success else None
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Defect(
            "fayda_settings", f"{doing}: no JSON document there (HTTP {response.status_code})"
        )
    return document
