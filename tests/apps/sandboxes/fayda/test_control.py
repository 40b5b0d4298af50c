"""The control API, the well-known people, and what stays after a restart."""

from pathlib import Path

import httpx
import pytest
from joserfc.jwk import RSAKey

from apps.sandboxes.command import Provider, create
from apps.sandboxes.fayda.people import WELL_KNOWN_PEOPLE
from apps.sandboxes.kernel.serve import running
from meqenet.errors import Refusal
from meqenet.kyc.numbers import FaydaNumberKind, check_fayda_number, verhoeff_digit
from tests.integrations.fayda.setting import REQUEST, Setting, as_setting

DOCS = Path(__file__).parents[4] / "docs" / "sandboxes" / "fayda.md"


def number_of(*, body: str) -> str:
    return body + verhoeff_digit(digits=body)


async def post(fayda: Setting, path: str, **body: object) -> httpx.Response:
    return await fayda.http.post(f"{fayda.sandbox.control_url}{path}", json=body)


def test_well_known_numbers_hold_and_are_listed() -> None:
    fans = [person.fan for person in WELL_KNOWN_PEOPLE.values()]
    assert len(set(fans)) == len(fans)
    text = DOCS.read_text()
    for name, person in WELL_KNOWN_PEOPLE.items():
        assert person.fan is not None
        assert person.fin is not None
        assert person.fan[0] not in "01"
        assert check_fayda_number(text=person.fan).kind is FaydaNumberKind.FAN
        assert check_fayda_number(text=person.fin).kind is FaydaNumberKind.FIN
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` "))
        assert " ".join(person.fan[at : at + 4] for at in range(0, 16, 4)) in row
        assert person.fin in row


def test_people_are_not_shown_by_accident() -> None:
    assert "Abebe" not in repr(WELL_KNOWN_PEOPLE["abebe"])


async def test_an_enrolled_person_logs_in(fayda: Setting) -> None:
    fan, fin = number_of(body="271828182845904"), number_of(body="27182818284")
    answer = await post(
        fayda,
        "/people",
        fan=fan,
        fin=fin,
        name="Genet Lemma",
        name_am="ገነት ለማ",
        birthdate="1999-12-31",
        phone="0922000001",
        gender="Female",
    )
    assert answer.status_code == 201
    client = fayda.client()
    returned = await fayda.log_in(client, number=fan)
    claims = await client.fetch_identity(returned=returned)
    assert (claims.name, claims.phone) == ("Genet Lemma", "251922000001")
    again = await post(fayda, "/people", fin=fin, name="Someone Else")
    assert again.status_code == 409
    listed = await fayda.http.get(f"{fayda.sandbox.control_url}/people")
    assert fan in [person["fan"] for person in listed.json()]


@pytest.mark.parametrize(
    "person",
    [
        {"name": "No Number"},
        {"name": "Wrong digit", "fan": "6140798523917518"},
        {"name": "Wrong kind", "fan": "614079852394"},
        {"name": "Unknown conduct", "fan": "6140798523917519", "conduct": "rude"},
        {"fan": "6140798523917519"},
    ],
)
async def test_a_person_who_cannot_be_enrolled(fayda: Setting, person: dict[str, str]) -> None:
    assert (await post(fayda, "/people", **person)).status_code == 422


async def test_a_person_with_planned_conduct(fayda: Setting) -> None:
    fan = number_of(body="314159265358979")
    await post(fayda, "/people", fan=fan, name="Late", birthdate="1990-01-01", conduct="wrong_key")
    client = fayda.client()
    returned = await fayda.log_in(client, number=fan)
    with pytest.raises(Exception, match="signature"):
        await client.fetch_identity(returned=returned)


async def test_a_third_party_client_with_its_own_key(fayda: Setting, stranger: RSAKey) -> None:
    answer = await post(
        fayda,
        "/clients",
        client_id="third-party",
        name="Third party",
        public_jwk=stranger.as_dict(private=False),
        redirect_uris=["https://third.example/back"],
    )
    assert answer.status_code == 201
    client = fayda.client(
        client_id="third-party",
        private_key=as_setting(stranger),
        redirect_uri="https://third.example/back",
    )
    own = fayda.client()
    theirs = await client.fetch_identity(returned=await fayda.log_in(client))
    ours = await own.fetch_identity(returned=await fayda.log_in(own))
    assert theirs.subject != ours.subject, "sub is pairwise"


async def test_a_redirect_uri_is_registered_once_and_compared_exactly(fayda: Setting) -> None:
    uri = "https://shop.example/back"
    client = fayda.client(redirect_uri=uri)
    url = client.authorization_url(request=REQUEST)
    assert (await fayda.http.get(url)).status_code == 400
    for _ in range(2):
        answer = await post(fayda, "/clients/meqenet-sandbox/redirect-uris", redirect_uri=uri)
        assert answer.json()["redirect_uris"].count(uri) == 1
    assert (await fayda.http.get(url)).status_code == 200
    other = fayda.client(redirect_uri=f"{uri}?x=1").authorization_url(request=REQUEST)
    assert (await fayda.http.get(other)).status_code == 400
    unknown = await post(fayda, "/clients/nobody/redirect-uris", redirect_uri=uri)
    assert unknown.status_code == 404


async def test_encryption_needs_a_key(fayda: Setting) -> None:
    url = f"{fayda.sandbox.control_url}/clients/meqenet-sandbox/userinfo"
    assert (await fayda.http.put(url, json={"form": "JWE"})).status_code == 422


async def test_a_login_in_one_call_says_what_the_page_would_show(fayda: Setting) -> None:
    url = fayda.client().authorization_url(request=REQUEST)
    for name, code in {"blocked": "individual_id_blocked", "otp_wrong": "auth_failed"}.items():
        number = WELL_KNOWN_PEOPLE[name].number
        answer = await post(fayda, "/login", authorization_url=url, fan=number)
        assert (answer.status_code, answer.json()["detail"]) == (409, code)
    wrong = await post(fayda, "/login", authorization_url=url, fan="6000000000000011", otp="000000")
    assert wrong.json()["detail"] == "auth_failed"
    denied = await post(
        fayda, "/login", authorization_url=url, fan="6000 0000 0000 0011", consent=False
    )
    assert "error=consent_request_rejected" in denied.json()["redirect_to"]
    nobody = await post(
        fayda, "/login", authorization_url=f"{url}&client_id=nobody", fan="6000000000000011"
    )
    assert (nobody.status_code, nobody.json()["detail"]) == (409, "invalid_client_id")


async def test_switches_are_shown_and_turned(fayda: Setting) -> None:
    url = f"{fayda.sandbox.control_url}/settings"
    assert (await fayda.http.get(url)).json()["generation"] == "1.4.x"
    turned = (await fayda.http.put(url, json={"generation": "1.8.0"})).json()
    assert (turned["generation"], turned["csrf_required"]) == ("1.8.0", False)
    assert (await fayda.http.put(url, json={"generation": "2.0"})).status_code == 422


async def test_no_number_is_kept_in_the_request_log(fayda: Setting) -> None:
    client = fayda.client()
    await client.fetch_identity(returned=await fayda.log_in(client))
    log = (await fayda.http.get(f"{fayda.sandbox.control_url}/requests")).text
    assert "/v1/esignet/oauth/v2/token" in log
    assert "6000000000000011" not in log


async def test_keys_and_people_stay(tmp_path: Path) -> None:
    fan = number_of(body="271828182845904")
    first = create(provider=Provider.FAYDA, directory=tmp_path, strict=False)
    async with running(sandbox=first) as place, httpx.AsyncClient() as http:
        await http.post(f"{place.control_url}/people", json={"fan": fan, "name": "Genet"})
        keys = (await http.get(f"{place.base_url}/.well-known/jwks.json")).json()
        credentials = dict(place.credentials)
    second = create(provider=Provider.FAYDA, directory=tmp_path, strict=False)
    async with running(sandbox=second) as place, httpx.AsyncClient() as http:
        people = (await http.get(f"{place.control_url}/people")).json()
        assert fan in [person["fan"] for person in people]
        assert len(people) == len(WELL_KNOWN_PEOPLE) + 1
        assert (await http.get(f"{place.base_url}/.well-known/jwks.json")).json() == keys
        assert dict(place.credentials) == credentials


def test_the_register_and_the_core_agree_on_what_a_number_is() -> None:
    with pytest.raises(Refusal):
        check_fayda_number(text="6000000000000012")
