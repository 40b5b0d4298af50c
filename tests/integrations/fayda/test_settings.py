import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import RSAKey
from pydantic import SecretStr, ValidationError

from integrations.fayda.assertion import access_token_hash, client_assertion, pkce_challenge
from integrations.fayda.discovery import differing_settings
from integrations.fayda.settings import FaydaSettings
from meqenet.errors import Unavailable
from tests.integrations.fayda.setting import Setting, as_setting


def settings_of(**values: object) -> FaydaSettings:
    needed = {"client_id": "c", "redirect_uri": "https://shop.example/back"}
    given: dict[str, Any] = {**needed, **values}
    return FaydaSettings(_env_file=None, **given)


def test_a_host_is_enough(stranger: RSAKey) -> None:
    settings = settings_of(base_url="https://esignet.ida.et/", private_key=as_setting(stranger))
    assert settings.issuer == "https://esignet.ida.et/v1/esignet"
    assert settings.authorization_endpoint == "https://esignet.ida.et/authorize"
    assert settings.assertion_audience == "https://esignet.ida.et/v1/esignet/oauth/v2/token"
    assert settings.token_endpoint == settings.assertion_audience
    assert settings.jwks_uri == "https://esignet.ida.et/v1/esignet/oauth/.well-known/jwks.json"


def test_what_is_given_wins(stranger: RSAKey) -> None:
    settings = settings_of(
        base_url="https://esignet.ida.et",
        issuer="https://esignet.ida.et",
        token_endpoint="https://inside/token",  # noqa: S106 - an address
        leeway_seconds=0,
        private_key=as_setting(stranger),
    )
    assert settings.issuer == "https://esignet.ida.et"
    assert settings.assertion_audience == "https://inside/token"
    assert settings.leeway_seconds == 0


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch, stranger: RSAKey) -> None:
    values = {
        "BASE_URL": "https://esignet.ida.et",
        "CLIENT_ID": "from the environment",
        "REDIRECT_URI": "https://shop.example/back",
        "PRIVATE_KEY": as_setting(stranger).get_secret_value(),
        "CLAIMS": '{"name": {"essential": true}}',
    }
    for name, value in values.items():
        monkeypatch.setenv(f"MEQENET_FAYDA_{name}", value)
    settings = FaydaSettings(_env_file=None)
    assert settings.client_id == "from the environment"
    assert settings.claims == {"name": {"essential": True}}
    assert settings.userinfo_endpoint == "https://esignet.ida.et/v1/esignet/oidc/userinfo"


def broken_keys() -> list[str]:
    public = RSAKey.generate_key(2048, auto_kid=True)
    nameless = {k: v for k, v in public.as_dict(private=True).items() if k != "kid"}
    texts = ["{}", '"x"', "[]", json.dumps(public.as_dict(private=False)), json.dumps(nameless)]
    return ["not base64!", *(base64.b64encode(text.encode()).decode() for text in texts)]


def test_a_key_that_is_none_is_refused_without_showing_it() -> None:
    for text in broken_keys():
        with pytest.raises(ValidationError, match="private_key") as refused:
            settings_of(base_url="https://esignet.ida.et", private_key=SecretStr(text))
        assert text not in str(refused.value)


def test_endpoints_must_be_urls(stranger: RSAKey) -> None:
    with pytest.raises(ValidationError, match="jwks_uri"):
        settings_of(
            base_url="https://e.example", jwks_uri="/jwks", private_key=as_setting(stranger)
        )


def test_the_key_is_not_shown(stranger: RSAKey) -> None:
    secret = as_setting(stranger)
    shown = repr(settings_of(base_url="https://e.example", private_key=secret))
    assert secret.get_secret_value()[:40] not in shown


def test_pkce_example_of_rfc_7636() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert pkce_challenge(verifier=verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_at_hash_example_of_openid_connect() -> None:
    """OpenID Connect Core 1.0, appendix A.3 (code id_token token)."""
    example = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
    assert access_token_hash(access_token=example) == "77QmUPtjPfzWtF2AnpK9RQ"


def test_the_assertion_is_short_lived_and_named(stranger: RSAKey) -> None:
    at = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    text = client_assertion(
        key=stranger,
        client_id="c",
        audience="https://e.example/token",
        jti="j-1",
        at=at,
        lifetime=timedelta(seconds=60),
    )
    header = jws.extract_compact(text.encode()).headers()
    assert header == {"alg": "RS256", "typ": "JWT", "kid": stranger.kid}
    claims = jwt.decode(text, stranger, algorithms=["RS256"]).claims
    assert claims == {
        "iss": "c",
        "sub": "c",
        "aud": "https://e.example/token",
        "jti": "j-1",
        "iat": int(at.timestamp()),
        "exp": int(at.timestamp()) + 60,
    }


async def test_metadata_agrees_or_says_where_not(fayda: Setting) -> None:
    assert await differing_settings(settings=fayda.settings(), http=fayda.http) == ()
    await fayda.turn(generation="1.8.0")
    found = await differing_settings(settings=fayda.settings(), http=fayda.http)
    assert found == ("issuer", "jwks_uri")


async def test_metadata_that_is_nowhere(fayda: Setting) -> None:
    settings = fayda.settings(issuer="http://127.0.0.1:9")
    with pytest.raises(Unavailable):
        await differing_settings(settings=settings, http=fayda.http)
