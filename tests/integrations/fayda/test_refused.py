"""What Fayda refuses, and which of our four kinds of error it is."""

from collections.abc import Callable
from datetime import datetime, timedelta

import httpx
import pytest
from joserfc.jwk import RSAKey

from apps.sandboxes.fayda.people import WELL_KNOWN_PEOPLE
from integrations.fayda.client import FaydaClient
from integrations.fayda.errors import login_refused, token_refused, userinfo_refused
from meqenet.errors import Defect, MeqenetError, OutcomeUnknown, Refusal, Unavailable
from meqenet.kyc.fayda import AuthorizationReturn
from tests.integrations.fayda.setting import REQUEST, Setting, as_setting

GENERATIONS = ("1.4.x", "1.8.0")
USERINFO = "/v1/esignet/oidc/userinfo"


def issuer_of(fayda: Setting, generation: str) -> str:
    return fayda.sandbox.base_url + ("/v1/esignet" if generation == "1.4.x" else "")


async def client_of(
    fayda: Setting,
    generation: str,
    *,
    clock: Callable[[], datetime] | None = None,
    jti: Callable[[], str] | None = None,
    **changes: object,
) -> FaydaClient:
    await fayda.turn(generation=generation)
    issuer = issuer_of(fayda, generation)
    return fayda.client(clock=clock, jti=jti, **{"issuer": issuer, **changes})


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_a_used_code(fayda: Setting, generation: str) -> None:
    client = await client_of(fayda, generation)
    returned = await fayda.log_in(client)
    await client.fetch_identity(returned=returned)
    with pytest.raises(Refusal, match="log in at Fayda again") as refused:
        await client.fetch_identity(returned=returned)
    assert refused.value.code == "identity_login_expired"


@pytest.mark.parametrize(("generation", "lifetime_seconds"), [("1.4.x", 60), ("1.8.0", 300)])
async def test_an_expired_code(fayda: Setting, generation: str, lifetime_seconds: int) -> None:
    client = await client_of(fayda, generation)
    in_time, too_late = await fayda.log_in(client), await fayda.log_in(client)
    fayda.pass_time(seconds=lifetime_seconds - 1)
    await client.fetch_identity(returned=in_time)
    fayda.pass_time(seconds=1)
    with pytest.raises(Refusal) as refused:
        await client.fetch_identity(returned=too_late)
    assert refused.value.code == "identity_login_expired"


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_a_code_that_was_never_issued(fayda: Setting, generation: str) -> None:
    client = await client_of(fayda, generation)
    returned = AuthorizationReturn(
        code="made-up", nonce=REQUEST.nonce, code_verifier=REQUEST.code_verifier
    )
    with pytest.raises(Refusal) as refused:
        await client.fetch_identity(returned=returned)
    assert refused.value.code == "identity_login_expired"
    assert "made-up" not in refused.value.text


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_a_code_of_another_login(fayda: Setting, generation: str) -> None:
    client = await client_of(fayda, generation)
    returned = await fayda.log_in(client)
    stolen = AuthorizationReturn(code=returned.code, nonce=returned.nonce, code_verifier="w" * 43)
    with pytest.raises(Refusal) as refused:
        await client.fetch_identity(returned=stolen)
    assert refused.value.code == "identity_login_expired"


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_an_assertion_by_another_key_is_our_defect(
    fayda: Setting, generation: str, stranger: RSAKey
) -> None:
    client = await client_of(fayda, generation, private_key=as_setting(stranger))
    with pytest.raises(Defect) as defect:
        await client.fetch_identity(returned=await fayda.log_in(client))
    assert defect.value.code == "fayda_request_refused"
    expected = {"1.4.x": "invalid_assertion", "1.8.0": "invalid_client"}[generation]
    assert defect.value.facts["error"] == expected


@pytest.mark.parametrize("minutes", [-5, 5])
async def test_a_clock_that_is_far_off_is_our_defect(fayda: Setting, minutes: int) -> None:
    client = fayda.client(clock=lambda: fayda.clock() + timedelta(minutes=minutes))
    with pytest.raises(Defect) as defect:
        await client.fetch_identity(returned=await fayda.log_in(client))
    assert defect.value.code == "fayda_request_refused"


async def test_the_old_generation_forgives_no_second_and_the_new_one_five(
    fayda: Setting,
) -> None:
    def ahead() -> datetime:
        return fayda.clock() + timedelta(seconds=4)

    client = await client_of(fayda, "1.4.x", clock=ahead)
    returned = await fayda.log_in(client)
    with pytest.raises(Defect, match="clock"):
        await client.fetch_identity(returned=returned)
    client = await client_of(fayda, "1.8.0", clock=ahead)
    await client.fetch_identity(returned=await fayda.log_in(client))


async def test_a_replayed_jti(fayda: Setting) -> None:
    client = await client_of(fayda, "1.8.0", jti=lambda: "always the same")
    await client.fetch_identity(returned=await fayda.log_in(client))
    with pytest.raises(Defect) as defect:
        await client.fetch_identity(returned=await fayda.log_in(client))
    assert defect.value.facts["error"] == "invalid_client"
    client = await client_of(fayda, "1.4.x", jti=lambda: "always the same")
    for _ in range(2):
        await client.fetch_identity(returned=await fayda.log_in(client))


async def test_the_first_token_endpoint_does_not_read_our_verifier(fayda: Setting) -> None:
    await fayda.turn(v1_reads_code_verifier=False)
    v1 = f"{fayda.sandbox.base_url}/v1/esignet/oauth/token"
    client = fayda.client(token_endpoint=v1)
    returned = await fayda.log_in(client)
    with pytest.raises(Defect) as defect:
        await client.fetch_identity(returned=returned)
    assert defect.value.facts["error"] == "invalid_pkce_code_verifier"
    await fayda.turn(v1_reads_code_verifier=True)
    assert (await client.fetch_identity(returned=returned)).name == "Abebe Bekele Tesfaye"


async def test_a_busy_token_endpoint_leaves_the_code_good(fayda: Setting) -> None:
    client = fayda.client()
    returned = await fayda.log_in(client, person=WELL_KNOWN_PEOPLE["token_busy_once"])
    with pytest.raises(Unavailable):
        await client.fetch_identity(returned=returned)
    assert (await client.fetch_identity(returned=returned)).name == "Robel Zewdu Ayele"


async def test_fayda_being_down_spends_nothing(fayda: Setting) -> None:
    client = fayda.client()
    returned = await fayda.log_in(client)
    await fayda.control("/down")
    with pytest.raises(Unavailable):
        await client.fetch_identity(returned=returned)
    await fayda.control("/up")
    await client.fetch_identity(returned=returned)


async def test_nobody_at_the_address_is_unavailable(fayda: Setting) -> None:
    client = fayda.client(token_endpoint="http://127.0.0.1:9/token")  # noqa: S106 - an address
    returned = await fayda.log_in(client)
    with pytest.raises(Unavailable, match="cannot be reached"):
        await client.fetch_identity(returned=returned)
    nowhere = fayda.client(jwks_uri="http://127.0.0.1:9/jwks")
    with pytest.raises(Unavailable, match="JWKS"):
        await nowhere.fetch_identity(returned=returned)


async def test_a_lost_token_answer_is_unknown_and_then_the_login_is_over(fayda: Setting) -> None:
    client = fayda.client()
    returned = await fayda.log_in(client)
    await fayda.control("/next", operation="token", outcome="timeout_after_commit")
    with pytest.raises(OutcomeUnknown):
        await client.fetch_identity(returned=returned)
    with pytest.raises(Refusal) as refused:
        await client.fetch_identity(returned=returned)
    assert refused.value.code == "identity_login_expired"


@pytest.mark.parametrize("outcome", ["unavailable", "timeout_before", "error_after_commit"])
async def test_userinfo_is_asked_once_more(fayda: Setting, outcome: str) -> None:
    client = fayda.client()
    await fayda.control("/next", operation="userinfo", outcome=outcome)
    returned = await fayda.log_in(client)
    assert (await client.fetch_identity(returned=returned)).individual_id
    assert fayda.wire.asked.count(USERINFO) == 2


@pytest.mark.parametrize("outcome", ["unavailable", "timeout_before"])
async def test_userinfo_that_stays_away_is_unknown(fayda: Setting, outcome: str) -> None:
    client = fayda.client()
    await fayda.control("/next", operation="userinfo", outcome=outcome, times=2)
    with pytest.raises(OutcomeUnknown, match="userinfo"):
        await client.fetch_identity(returned=await fayda.log_in(client))


async def test_late_userinfo_is_waited_for(fayda: Setting) -> None:
    client = fayda.client()
    person = WELL_KNOWN_PEOPLE["userinfo_late"]
    claims = await client.fetch_identity(returned=await fayda.log_in(client, person=person))
    assert claims.name == person.names["en"]
    assert fayda.wire.asked.count(USERINFO) == 1


async def test_an_access_token_that_is_not_taken_ends_the_login(fayda: Setting) -> None:
    client = fayda.client()
    await fayda.control("/next", operation="userinfo", outcome="refuse", code="invalid_token")
    with pytest.raises(Refusal) as refused:
        await client.fetch_identity(returned=await fayda.log_in(client))
    assert refused.value.code == "identity_login_expired"


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (400, {"error": "invalid_transaction"}, Refusal, "identity_login_expired"),
        (400, {"error": "invalid_grant"}, Refusal, "identity_login_expired"),
        (500, {"error": "pkce_failed"}, Refusal, "identity_login_expired"),
        (400, {"error": "invalid_client_id"}, Defect, "fayda_request_refused"),
        (400, {"error": "invalid_redirect_uri"}, Defect, "fayda_request_refused"),
        (500, {"error": "unsupported_pkce_challenge_method"}, Defect, "fayda_request_refused"),
        (500, {"error": "data_exchange_failed"}, Unavailable, "fayda_unavailable"),
        (503, {}, Unavailable, "fayda_unavailable"),
        (429, {}, Unavailable, "fayda_unavailable"),
        (500, {"error": "unknown_error"}, OutcomeUnknown, "fayda_outcome_unknown"),
        (502, None, OutcomeUnknown, "fayda_outcome_unknown"),
        (404, None, Defect, "fayda_answer_unknown"),
        (302, None, Defect, "fayda_answer_unknown"),
        (400, {"error": "6140 7985 2391 7519"}, Defect, "fayda_answer_unknown"),
        (400, ["invalid_grant"], Defect, "fayda_answer_unknown"),
    ],
)
def test_every_token_error_has_a_kind(
    status: int, body: object, kind: type[MeqenetError], code: str
) -> None:
    response = httpx.Response(status, json=body) if body is not None else httpx.Response(status)
    error = token_refused(response)
    assert isinstance(error, kind)
    assert error.code == code
    assert "6140" not in f"{error} {getattr(error, 'facts', '')}"


def test_a_busy_answer_says_how_long_to_wait() -> None:
    error = token_refused(httpx.Response(503, headers={"Retry-After": "20"}))
    assert isinstance(error, Unavailable)
    assert error.retry_after == timedelta(seconds=20)


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (401, 'error="invalid_token"', Refusal),
        (401, 'error="missing_header"', Defect),
        (500, "", OutcomeUnknown),
        (404, "", Defect),
    ],
)
def test_every_userinfo_error_has_a_kind(status: int, said: str, kind: type[MeqenetError]) -> None:
    response = httpx.Response(status, headers={"WWW-Authenticate": said})
    assert isinstance(userinfo_refused(response), kind)


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        ("consent_request_rejected", Refusal, "identity_consent_withheld"),
        ("access_denied", Refusal, "identity_consent_withheld"),
        ("individual_id_blocked", Refusal, "identity_login_failed"),
        ("invalid_transaction", Refusal, "identity_login_failed"),
        ("anything else", Refusal, "identity_login_failed"),
        ("invalid_scope", Defect, "fayda_request_refused"),
    ],
)
def test_errors_at_our_redirect_uri_have_a_kind(
    error: str, kind: type[MeqenetError], code: str
) -> None:
    refused = login_refused(error=error)
    assert isinstance(refused, kind)
    assert refused.code == code
