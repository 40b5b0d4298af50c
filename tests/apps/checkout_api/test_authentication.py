"""Who may ask, and what everybody else is told."""

from dataclasses import replace

import httpx
import pytest

from apps.checkout_api.app import create_app
from apps.checkout_api.parts import ApiParts
from db.auth.store import revoke_key
from meqenet.auth.keys import parse_key
from tests.apps.checkout_api.conftest import Shop, with_key
from tests.backing import Databases
from workers.opening import utc_now

QUOTE = {"amount": "1000.00"}


async def test_a_request_without_a_key_is_told_how_to_send_one(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/quotes", json=QUOTE)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "api_key_missing"


@pytest.mark.parametrize(
    "authorization",
    ["Bearer nonsense", "Bearer mqk_test_short_short", "Basic bXFrX3Rlc3Q6", "Bearer"],
)
async def test_what_is_no_key_is_refused_and_not_repeated(
    http: httpx.AsyncClient, authorization: str
) -> None:
    answer = await http.post("/v1/quotes", json=QUOTE, headers={"Authorization": authorization})
    assert answer.status_code == 401
    assert "nonsense" not in answer.text
    assert "bXFrX3Rlc3Q6" not in answer.text


async def test_an_unknown_key_a_wrong_secret_and_a_changed_mode_are_told_alike(
    keyholder: Shop,
) -> None:
    prefix, _, secret = keyholder.api_key.rpartition("_")
    other_secret = ("a" if secret[0] != "a" else "b") + secret[1:]
    key_id = prefix.rpartition("_")[2]
    other_id = ("a" if key_id[0] != "a" else "b") + key_id[1:]
    texts = set()
    for forged in (
        f"{prefix}_{other_secret}",
        keyholder.api_key.replace(key_id, other_id),
        keyholder.api_key.replace("mqk_test_", "mqk_live_"),
    ):
        answer = await replace(keyholder, api_key=forged).post("/v1/quotes", QUOTE)
        assert answer.status_code == 401
        texts.add(answer.json()["detail"])
    assert texts == {"authorization: there is no such API key"}


async def test_a_revoked_key_is_refused(keyholder: Shop, databases: Databases) -> None:
    assert (await keyholder.post("/v1/quotes", QUOTE)).status_code == 200
    async with databases["auth"].write() as session:
        await revoke_key(
            session=session,
            merchant_id=keyholder.merchant_id,
            key_id=parse_key(text=keyholder.api_key).key_id,
            at=utc_now(),
        )
    answer = await keyholder.post("/v1/quotes", QUOTE)
    assert (answer.status_code, answer.json()["code"]) == (401, "api_key_revoked")


async def test_a_live_key_is_refused_in_a_sandbox(
    http: httpx.AsyncClient, databases: Databases, unique: str
) -> None:
    live = await with_key(http=http, databases=databases, unique=unique, sandbox=False)
    answer = await live.post("/v1/quotes", QUOTE)
    assert (answer.status_code, answer.json()["code"]) == (403, "api_key_wrong_mode")


async def test_where_money_is_real_only_live_keys_count_and_there_are_no_test_clocks(
    parts: ApiParts, databases: Databases, unique: str
) -> None:
    app = create_app(parts=replace(parts, sandbox=False))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        test = await with_key(http=http, databases=databases, unique=unique)
        live = await with_key(http=http, databases=databases, unique=f"{unique}0", sandbox=False)
        refused = await test.post("/v1/quotes", QUOTE)
        assert (refused.status_code, refused.json()["code"]) == (403, "api_key_wrong_mode")
        assert (await live.post("/v1/quotes", QUOTE)).status_code == 200
        clock = await live.post("/v1/test-clocks", {})
        assert (clock.status_code, clock.json()["code"]) == (403, "test_key_needed")
        on_clock = live.application(test_clock="clk_" + "a" * 20)
        applied = await live.post("/v1/plans", on_clock)
        assert (applied.status_code, applied.json()["field"]) == (422, "test_clock")
        plain = live.application(return_url="http://shop.example/thanks")
        applied = await live.post("/v1/plans", plain)
        assert (applied.status_code, applied.json()["code"]) == (422, "return_url_insecure")
