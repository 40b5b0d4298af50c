"""Token, userinfo, keys and metadata over HTTP (providers.md §3.2, §3.5, §3.6)."""

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from apps.sandboxes.fayda.claims import KNOWN_CLAIMS
from apps.sandboxes.fayda.exchange import ASSERTION_TYPE, Exchange
from apps.sandboxes.fayda.generation import (
    SERVICE_PATH,
    V1_TOKEN_PATH,
    V2_TOKEN_PATH,
    GenerationName,
    Switches,
    issuer,
)
from apps.sandboxes.fayda.logins import Transaction
from apps.sandboxes.fayda.people import Conduct
from apps.sandboxes.fayda.refusals import TokenRefused
from apps.sandboxes.fayda.requests import ACR_VALUES, DISPLAYS, SCOPES
from apps.sandboxes.fayda.signing import SigningKeys
from apps.sandboxes.kernel.faults import FaultAnswer, FaultBoard, Faults

USERINFO_PATH: Final = f"{SERVICE_PATH}/oidc/userinfo"
JWKS_PATH: Final = f"{SERVICE_PATH}/oauth/.well-known/jwks.json"
METADATA_PATHS: Final = (
    f"{SERVICE_PATH}/oidc/.well-known/openid-configuration",
    f"{SERVICE_PATH}/oauth/.well-known/openid-configuration",
    "/.well-known/openid-configuration",
    f"{SERVICE_PATH}/oauth/.well-known/oauth-authorization-server",
)
_LATE_S: Final = 3


class OauthApi:
    """The endpoints that a relying party's server calls."""

    def __init__(
        self, *, exchange: Exchange, keys: SigningKeys, switches: Switches, faults: FaultBoard
    ) -> None:
        self._exchange = exchange
        self._keys = keys
        self._switches = switches
        self._faults = faults

    def routes(self) -> APIRouter:
        """All routes."""
        router = APIRouter(tags=["OIDC"])
        for path in (V1_TOKEN_PATH, V2_TOKEN_PATH):
            router.add_api_route(path, self.token, methods=["POST"])
        router.add_api_route(USERINFO_PATH, self.userinfo, methods=["GET"])
        for path in (JWKS_PATH, "/.well-known/jwks.json"):
            router.add_api_route(path, self.jwks, methods=["GET"])
        for path in METADATA_PATHS:
            router.add_api_route(path, self.metadata, methods=["GET"])
        return router

    async def token(self, request: Request) -> Response:
        """Code for tokens."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        try:
            login = self._exchange.find_login(form=form)
            faults = self._faults.take(operation="token", subject=login.individual_id)
            _before(login, faults=faults)
            tokens = self._exchange.redeem(
                login=login, form=form, base_url=_base_url(request), path=request.url.path
            )
        except TokenRefused as refused:
            body = {"error": refused.error, "error_description": refused.error}
            return JSONResponse(body, status_code=refused.status)
        faults.after_commit()
        return JSONResponse(tokens, headers={"Cache-Control": "no-store"})

    async def userinfo(self, request: Request) -> Response:
        """Signed claims for the bearer."""
        scheme, _, access_token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not access_token:
            return _unauthorized("missing_header")
        grant = self._exchange.find_grant(access_token=access_token)
        if grant is None:
            return _unauthorized("invalid_token")
        faults = self._faults.take(operation="userinfo", subject=grant.login.individual_id)
        faults.before()
        refusal = faults.refusal()
        if refusal is not None:
            return _unauthorized(refusal or "unknown_error")
        if grant.person.conduct is Conduct.USERINFO_LATE:
            await asyncio.sleep(_LATE_S)
        body = self._exchange.userinfo(grant=grant)
        faults.after_commit()
        return Response(body, media_type="application/jwt")

    async def jwks(self) -> dict[str, Any]:
        """Published keys."""
        self._faults.take(operation="jwks").before()
        return self._keys.published()

    async def metadata(self, request: Request) -> dict[str, Any]:
        """The discovery document."""
        self._faults.take(operation="metadata").before()
        base_url = _base_url(request)
        generation = self._switches.generation
        modern = self._switches.generation_name is GenerationName.V1_8
        algorithms = list(generation.assertion_algorithms)
        return {
            "issuer": issuer(base_url=base_url, generation=generation),
            "authorization_endpoint": f"{base_url}/authorize",
            "token_endpoint": base_url + V2_TOKEN_PATH,
            "userinfo_endpoint": base_url + USERINFO_PATH,
            "jwks_uri": base_url + ("/.well-known/jwks.json" if modern else JWKS_PATH),
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": [generation.signature_algorithm],
            "userinfo_signing_alg_values_supported": [generation.signature_algorithm],
            "userinfo_encryption_alg_values_supported": ["RSA-OAEP-256"],
            "userinfo_encryption_enc_values_supported": ["A256GCM"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": algorithms,
            "client_assertion_types_supported": [ASSERTION_TYPE],
            "code_challenge_methods_supported": ["S256"],
            "claims_parameter_supported": True,
            "request_parameter_supported": False,
            "claims_supported": sorted(KNOWN_CLAIMS),
            "claims_locales_supported": ["en", "am"],
            "ui_locales_supported": ["en", "am"],
            "display_values_supported": list(DISPLAYS),
            "acr_values_supported": list(ACR_VALUES),
        }


def _before(login: Transaction, *, faults: Faults) -> None:
    """Planned faults, and 503 to the first token request of the person who is known for that."""
    faults.before()
    refusal = faults.refusal()
    if refusal is not None:
        raise TokenRefused(refusal or "invalid_input")
    first, login.token_asked = not login.token_asked, True
    if first and login.person is not None and login.person.conduct is Conduct.TOKEN_BUSY_ONCE:
        raise FaultAnswer(status=503)


def _unauthorized(error: str) -> Response:
    """401 with an empty body (§3.6)."""
    return Response(status_code=401, headers={"WWW-Authenticate": f'error="{error}"'})


def _base_url(request: Request) -> str:
    return str(request.base_url).rstrip("/")
