"""A whole login over HTTP, from our redirect to verified claims."""

from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import RSAKey

from apps.sandboxes.fayda.people import WELL_KNOWN_PEOPLE
from integrations.fayda.assertion import pkce_challenge
from integrations.ports.identity import IdentityProvider
from meqenet.errors import Refusal
from meqenet.kyc.fayda import IdentityClaims
from meqenet.kyc.matching import require_same_person
from meqenet.kyc.numbers import check_fayda_number
from meqenet.kyc.phones import age_years
from tests.integrations.fayda.setting import REDIRECT_URI, REQUEST, Setting, as_setting

ABEBE = WELL_KNOWN_PEOPLE["abebe"]
USERINFO = "/v1/esignet/oidc/userinfo"


def modern(fayda: Setting) -> dict[str, Any]:
    base_url = fayda.sandbox.base_url
    return {"issuer": base_url, "jwks_uri": f"{base_url}/.well-known/jwks.json"}


async def test_verified_claims_come_back(fayda: Setting) -> None:
    client = fayda.client()
    provider: IdentityProvider = client
    claims = await provider.fetch_identity(returned=await fayda.log_in(client))
    assert claims == IdentityClaims(
        subject=claims.subject,
        individual_id=ABEBE.number,
        name="Abebe Bekele Tesfaye",
        birth_date=date(1990, 5, 14),
        phone="251900000301",
        gender="Male",
    )
    assert len(claims.subject) == 43
    require_same_person(applied_with=check_fayda_number(text=ABEBE.number), claims=claims)


async def test_the_newer_generation_works_too(fayda: Setting) -> None:
    await fayda.turn(generation="1.8.0")
    client = fayda.client(**modern(fayda))
    claims = await client.fetch_identity(returned=await fayda.log_in(client))
    assert claims.name == "Abebe Bekele Tesfaye"


async def test_a_login_with_the_fin_is_another_number(fayda: Setting) -> None:
    client = fayda.client()
    claims = await client.fetch_identity(returned=await fayda.log_in(client, number=ABEBE.fin))
    assert claims.individual_id == ABEBE.fin
    with pytest.raises(Refusal, match="another number"):
        require_same_person(applied_with=check_fayda_number(text=ABEBE.number), claims=claims)


@pytest.mark.parametrize(
    "name", ["abebe", "almaz", "chaltu", "dawit", "hana", "mohammed", "tigist", "yonas"]
)
async def test_every_well_known_adult_logs_in(fayda: Setting, name: str) -> None:
    client = fayda.client()
    person = WELL_KNOWN_PEOPLE[name]
    claims = await client.fetch_identity(returned=await fayda.log_in(client, person=person))
    assert claims.name == person.names["en"]
    assert claims.phone is not None
    assert claims.phone.startswith(("2519", "2517"))
    assert age_years(birth_date=claims.birth_date, on=fayda.clock().date()) >= 18


async def test_a_minor_logs_in_and_is_known_by_the_birth_date(fayda: Setting) -> None:
    client = fayda.client()
    minor = WELL_KNOWN_PEOPLE["minor"]
    claims = await client.fetch_identity(returned=await fayda.log_in(client, person=minor))
    assert age_years(birth_date=claims.birth_date, on=fayda.clock().date()) == 8


async def test_a_person_without_a_phone_has_none(fayda: Setting) -> None:
    client = fayda.client()
    person = WELL_KNOWN_PEOPLE["phone_missing"]
    claims = await client.fetch_identity(returned=await fayda.log_in(client, person=person))
    assert claims.phone is None


async def test_a_claim_that_fayda_does_not_share_is_named(fayda: Setting) -> None:
    client = fayda.client()
    person = WELL_KNOWN_PEOPLE["birthdate_missing"]
    with pytest.raises(Refusal, match="birthdate") as refused:
        await client.fetch_identity(returned=await fayda.log_in(client, person=person))
    assert refused.value.code == "identity_claims_missing"


async def test_two_locales_give_the_english_name(fayda: Setting) -> None:
    client = fayda.client(claims_locales="am en")
    claims = await client.fetch_identity(returned=await fayda.log_in(client))
    assert (claims.name, claims.gender) == ("Abebe Bekele Tesfaye", "Male")


async def test_amharic_alone_gives_the_amharic_name(fayda: Setting) -> None:
    client = fayda.client(claims_locales="am")
    claims = await client.fetch_identity(returned=await fayda.log_in(client))
    assert claims.name == "አበበ በቀለ ተስፋዬ"


async def test_encrypted_userinfo_is_opened(fayda: Setting, stranger: RSAKey) -> None:
    await fayda.control(
        f"/clients/{fayda.sandbox.credentials['client_id']}/userinfo",
        method="PUT",
        form="JWE",
        encryption_jwk=stranger.as_dict(private=False),
    )
    client = fayda.client(encryption_private_key=as_setting(stranger))
    returned = await fayda.log_in(client)
    claims = await client.fetch_identity(returned=returned)
    assert claims.name == "Abebe Bekele Tesfaye"


async def test_one_person_is_one_subject(fayda: Setting) -> None:
    client = fayda.client()
    first = await client.fetch_identity(returned=await fayda.log_in(client))
    second = await client.fetch_identity(returned=await fayda.log_in(client))
    other = await client.fetch_identity(
        returned=await fayda.log_in(client, person=WELL_KNOWN_PEOPLE["hana"])
    )
    assert first == second
    assert other.subject != first.subject


async def test_keys_are_fetched_once_an_hour(fayda: Setting) -> None:
    client = fayda.client()
    for _ in range(2):
        await client.fetch_identity(returned=await fayda.log_in(client))
    assert fayda.wire.asked.count("/v1/esignet/oauth/.well-known/jwks.json") == 1
    fayda.pass_time(hours=2)
    await client.fetch_identity(returned=await fayda.log_in(client))
    assert fayda.wire.asked.count("/v1/esignet/oauth/.well-known/jwks.json") == 2


def test_the_login_url_carries_everything_and_no_secret(fayda: Setting) -> None:
    url = fayda.client().authorization_url(request=REQUEST)
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert query["redirect_uri"] == REDIRECT_URI
    assert (query["state"], query["nonce"]) == (REQUEST.state, REQUEST.nonce)
    assert query["code_challenge"] == pkce_challenge(verifier=REQUEST.code_verifier)
    assert query["code_challenge_method"] == "S256"
    assert '"individual_id": {"essential": true}' in query["claims"]
    assert REQUEST.code_verifier not in url


def test_a_login_page_with_a_query_of_its_own_keeps_it(fayda: Setting) -> None:
    client = fayda.client(authorization_endpoint="https://esignet.example/authorize?skin=1")
    url = client.authorization_url(request=REQUEST)
    assert url.startswith("https://esignet.example/authorize?skin=1&client_id=")
