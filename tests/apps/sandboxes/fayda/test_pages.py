"""The login page as a browser without scripts (or curl) walks through it."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from apps.sandboxes.fayda.people import WELL_KNOWN_PEOPLE, Person
from meqenet.kyc.fayda import AuthorizationRequest, AuthorizationReturn
from tests.integrations.fayda.setting import REDIRECT_URI, REQUEST, Setting

ABEBE = WELL_KNOWN_PEOPLE["abebe"]


class Browser:
    """Follows forms: hidden fields as they are, the others as told."""

    def __init__(self, *, fayda: Setting) -> None:
        self._http = fayda.http
        self._base_url = fayda.sandbox.base_url
        self.page = httpx.Response(0)

    async def open(self, url: str) -> None:
        self.page = await self._http.get(url)

    async def submit(self, *, button: str = "", **typed: str) -> None:
        text = self.page.text
        fields: dict[str, list[str]] = {}
        for tag in re.findall(r"<input[^>]*>", text):
            found = dict(re.findall(r'(\w+)="([^"]*)"', tag))
            if "name" in found and "value" in found:
                fields.setdefault(found["name"], []).append(unescape(found["value"]))
        action = button or re.findall(r'<form[^>]*action="([^"]*)"', text)[0]
        data = {**fields, **{name: [value] for name, value in typed.items()}}
        self.page = await self._http.post(self._base_url + action, data=data)

    def returned(self) -> dict[str, str]:
        """The query at our redirect URI."""
        assert self.page.status_code == 303
        location = self.page.headers["location"]
        assert location.startswith(f"{REDIRECT_URI}?")
        return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


async def authenticated(fayda: Setting, *, person: Person = ABEBE, url: str = "") -> Browser:
    browser = Browser(fayda=fayda)
    await browser.open(url or fayda.client().authorization_url(request=REQUEST))
    await browser.submit(individual_id=person.number)
    await browser.submit(otp="111111")
    return browser


async def test_a_person_logs_in_by_hand(fayda: Setting) -> None:
    browser = await authenticated(fayda)
    assert "Date of birth" in browser.page.text
    await browser.submit()
    back = browser.returned()
    assert back["state"] == REQUEST.state
    returned = AuthorizationReturn(
        code=back["code"], nonce=REQUEST.nonce, code_verifier=REQUEST.code_verifier
    )
    claims = await fayda.client().fetch_identity(returned=returned)
    assert (claims.individual_id, claims.gender) == (ABEBE.number, "Male")


async def test_numbers_may_be_typed_in_groups(fayda: Setting) -> None:
    browser = Browser(fayda=fayda)
    await browser.open(fayda.client().authorization_url(request=REQUEST))
    await browser.submit(individual_id="6000-0000 0000-0011")
    assert "XXXXXX0301" in browser.page.text


async def test_an_unticked_voluntary_claim_is_not_shared(fayda: Setting) -> None:
    browser = await authenticated(fayda)
    await browser.submit(button="/authorize/consent", accepted_claims="name")
    assert browser.returned()["error"] == "consent_request_rejected"
    browser = await authenticated(fayda)
    transaction_id = re.findall(r'name="transaction_id" value="([^"]+)"', browser.page.text)[0]
    needed = ["name", "birthdate", "individual_id", "phone_number"]
    browser.page = await fayda.http.post(
        f"{fayda.sandbox.base_url}/authorize/consent",
        data={"transaction_id": transaction_id, "accepted_claims": needed},
    )
    returned = AuthorizationReturn(
        code=browser.returned()["code"],
        nonce=REQUEST.nonce,
        code_verifier=REQUEST.code_verifier,
    )
    claims = await fayda.client().fetch_identity(returned=returned)
    assert claims.gender is None


async def test_denying_goes_back_with_an_error(fayda: Setting) -> None:
    browser = await authenticated(fayda)
    await browser.submit(button="/authorize/cancel")
    assert browser.returned() == {
        "error": "consent_request_rejected",
        "error_description": "consent_request_rejected",
        "state": REQUEST.state,
    }


async def test_leaving_before_the_otp_goes_back_too(fayda: Setting) -> None:
    browser = Browser(fayda=fayda)
    await browser.open(fayda.client().authorization_url(request=REQUEST))
    await browser.submit(button="/authorize/cancel")
    assert browser.returned()["error"] == "access_denied"
    await browser.open(fayda.client().authorization_url(request=REQUEST))
    await browser.submit(button="/authorize/cancel", transaction_id="gone")
    assert browser.page.status_code == 400


async def test_a_person_who_withholds_consent_never_gives_it(fayda: Setting) -> None:
    browser = await authenticated(fayda, person=WELL_KNOWN_PEOPLE["withholds_consent"])
    await browser.submit()
    assert browser.returned()["error"] == "consent_request_rejected"


@pytest.mark.parametrize(
    ("number", "otp", "shown"),
    [
        (ABEBE.number, "222222", "auth_failed"),
        (WELL_KNOWN_PEOPLE["otp_wrong"].number, "111111", "auth_failed"),
        (WELL_KNOWN_PEOPLE["blocked"].number, "", "individual_id_blocked"),
        ("6140798523917519", "", "IDA-MLC-018"),
        ("6140798523917518", "", "invalid_individual_id"),
        ("", "", "invalid_individual_id"),
    ],
)
async def test_what_goes_wrong_is_shown_and_can_be_tried_again(
    fayda: Setting, number: str, otp: str, shown: str
) -> None:
    browser = Browser(fayda=fayda)
    await browser.open(fayda.client().authorization_url(request=REQUEST))
    await browser.submit(individual_id=number)
    if otp:
        await browser.submit(otp=otp)
    assert browser.page.status_code == 200
    assert shown in browser.page.text
    await browser.submit(individual_id=ABEBE.number)
    await browser.submit(otp="111111")
    await browser.submit()
    assert "code" in browser.returned()


async def test_too_many_attempts_block_for_a_while(fayda: Setting) -> None:
    browser = Browser(fayda=fayda)
    hana = WELL_KNOWN_PEOPLE["hana"].number
    await browser.open(fayda.client().authorization_url(request=REQUEST))
    for _ in range(3):
        await browser.submit(button="/authorize/otp", individual_id=hana)
        assert "XXXX" in browser.page.text
    await browser.submit(button="/authorize/otp", individual_id=hana)
    assert "no_attempts_left" in browser.page.text
    await browser.open(fayda.client().authorization_url(request=REQUEST))
    await browser.submit(individual_id=hana)
    assert "individual_id_blocked" in browser.page.text
    fayda.pass_time(seconds=301)
    await browser.open(fayda.client().authorization_url(request=REQUEST))
    await browser.submit(individual_id=hana)
    assert "individual_id_blocked" not in browser.page.text


@pytest.mark.parametrize(("stage", "seconds"), [("number", 180), ("consent", 60)])
async def test_a_page_left_open_too_long(fayda: Setting, stage: str, seconds: int) -> None:
    browser = Browser(fayda=fayda)
    await browser.open(fayda.client().authorization_url(request=REQUEST))
    if stage == "consent":
        browser = await authenticated(fayda)
    fayda.pass_time(seconds=seconds)
    await browser.submit(individual_id=ABEBE.number)
    assert browser.page.status_code == 400
    assert "invalid_transaction" in browser.page.text


async def test_consent_before_the_otp_is_refused(fayda: Setting) -> None:
    browser = Browser(fayda=fayda)
    await browser.open(fayda.client().authorization_url(request=REQUEST))
    await browser.submit(button="/authorize/consent")
    assert browser.page.status_code == 400


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_id": "<script>"}, "invalid_client_id"),
        ({"redirect_uri": "https://elsewhere.example/"}, "invalid_redirect_uri"),
    ],
)
async def test_an_unknown_client_or_address_is_a_dead_end(
    fayda: Setting, change: dict[str, str], error: str
) -> None:
    url = httpx.URL(fayda.client().authorization_url(request=REQUEST))
    browser = Browser(fayda=fayda)
    await browser.open(str(url.copy_merge_params(change)))
    assert browser.page.status_code == 400
    assert error in browser.page.text
    assert "<script>" not in browser.page.text


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": "openid everything"}, "invalid_scope"),
        ({"response_type": "token"}, "invalid_response_type"),
        ({"acr_values": "mosip:idp:acr:guess"}, "invalid_acr"),
        ({"prompt": "none"}, "login_required"),
        ({"prompt": "beg"}, "invalid_prompt"),
        ({"display": "wall"}, "invalid_display"),
        ({"code_challenge_method": "plain"}, "unsupported_pkce_challenge_method"),
        ({"claims": "{"}, "invalid_claim"),
        ({"claims": "[]"}, "invalid_claim"),
        ({"claims": '{"userinfo": {"name": 1}}'}, "invalid_claim"),
    ],
)
async def test_a_wrong_request_goes_back_with_an_error(
    fayda: Setting, change: dict[str, str], error: str
) -> None:
    url = httpx.URL(fayda.client().authorization_url(request=REQUEST))
    browser = Browser(fayda=fayda)
    await browser.open(str(url.copy_merge_params(change)))
    assert browser.returned()["error"] == error
    assert browser.returned()["state"] == REQUEST.state


async def test_the_page_speaks_amharic(fayda: Setting) -> None:
    request = AuthorizationRequest(
        state="s", nonce="n", code_verifier=REQUEST.code_verifier, ui_locale="am"
    )
    browser = await authenticated(fayda, url=fayda.client().authorization_url(request=request))
    assert '<html lang="am">' in browser.page.text
    assert "የትውልድ ቀን" in browser.page.text


async def test_scopes_without_claims_stand_for_some(fayda: Setting) -> None:
    url = httpx.URL(fayda.client().authorization_url(request=REQUEST))
    both = {"claims": "", "scope": "openid email"}
    browser = await authenticated(fayda, url=str(url.copy_merge_params(both)))
    assert "E-mail" in browser.page.text
    assert "Name" not in browser.page.text


async def test_the_newer_generation_names_itself_on_return(fayda: Setting) -> None:
    await fayda.turn(generation="1.8.0")
    browser = await authenticated(fayda)
    await browser.submit()
    assert browser.returned()["iss"] == fayda.sandbox.base_url
