"""Token, userinfo, keys and metadata as any third-party client meets them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from integrations.fayda.assertion import ASSERTION_TYPE, client_assertion
from integrations.fayda.settings import read_private_key
from tests.integrations.fayda.setting import REDIRECT_URI, REQUEST, Setting

V1 = "/v1/esignet/oauth/token"
V2 = "/v1/esignet/oauth/v2/token"
Form = dict[str, str]


async def form_of(fayda: Setting, *, path: str = V2, with_pkce: bool = True) -> Form:
    url = httpx.URL(fayda.client().authorization_url(request=REQUEST))
    if not with_pkce:
        url = url.copy_remove_param("code_challenge").copy_remove_param("code_challenge_method")
    answer = await fayda.control("/login", authorization_url=str(url), fan="6000000000000011")
    return {
        "grant_type": "authorization_code",
        "code": httpx.URL(answer["redirect_to"]).params["code"],
        "redirect_uri": REDIRECT_URI,
        "client_id": fayda.sandbox.credentials["client_id"],
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion(fayda, path=path),
        "code_verifier": REQUEST.code_verifier,
    }


def assertion(fayda: Setting, *, path: str = V2, **changes: object) -> str:
    values: dict[str, Any] = {
        "key": read_private_key(secret=fayda.settings().private_key),
        "client_id": fayda.sandbox.credentials["client_id"],
        "audience": fayda.sandbox.base_url + path,
        "jti": f"jti-{next(fayda.ids)}",
        "at": fayda.clock(),
        "lifetime": timedelta(seconds=60),
        **changes,
    }
    return client_assertion(**values)


async def exchange(fayda: Setting, form: Form, *, path: str = V2) -> httpx.Response:
    return await fayda.http.post(fayda.sandbox.base_url + path, data=form)


async def test_tokens_are_what_the_documents_say(fayda: Setting) -> None:
    answer = await exchange(fayda, await form_of(fayda))
    assert answer.status_code == 200
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
    assert "refresh_token" not in body
    keys = (await fayda.http.get(f"{fayda.sandbox.base_url}/.well-known/jwks.json")).json()
    esignet = RSAKey.import_key(keys["keys"][0])
    access = jwt.decode(body["access_token"], esignet, algorithms=["RS256"]).claims
    identity = jwt.decode(body["id_token"], esignet, algorithms=["RS256"]).claims
    assert {"iss", "sub", "aud", "iat", "exp", "scope", "client_id"} <= set(access)
    assert set(identity) == {
        *("iss", "sub", "aud", "iat", "exp", "auth_time", "nonce", "acr", "at_hash")
    }
    assert identity["acr"] == "mosip:idp:acr:generated-code"
    assert not any("d" in key or "p" in key for key in keys["keys"])


Broken = Callable[[Setting, Form], Form]


def change(**values: str) -> Broken:
    return lambda _fayda, form: {**form, **values}


def assert_with(**changes: str) -> Broken:
    return lambda fayda, form: {
        **form,
        "client_assertion": assertion(fayda, path=V2, **changes),
    }


def audience(path: str) -> Broken:
    return lambda fayda, form: {**form, "client_assertion": assertion(fayda, path=path)}


def made(*, ago_seconds: int) -> Broken:
    def broken(fayda: Setting, form: Form) -> Form:
        at = fayda.clock() - timedelta(seconds=ago_seconds)
        return {**form, "client_assertion": assertion(fayda, at=at)}

    return broken


REFUSED: dict[str, tuple[Broken, tuple[int, str], tuple[int, str]]] = {
    "grant type": (
        change(grant_type="password"),
        (400, "invalid_grant_type"),
        (400, "invalid_grant_type"),
    ),
    "no code": (change(code=""), (400, "invalid_input"), (400, "invalid_input")),
    "bad code": (change(code="x"), (400, "invalid_transaction"), (400, "invalid_grant")),
    "assertion type": (
        change(client_assertion_type="jwt"),
        (400, "invalid_assertion_type"),
        (400, "invalid_assertion_type"),
    ),
    "other client": (
        change(client_id="other"),
        (400, "invalid_client_id"),
        (400, "invalid_client_id"),
    ),
    "other address": (
        change(redirect_uri=f"{REDIRECT_URI}/"),
        (400, "invalid_redirect_uri"),
        (400, "invalid_redirect_uri"),
    ),
    "no verifier": (
        change(code_verifier=""),
        (500, "invalid_pkce_code_verifier"),
        (400, "invalid_grant"),
    ),
    "other verifier": (
        change(code_verifier="w" * 43),
        (500, "pkce_failed"),
        (400, "invalid_grant"),
    ),
    "no token": (
        change(client_assertion="x"),
        (400, "invalid_assertion"),
        (400, "invalid_client"),
    ),
    "wrong issuer": (
        assert_with(client_id="other"),
        (400, "invalid_assertion"),
        (400, "invalid_client"),
    ),
    "wrong audience": (audience(V1), (400, "invalid_assertion"), (400, "invalid_client")),
    "no jti": (assert_with(jti=""), (400, "invalid_assertion"), (400, "invalid_client")),
    "expired": (made(ago_seconds=66), (400, "invalid_assertion"), (400, "invalid_client")),
}


@pytest.mark.parametrize("generation", ["1.4.x", "1.8.0"])
@pytest.mark.parametrize("case", REFUSED)
async def test_refused_in_the_words_of_each_generation(
    fayda: Setting, case: str, generation: str
) -> None:
    await fayda.turn(generation=generation)
    broken, old, new = REFUSED[case]
    form = await form_of(fayda)
    answer = await exchange(fayda, broken(fayda, form))
    status, error = old if generation == "1.4.x" else new
    assert answer.status_code == status
    assert answer.json() == {"error": error, "error_description": error}
    assert (await exchange(fayda, form)).status_code == 200, "a refusal spends nothing"


async def test_just_expired_is_forgiven_by_the_newer_generation(fayda: Setting) -> None:
    form = await form_of(fayda)
    late = {**form, "client_assertion": assertion(fayda, at=fayda.clock() - timedelta(seconds=62))}
    assert (await exchange(fayda, late)).json()["error"] == "invalid_assertion"
    await fayda.turn(generation="1.8.0")
    assert (await exchange(fayda, late)).status_code == 200


async def test_the_newer_generation_takes_its_issuer_as_audience(fayda: Setting) -> None:
    form = await form_of(fayda)
    form["client_assertion"] = assertion(fayda, path="")
    assert (await exchange(fayda, form)).json()["error"] == "invalid_assertion"
    await fayda.turn(generation="1.8.0")
    form["client_assertion"] = assertion(fayda, path="")
    assert (await exchange(fayda, form)).status_code == 200


async def test_habits_of_the_public_sdk_are_taken(fayda: Setting) -> None:
    """No kid, no jti, two hours of lifetime, v1 path with PKCE, claims encoded twice."""
    url = httpx.URL(fayda.client().authorization_url(request=REQUEST))
    twice = quote(url.params["claims"])
    answer = await fayda.control(
        "/login",
        authorization_url=str(url.copy_set_param("claims", twice)),
        fan="6000000000000011",
    )
    base_url, client_id = fayda.sandbox.base_url, fayda.sandbox.credentials["client_id"]
    issued = int(fayda.clock().timestamp())
    plain = jwt.encode(
        {"alg": "RS256", "typ": "JWT"},
        {
            "iss": client_id,
            "sub": client_id,
            "aud": base_url + V1,
            "iat": issued,
            "exp": issued + 7200,
        },
        read_private_key(secret=fayda.settings().private_key),
    )
    form = {
        **await form_of(fayda),
        "code": httpx.URL(answer["redirect_to"]).params["code"],
        "client_assertion": plain,
    }
    assert (await exchange(fayda, form, path=V1)).status_code == 200


async def test_strictly_the_first_endpoint_drops_the_verifier(strict: Setting) -> None:
    await strict.control("/clients/meqenet-sandbox/redirect-uris", redirect_uri=REDIRECT_URI)
    form = await form_of(strict, path=V1)
    answer = await exchange(strict, form, path=V1)
    assert (answer.status_code, answer.json()["error"]) == (500, "invalid_pkce_code_verifier")
    form["client_assertion"] = assertion(strict)
    assert (await exchange(strict, form)).status_code == 200
    without = await form_of(strict, path=V1, with_pkce=False)
    assert (await exchange(strict, without, path=V1)).status_code == 200


async def test_strictly_claims_are_encoded_once_and_addresses_registered(strict: Setting) -> None:
    await strict.control("/clients/meqenet-sandbox/redirect-uris", redirect_uri=REDIRECT_URI)
    url = httpx.URL(strict.client().authorization_url(request=REQUEST))
    twice = url.copy_set_param("claims", "%7B%22userinfo%22%3A%7B%7D%7D")
    answer = await strict.control("/login", authorization_url=str(twice), fan="6000000000000011")
    assert httpx.URL(answer["redirect_to"]).params["error"] == "invalid_claim"
    other = url.copy_set_param("redirect_uri", "http://127.0.0.1:1/other")
    page = await strict.http.get(other)
    assert page.status_code == 400


async def userinfo(fayda: Setting, headers: dict[str, str]) -> httpx.Response:
    url = f"{fayda.sandbox.base_url}/v1/esignet/oidc/userinfo"
    return await fayda.http.get(url, headers=headers)


async def test_userinfo_is_for_the_bearer(fayda: Setting) -> None:
    tokens = (await exchange(fayda, await form_of(fayda))).json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    answer = await userinfo(fayda, bearer)
    assert answer.headers["content-type"] == "application/jwt"
    assert answer.text.count(".") == 2
    cases: list[tuple[dict[str, str], str]] = [
        ({}, "missing_header"),
        ({"Authorization": "Basic eDp5"}, "missing_header"),
        ({"Authorization": f"Bearer {tokens['id_token']}"}, "invalid_token"),
    ]
    for headers, error in cases:
        refused = await userinfo(fayda, headers)
        assert (refused.status_code, refused.content) == (401, b"")
        assert refused.headers["www-authenticate"] == f'error="{error}"'
    fayda.pass_time(seconds=3600)
    assert (await userinfo(fayda, bearer)).status_code == 401


async def test_two_locales_have_suffixes_and_dates_have_slashes(fayda: Setting) -> None:
    client = fayda.client(claims_locales="en am")
    answer = await fayda.control(
        "/login", authorization_url=client.authorization_url(request=REQUEST), fan="600000000011"
    )
    assert httpx.URL(answer["redirect_to"]).params["code"]
    form = {**await form_of(fayda), "code": httpx.URL(answer["redirect_to"]).params["code"]}
    tokens = (await exchange(fayda, form)).json()
    text = (await userinfo(fayda, {"Authorization": f"Bearer {tokens['access_token']}"})).text
    keys = (await fayda.http.get(f"{fayda.sandbox.base_url}/.well-known/jwks.json")).json()
    claims = jwt.decode(text, RSAKey.import_key(keys["keys"][1]), algorithms=["RS256"]).claims
    assert claims["name#en"] == "Abebe Bekele Tesfaye"
    assert claims["name#am"] == "አበበ በቀለ ተስፋዬ"
    assert "name" not in claims
    assert claims["birthdate"] == "1990/05/14"
    assert claims["individual_id"] == "600000000011"
    assert claims["aud"] == fayda.sandbox.credentials["client_id"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/esignet/oidc/.well-known/openid-configuration",
        "/v1/esignet/oauth/.well-known/openid-configuration",
        "/.well-known/openid-configuration",
        "/v1/esignet/oauth/.well-known/oauth-authorization-server",
    ],
)
async def test_metadata_is_on_every_path(fayda: Setting, path: str) -> None:
    document = (await fayda.http.get(fayda.sandbox.base_url + path)).json()
    assert document["issuer"] == f"{fayda.sandbox.base_url}/v1/esignet"
    assert document["token_endpoint"] == fayda.sandbox.base_url + V2
    assert document["subject_types_supported"] == ["pairwise"]
    for name in ("jwks_uri", "authorization_endpoint"):
        assert (await fayda.http.get(document[name])).status_code in {200, 400}


async def test_the_newer_metadata(fayda: Setting) -> None:
    await fayda.turn(generation="1.8.0")
    url = f"{fayda.sandbox.base_url}/.well-known/openid-configuration"
    document = (await fayda.http.get(url)).json()
    assert document["issuer"] == fayda.sandbox.base_url
    assert document["jwks_uri"] == f"{fayda.sandbox.base_url}/.well-known/jwks.json"
    assert document["id_token_signing_alg_values_supported"] == ["PS256"]
