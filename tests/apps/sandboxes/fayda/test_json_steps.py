"""The JSON endpoints behind eSignet's UI, with their wrapper and header rules (§3.4, §3.9)."""

import base64
import hashlib
import json
from typing import Any

import pytest

from apps.sandboxes.fayda.people import WELL_KNOWN_PEOPLE
from integrations.fayda.assertion import pkce_challenge
from meqenet.kyc.fayda import AuthorizationReturn
from tests.integrations.fayda.setting import REDIRECT_URI, REQUEST, Setting

ABEBE = WELL_KNOWN_PEOPLE["abebe"]
OTP = {"authFactorType": "OTP", "challenge": "111111", "format": "alpha-numeric"}


class Steps:
    """One login by JSON."""

    def __init__(self, *, fayda: Setting) -> None:
        self._fayda = fayda
        self.headers: dict[str, str] = {}
        self.transaction_id = ""

    async def post(self, path: str, **request: object) -> dict[str, Any]:
        answer = await self._fayda.http.post(
            f"{self._fayda.sandbox.base_url}/v1/esignet/authorization{path}",
            json={"requestTime": "2026-11-23T09:00:00.000Z", "request": request},
            headers=self.headers,
        )
        assert answer.status_code == 200
        body: dict[str, Any] = answer.json()
        assert set(body) == {"responseTime", "response", "errors"}
        return body

    async def start(self, **changes: object) -> dict[str, Any]:
        request: dict[str, object] = {
            "clientId": self._fayda.sandbox.credentials["client_id"],
            "scope": "openid profile",
            "responseType": "code",
            "redirectUri": REDIRECT_URI,
            "state": REQUEST.state,
            "nonce": REQUEST.nonce,
            "claims": {"userinfo": {"name": {"essential": True}, "email": None}, "id_token": {}},
            "claimsLocales": "en",
            "codeChallenge": pkce_challenge(verifier=REQUEST.code_verifier),
            "codeChallengeMethod": "S256",
        }
        body = await self.post("/v2/oauth-details", **{**request, **changes})
        if body["response"]:
            text = json.dumps(body["response"], separators=(",", ":"), ensure_ascii=False)
            digest = hashlib.sha256(text.encode()).digest()
            self.transaction_id = body["response"]["transactionId"]
            self.headers = {
                "oauth-details-key": self.transaction_id,
                "oauth-details-hash": base64.urlsafe_b64encode(digest).decode(),
            }
        return body

    async def send_otp(self, **changes: object) -> dict[str, Any]:
        request: dict[str, object] = {
            "transactionId": self.transaction_id,
            "individualId": ABEBE.number,
            "otpChannels": ["email", "phone"],
            "captchaToken": None,
        }
        return await self.post("/send-otp", **{**request, **changes})

    async def authenticate(self, **changes: object) -> dict[str, Any]:
        request: dict[str, object] = {
            "transactionId": self.transaction_id,
            "individualId": ABEBE.number,
            "challengeList": [OTP],
        }
        return await self.post("/v3/authenticate", **{**request, **changes})

    async def auth_code(self, *accepted: str) -> dict[str, Any]:
        return await self.post(
            "/auth-code",
            transactionId=self.transaction_id,
            acceptedClaims=list(accepted),
            permittedAuthorizeScopes=[],
        )


def code_of(body: dict[str, Any]) -> str:
    assert body["response"] is None
    return str(body["errors"][0]["errorCode"])


async def test_a_login_by_json(fayda: Setting) -> None:
    steps = Steps(fayda=fayda)
    details = await steps.start()
    assert details["errors"] == []
    assert details["response"]["essentialClaims"] == ["name"]
    assert details["response"]["voluntaryClaims"] == ["email"]
    assert details["response"]["authFactors"][0][0]["type"] == "OTP"
    sent = await steps.send_otp()
    assert sent["response"] == {
        "transactionId": steps.transaction_id,
        "maskedMobile": "XXXXXX0301",
        "maskedEmail": "cXXXX@example.com",
    }
    assert (await steps.authenticate())["response"]["consentAction"] == "CAPTURE"
    answer = (await steps.auth_code("name", "email"))["response"]
    assert (answer["state"], answer["nonce"]) == (REQUEST.state, REQUEST.nonce)
    assert answer["redirectUri"] == REDIRECT_URI
    returned = AuthorizationReturn(
        code=answer["code"], nonce=REQUEST.nonce, code_verifier=REQUEST.code_verifier
    )
    with pytest.raises(Exception, match="birthdate, individual_id"):
        await fayda.client().fetch_identity(returned=returned)


@pytest.mark.parametrize("header", ["oauth-details-key", "oauth-details-hash"])
async def test_every_later_step_needs_both_headers(fayda: Setting, header: str) -> None:
    steps = Steps(fayda=fayda)
    await steps.start()
    right = steps.headers
    for wrong in ({**right, header: "x"}, {k: v for k, v in right.items() if k != header}):
        steps.headers = wrong
        assert code_of(await steps.send_otp()) == "invalid_request"
        assert code_of(await steps.authenticate()) == "invalid_request"
        assert code_of(await steps.auth_code("name")) == "invalid_request"
    steps.headers = right
    assert (await steps.send_otp())["errors"] == []


async def test_refusals_are_http_200(fayda: Setting) -> None:
    steps = Steps(fayda=fayda)
    assert code_of(await steps.start(clientId="nobody")) == "invalid_client_id"
    assert code_of(await steps.start(redirectUri="https://x.example")) == "invalid_redirect_uri"
    assert code_of(await steps.start(scope="profile")) == "invalid_scope"
    assert code_of(await steps.start(claims="name")) == "invalid_claim"
    await steps.start()
    assert code_of(await steps.send_otp(otpChannels=["pigeon"])) == "invalid_otp_channel"
    assert code_of(await steps.send_otp(otpChannels=[])) == "invalid_otp_channel"
    assert code_of(await steps.send_otp(individualId="123")) == "invalid_individual_id"
    assert code_of(await steps.authenticate()) == "IDA-OTA-012"
    await steps.send_otp()
    assert code_of(await steps.authenticate(challengeList=[])) == "invalid_no_of_challenges"
    pin = {**OTP, "authFactorType": "PIN"}
    assert code_of(await steps.authenticate(challengeList=[pin])) == "auth_factor_mismatch"
    wrong = {**OTP, "challenge": "123456"}
    assert code_of(await steps.authenticate(challengeList=[wrong])) == "auth_failed"
    assert code_of(await steps.auth_code("name")) == "invalid_transaction"


@pytest.mark.parametrize("accepted", [(), ("email",), ("name", "birthdate")])
async def test_consent_is_all_that_is_needed_and_nothing_unasked(
    fayda: Setting, accepted: tuple[str, ...]
) -> None:
    steps = Steps(fayda=fayda)
    await steps.start()
    await steps.send_otp()
    await steps.authenticate()
    assert code_of(await steps.auth_code(*accepted)) == "invalid_accepted_claim"
    assert (await steps.auth_code("name"))["errors"] == []
    assert code_of(await steps.auth_code("name")) == "invalid_request"


@pytest.mark.parametrize(
    ("name", "step", "code"),
    [
        ("blocked", "send_otp", "individual_id_blocked"),
        ("otp_wrong", "authenticate", "auth_failed"),
        ("withholds_consent", "auth_code", "invalid_accepted_claim"),
    ],
)
async def test_well_known_people_fail_where_they_must(
    fayda: Setting, name: str, step: str, code: str
) -> None:
    steps = Steps(fayda=fayda)
    number = WELL_KNOWN_PEOPLE[name].number
    await steps.start()
    sent = await steps.send_otp(individualId=number)
    if step == "send_otp":
        assert code_of(sent) == code
        return
    proved = await steps.authenticate(individualId=number)
    if step == "authenticate":
        assert code_of(proved) == code
        return
    assert code_of(await steps.auth_code("name")) == code


@pytest.mark.parametrize("body", [b"", b"[]", b'{"request": {}}', b'{"requestTime": "x"}'])
async def test_anything_but_the_wrapper_is_an_invalid_request(fayda: Setting, body: bytes) -> None:
    url = f"{fayda.sandbox.base_url}/v1/esignet/authorization/v2/oauth-details"
    answer = await fayda.http.post(url, content=body)
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["errorCode"] == "invalid_request"


async def test_planned_faults_reach_every_step(fayda: Setting) -> None:
    steps = Steps(fayda=fayda)
    for operation in ("oauth-details", "send-otp", "authenticate", "auth-code"):
        await fayda.control(
            "/next", operation=operation, outcome="refuse", code=f"planned_{operation}"
        )
    assert code_of(await steps.start()) == "planned_oauth-details"
    await steps.start()
    assert code_of(await steps.send_otp()) == "planned_send-otp"
    await steps.send_otp()
    assert code_of(await steps.authenticate()) == "planned_authenticate"
    await steps.authenticate()
    assert code_of(await steps.auth_code("name")) == "planned_auth-code"


async def test_strictly_a_csrf_token_is_needed(strict: Setting) -> None:
    await strict.control("/clients/meqenet-sandbox/redirect-uris", redirect_uri=REDIRECT_URI)
    steps = Steps(fayda=strict)
    assert code_of(await steps.start()) == "invalid_request"
    given = (await strict.http.get(f"{strict.sandbox.base_url}/v1/esignet/csrf/token")).json()
    steps.headers = {given["headerName"]: given["token"]}
    assert (await steps.start())["errors"] == []
    strict.http.cookies.clear()
