"""Where Fayda is and who we are there. Endpoints are settings because eSignet's generations differ.

Every field is an environment variable ``MEQENET_FAYDA_…`` (providers.md §3.2, §3.5, §3.9).
"""

import base64
import json
from functools import lru_cache
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_ESSENTIAL: Final = {"essential": True}
_VOLUNTARY: Final = {"essential": False}
DEFAULT_CLAIMS: Final = {
    "name": _ESSENTIAL,
    "birthdate": _ESSENTIAL,
    "individual_id": _ESSENTIAL,
    "phone_number": _ESSENTIAL,
    "gender": _VOLUNTARY,
}
"""What a credit agreement needs to know of a person, and no more."""

_PATHS: Final = {
    "issuer": "/v1/esignet",
    "authorization_endpoint": "/authorize",
    "token_endpoint": "/v1/esignet/oauth/v2/token",
    "userinfo_endpoint": "/v1/esignet/oidc/userinfo",
    "jwks_uri": "/v1/esignet/oauth/.well-known/jwks.json",
}
"""Where eSignet 1.4.x keeps what (§3.2)."""


class FaydaSettings(BaseSettings):
    """Endpoints, credentials and the shape of a login."""

    model_config = SettingsConfigDict(
        env_prefix="MEQENET_FAYDA_",
        env_file=".meqenet/env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    base_url: str = ""
    """Fayda's host, ``https://esignet.ida.et``; endpoints that are not given are of 1.4.x there."""
    issuer: str
    """``iss`` of id_tokens: ``https://host/v1/esignet`` (1.4.x) or ``https://host`` (1.8.0)."""
    authorization_endpoint: str
    """The login page, for the customer's browser."""
    token_endpoint: str
    """The v2 endpoint: v1 does not read PKCE's code_verifier (§3.9)."""
    userinfo_endpoint: str
    """Signed claims, for the bearer of an access token."""
    jwks_uri: str
    """Public keys of eSignet and of the identity authority."""
    assertion_audience: str = ""
    """``aud`` of our client assertion; the token endpoint unless told otherwise."""
    client_id: str
    """Our client at Fayda."""
    redirect_uri: str
    """Registered with Fayda, compared exactly."""
    private_key: SecretStr
    """Base64 of a JSON RSA private JWK with ``kid``: signs our client assertions."""
    encryption_private_key: SecretStr | None = None
    """The same form; given when Fayda encrypts our userinfo, which is then the only form taken."""
    scope: str = "openid profile phone"
    """Scopes of the login, separated by spaces."""
    acr_values: str = "mosip:idp:acr:generated-code"
    """How a person may prove who they are: by OTP."""
    claims: dict[str, dict[str, bool]] = DEFAULT_CLAIMS
    """Userinfo claims to ask for, essential or not."""
    claims_locales: str = "en"
    """Languages of claims; with more than one, names arrive as ``name#en``."""
    leeway_seconds: int = Field(default=30, ge=0, le=300)
    """How far Fayda's clock may be from ours."""
    assertion_lifetime_seconds: int = Field(default=60, ge=10, le=300)
    """How long a client assertion is good for."""

    @field_validator("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
    @classmethod
    def _must_be_a_url(cls, url: str) -> str:
        if not url.startswith(("https://", "http://")):
            raise ValueError("must be an http(s) URL")
        return url

    @field_validator("private_key", "encryption_private_key")
    @classmethod
    def _must_be_a_key(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            read_private_key(secret=secret)
        return secret

    @model_validator(mode="before")
    @classmethod
    def _fill_endpoints(cls, values: dict[str, object]) -> dict[str, object]:
        """What is not given follows from the host; the audience from the token endpoint."""
        filled = {name: value for name, value in values.items() if value != ""}
        base_url = str(filled.get("base_url", "")).rstrip("/")
        if base_url:
            filled = {**{name: base_url + path for name, path in _PATHS.items()}, **filled}
        if "token_endpoint" in filled:
            filled.setdefault("assertion_audience", filled["token_endpoint"])
        return filled


def read_private_key(*, secret: SecretStr) -> RSAKey:
    """The key in a setting.

    Raises:
        ValueError: it is not base64 of a JSON RSA private JWK with a ``kid``; the key is not shown.
    """
    try:
        key = _checked_key(secret.get_secret_value())
    except (ValueError, TypeError, KeyError, AttributeError, JoseError) as error:
        raise ValueError(
            f"must be base64 of a JSON RSA private JWK ({type(error).__name__})"
        ) from None
    if not key.is_private or not key.kid:
        raise ValueError("must be a private JWK with a kid")
    return key


@lru_cache(maxsize=8)
def _checked_key(text: str) -> RSAKey:
    """Settings and client both ask for it, and to check its primes takes a while."""
    return RSAKey.import_key(json.loads(base64.b64decode(text)))
