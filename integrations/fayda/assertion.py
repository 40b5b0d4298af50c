"""How we prove who we are: ``private_key_jwt`` (RFC 7523) and PKCE (RFC 7636)."""

import base64
import hashlib
from datetime import datetime, timedelta
from typing import Final

from joserfc import jwt
from joserfc.jwk import RSAKey

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def client_assertion(
    *, key: RSAKey, client_id: str, audience: str, jti: str, at: datetime, lifetime: timedelta
) -> str:
    """A short-lived RS256 JWT with ``kid`` and ``jti``, which both eSignet generations accept."""
    issued = int(at.timestamp())
    return jwt.encode(
        {"alg": "RS256", "typ": "JWT", "kid": key.kid},
        {
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "jti": jti,
            "iat": issued,
            "exp": issued + int(lifetime.total_seconds()),
        },
        key,
        algorithms=["RS256"],
    )


def pkce_challenge(*, verifier: str) -> str:
    """``code_challenge`` of method S256: base64url of the verifier's SHA-256 (RFC 7636 §4.2)."""
    return base64url(hashlib.sha256(verifier.encode("ascii")).digest())


def access_token_hash(*, access_token: str) -> str:
    """``at_hash``: the left half of SHA-256, for RS256 and PS256 alike (OIDC Core §3.1.3.6)."""
    return base64url(hashlib.sha256(access_token.encode("ascii")).digest()[:16])


def base64url(data: bytes) -> str:
    """Without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
