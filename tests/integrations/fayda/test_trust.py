"""Nothing is believed that Fayda has not signed for this very login."""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey

from apps.sandboxes.fayda.people import WELL_KNOWN_PEOPLE
from meqenet.errors import Defect, OutcomeUnknown
from meqenet.kyc.fayda import AuthorizationReturn
from tests.integrations.fayda.setting import Change, Setting, as_setting

EXCHANGE = "/v1/esignet/oauth/v2/token"
USERINFO = "/v1/esignet/oidc/userinfo"
JWKS = "/v1/esignet/oauth/.well-known/jwks.json"


def with_text(change: Callable[[str], str]) -> Change:
    async def changed(response: httpx.Response) -> httpx.Response:
        return httpx.Response(200, text=change(response.text))

    return changed


def with_tokens(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Change:
    async def changed(response: httpx.Response) -> httpx.Response:
        return httpx.Response(200, json=change(response.json()))

    return changed


def part(data: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


def read(token: str, *, index: int) -> dict[str, Any]:
    text = token.split(".")[index]
    parsed: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return parsed


async def refused(fayda: Setting, **changes: object) -> Defect:
    client = fayda.client(clock=None, jti=None, **changes)
    returned = await fayda.log_in(client)
    with pytest.raises(Defect) as defect:
        await client.fetch_identity(returned=returned)
    assert defect.value.code == "fayda_not_trusted"
    return defect.value


async def test_userinfo_signed_with_another_key(fayda: Setting) -> None:
    client = fayda.client()
    returned = await fayda.log_in(client, person=WELL_KNOWN_PEOPLE["wrong_key"])
    with pytest.raises(Defect, match="userinfo does not hold: its signature"):
        await client.fetch_identity(returned=returned)


def tampered(token: str) -> str:
    header, _, signature = token.split(".")
    claims = {**read(token, index=1), "birthdate": "1950/01/01"}
    return f"{header}.{part(claims)}.{signature}"


def unsigned(token: str) -> str:
    return f"{part({'alg': 'none'})}.{token.split('.')[1]}."


async def test_changed_userinfo(fayda: Setting) -> None:
    fayda.wire.changes[USERINFO] = with_text(tampered)
    assert (await refused(fayda)).facts["check"] == "its signature"


async def test_userinfo_without_a_signature(fayda: Setting) -> None:
    fayda.wire.changes[USERINFO] = with_text(unsigned)
    assert (await refused(fayda)).facts["check"] == "its algorithm is not allowed"


async def test_userinfo_signed_with_the_public_key_as_a_secret(fayda: Setting) -> None:
    published = (await fayda.http.get(fayda.sandbox.base_url + JWKS)).json()["keys"][1]
    secret = RSAKey.import_key(published).as_pem(private=False)

    def forged(token: str) -> str:
        header = {"alg": "HS256", "kid": published["kid"]}
        signed = f"{part(header)}.{part(read(token, index=1))}"
        mac = hmac.digest(secret, signed.encode(), "sha256")
        return f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"

    fayda.wire.changes[USERINFO] = with_text(forged)
    assert (await refused(fayda)).facts["check"] == "its algorithm is not allowed"


@pytest.mark.parametrize("body", ["", "a.b.c", "....", "{}", "not a token"])
async def test_userinfo_that_is_no_token(fayda: Setting, body: str) -> None:
    fayda.wire.changes[USERINFO] = with_text(lambda _: body)
    await refused(fayda)


async def test_userinfo_of_another_login(fayda: Setting) -> None:
    """Validly signed, for us, about someone else."""
    other = fayda.client()
    stolen: list[str] = []

    def keep(token: str) -> str:
        stolen.append(token)
        return token

    fayda.wire.changes[USERINFO] = with_text(keep)
    await other.fetch_identity(returned=await fayda.log_in(other, person=WELL_KNOWN_PEOPLE["hana"]))
    fayda.wire.changes[USERINFO] = with_text(lambda _: stolen[0])
    assert (await refused(fayda)).facts["check"] == "sub is not the one of the login"


async def test_a_key_that_appears_later_is_looked_up_once(fayda: Setting) -> None:
    served: list[int] = []

    async def rotating(response: httpx.Response) -> httpx.Response:
        keys = response.json()["keys"]
        served.append(len(keys))
        return httpx.Response(200, json={"keys": keys[:1] if len(served) == 1 else keys})

    fayda.wire.changes[JWKS] = rotating
    client = fayda.client()
    await client.fetch_identity(returned=await fayda.log_in(client))
    assert len(served) == 2


async def test_a_key_that_is_never_published(fayda: Setting) -> None:
    async def forgetful(response: httpx.Response) -> httpx.Response:
        return httpx.Response(200, json={"keys": response.json()["keys"][:1]})

    fayda.wire.changes[JWKS] = forgetful
    assert (await refused(fayda)).facts["check"] == "its key is not published"
    assert fayda.wire.asked.count(JWKS) == 2


async def test_keys_lost_after_the_code_was_spent(fayda: Setting) -> None:
    served: list[int] = []

    async def gone(response: httpx.Response) -> httpx.Response:
        served.append(1)
        first = {"keys": response.json()["keys"][:1]}
        return httpx.Response(200, json=first) if len(served) == 1 else httpx.Response(503)

    fayda.wire.changes[JWKS] = gone
    client = fayda.client()
    with pytest.raises(OutcomeUnknown):
        await client.fetch_identity(returned=await fayda.log_in(client))


@pytest.mark.parametrize("document", ["[]", '{"keys": 1}', '{"keys": [{"kty": "RSA"}]}', "x"])
async def test_a_key_set_that_is_none(fayda: Setting, document: str) -> None:
    fayda.wire.changes[JWKS] = with_text(lambda _: document)
    client = fayda.client()
    with pytest.raises(Defect):
        await client.fetch_identity(returned=await fayda.log_in(client))
    assert EXCHANGE not in fayda.wire.asked


async def test_another_nonce(fayda: Setting) -> None:
    client = fayda.client()
    returned = await fayda.log_in(client)
    replayed = AuthorizationReturn(
        code=returned.code, nonce="no-2", code_verifier=returned.code_verifier
    )
    with pytest.raises(Defect, match="id_token does not hold: nonce") as defect:
        await client.fetch_identity(returned=replayed)
    assert "no-2" not in str(defect.value)
    assert USERINFO not in fayda.wire.asked


async def test_another_issuer(fayda: Setting) -> None:
    assert (await refused(fayda, issuer="https://elsewhere.example")).facts["check"] == "iss"


async def test_an_id_token_for_someone_else(fayda: Setting, stranger: RSAKey) -> None:
    """A code and tokens of another client, handed to us."""
    await fayda.control(
        "/clients",
        client_id="other-shop",
        name="Other shop",
        public_jwk=stranger.as_dict(private=False),
    )
    theirs = fayda.client(client_id="other-shop", private_key=as_setting(stranger))
    kept: list[dict[str, Any]] = []

    def keep(tokens: dict[str, Any]) -> dict[str, Any]:
        kept.append(tokens)
        return tokens

    fayda.wire.changes[EXCHANGE] = with_tokens(keep)
    await theirs.fetch_identity(returned=await fayda.log_in(theirs))
    fayda.wire.changes[EXCHANGE] = with_tokens(lambda _: kept[0])
    assert (await refused(fayda)).facts["check"] == "aud"


async def test_another_access_token_than_the_signed_one(fayda: Setting) -> None:
    fayda.wire.changes[EXCHANGE] = with_tokens(lambda tokens: {**tokens, "access_token": "another"})
    assert (await refused(fayda)).facts["check"] == "at_hash"


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"access_token": "a"}', '{"id_token": 1}'])
async def test_a_token_answer_that_cannot_be_read(fayda: Setting, body: str) -> None:
    fayda.wire.changes[EXCHANGE] = with_text(lambda _: body)
    client = fayda.client()
    with pytest.raises(OutcomeUnknown):
        await client.fetch_identity(returned=await fayda.log_in(client))


@pytest.mark.parametrize(("late_seconds", "holds"), [(3629, True), (3631, False)])
async def test_an_old_id_token(fayda: Setting, late_seconds: int, holds: bool) -> None:  # noqa: FBT001 - a case of the table
    """Our clock runs ahead only after the token was asked for, so the assertion is fresh."""

    def clock() -> datetime:
        is_token_checked = EXCHANGE in fayda.wire.asked
        return fayda.clock() + timedelta(seconds=late_seconds if is_token_checked else 0)

    client = fayda.client(clock=clock)
    returned = await fayda.log_in(client)
    if holds:
        await client.fetch_identity(returned=returned)
        return
    with pytest.raises(Defect, match="exp"):
        await client.fetch_identity(returned=returned)


async def test_plain_userinfo_although_encryption_was_agreed(
    fayda: Setting, stranger: RSAKey
) -> None:
    why = await refused(fayda, encryption_private_key=as_setting(stranger))
    assert why.facts["check"] == "it is not encrypted, although agreed"


async def test_encrypted_userinfo_without_agreement_or_for_another(
    fayda: Setting, stranger: RSAKey
) -> None:
    await fayda.control(
        f"/clients/{fayda.sandbox.credentials['client_id']}/userinfo",
        method="PUT",
        form="JWE",
        encryption_jwk=stranger.as_dict(private=False),
    )
    await refused(fayda)
    own = RSAKey.generate_key(2048, auto_kid=True)
    why = await refused(fayda, encryption_private_key=as_setting(own))
    assert why.facts["check"] == "its encryption"


async def test_no_error_shows_who_it_was_about(fayda: Setting) -> None:
    fayda.wire.changes[USERINFO] = with_text(tampered)
    error: BaseException | None = await refused(fayda)
    private = ("Abebe", "6000000000000011", "0900000301", "1990", "eyJ")
    while error is not None:
        assert not any(value in f"{error!s} {error!r}" for value in private)
        error = error.__cause__ or error.__context__
