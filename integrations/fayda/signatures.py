"""Verification of what Fayda signs; the algorithm is ours to allow, never the token's to choose."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import ClaimError, JoseError
from joserfc.jwk import RSAKey

from integrations.fayda.assertion import access_token_hash
from integrations.fayda.discovery import PublishedKeys
from integrations.fayda.errors import distrusted
from integrations.fayda.settings import FaydaSettings

SIGNATURE_ALGORITHMS: Final = ("RS256", "PS256")
"""RS256 in 1.4.x; 1.8.0 advertises PS256 (§3.9)."""


class _Registry(jws.JWSRegistry):
    """eSignet may put its certificate chain into the header, and a portrait into the payload."""

    max_header_length = 16 * 1024
    max_payload_length = 1024 * 1024


_REGISTRY: Final = _Registry(algorithms=SIGNATURE_ALGORITHMS, strict_check_header=False)


@dataclass(frozen=True, kw_only=True, repr=False)
class TokenAnswer:
    """Tokens of one login; secret."""

    access_token: str
    id_token: str


async def verified_claims(*, token: str, keys: PublishedKeys, what: str) -> dict[str, Any]:
    """The payload of a compact JWS that a published key has signed.

    Raises:
        Defect: it is no such thing.
        Unavailable: an unknown key had to be looked up and could not.
    """
    try:
        header = jws.extract_compact(token.encode(), registry=_REGISTRY).headers()
    except (JoseError, ValueError) as error:
        raise distrusted(what=what, why="it is no signed token") from error
    if header.get("alg") not in SIGNATURE_ALGORITHMS:
        raise distrusted(what=what, why="its algorithm is not allowed")
    key = await keys.key(kid=header.get("kid"))
    return _verify(token, key=key, what=what)


def check_id_token(
    *, claims: dict[str, Any], settings: FaydaSettings, nonce: str, access_token: str, now: datetime
) -> str:
    """Check ``iss``, ``aud``, ``exp``, ``iat``, ``nonce`` and ``at_hash``; return ``sub``.

    Raises:
        Defect: ``fayda_not_trusted`` naming the claim that does not hold.
    """
    registry = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=settings.leeway_seconds,
        iss={"essential": True, "value": settings.issuer},
        aud={"essential": True, "value": settings.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
        at_hash={"essential": True, "value": access_token_hash(access_token=access_token)},
    )
    try:
        registry.validate(claims)
    except ClaimError as error:
        raise distrusted(what="id_token", why=error.claim) from None
    return str(claims["sub"])


def _verify(token: str, *, key: RSAKey, what: str) -> dict[str, Any]:
    try:
        verified = jws.deserialize_compact(
            token.encode(), key, algorithms=SIGNATURE_ALGORITHMS, registry=_REGISTRY
        )
        claims = json.loads(verified.payload or b"")
    except (JoseError, ValueError) as error:
        raise distrusted(what=what, why="its signature") from error
    if not isinstance(claims, dict):
        raise distrusted(what=what, why="it holds no claims")
    return claims
