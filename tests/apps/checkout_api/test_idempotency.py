"""One key, one request, one answer."""

import asyncio
from dataclasses import replace

import httpx
import pytest

from apps.checkout_api.app import create_app
from apps.checkout_api.parts import ApiParts
from tests.apps.checkout_api.conftest import Shop, with_key
from tests.backing import Databases

NOW = {"now": "2026-11-23T06:00:00Z"}


@pytest.mark.parametrize("key", ["", "two words", "ü", "x" * 256])
async def test_a_write_needs_a_key_that_can_be_one(keyholder: Shop, key: str) -> None:
    answer = await keyholder.http.post(
        "/v1/test-clocks",
        json=NOW,
        headers=[
            (b"Authorization", f"Bearer {keyholder.api_key}".encode()),
            (b"Idempotency-Key", key.encode("latin-1")),
        ],
    )
    code = "idempotency_key_malformed" if key else "idempotency_key_missing"
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["field"] == "Idempotency-Key"


async def test_the_same_request_gets_the_same_answer_and_says_so(shop: Shop) -> None:
    first = await shop.post("/v1/test-clocks", NOW, key="k")
    again = await shop.post("/v1/test-clocks", NOW, key="k")
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == "application/json"


async def test_the_same_request_may_be_spelled_otherwise(shop: Shop) -> None:
    first = await shop.post("/v1/test-clocks", NOW, key="k")
    raw = b'  { "now":\n"2026-11-23T06:00:00Z" }'
    again = await shop.post("/v1/test-clocks", None, key="k", raw=raw)
    assert again.content == first.content


async def test_another_request_under_the_key_is_refused(shop: Shop) -> None:
    made = await shop.post("/v1/test-clocks", NOW, key="k")
    other_body = await shop.post("/v1/test-clocks", {"now": "2026-11-24T06:00:00Z"}, key="k")
    path = f"/v1/test-clocks/{made.json()['id']}/advance"
    other_path = await shop.post(path, {"by_days": 1}, key="k")
    for answer in (other_body, other_path):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_keys_of_two_merchants_have_nothing_to_do_with_each_other(
    shop: Shop, databases: Databases, unique: str
) -> None:
    other = await with_key(http=shop.http, databases=databases, unique=f"{unique}0")
    first = await shop.post("/v1/test-clocks", NOW, key="k")
    second = await other.post("/v1/test-clocks", {"now": "2026-11-24T06:00:00Z"}, key="k")
    assert second.status_code == 201
    assert first.json()["id"] != second.json()["id"]


async def test_many_at_once_make_one_thing(shop: Shop) -> None:
    answers = await asyncio.gather(*(shop.post("/v1/test-clocks", NOW, key="k") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1


async def test_a_refusal_is_kept(shop: Shop) -> None:
    path = f"/v1/test-clocks/clk_{'a' * 20}/advance"
    first = await shop.post(path, {"by_days": 1}, key="k")
    again = await shop.post(path, {"by_days": 1}, key="k")
    assert (first.status_code, first.json()["code"]) == (404, "test_clock_unknown")
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == "application/problem+json"


async def test_a_request_without_its_form_uses_no_key_up(shop: Shop) -> None:
    assert (await shop.post("/v1/test-clocks", {"now": "soon"}, key="k")).status_code == 422
    assert (await shop.post("/v1/test-clocks", NOW, key="k")).status_code == 201


async def test_a_failure_of_ours_is_not_kept(parts: ApiParts, shop: Shop) -> None:
    hasty = create_app(parts=replace(parts, answer_seconds_max=0))
    transport = httpx.ASGITransport(app=hasty)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        failed = await replace(shop, http=http).post("/v1/test-clocks", NOW, key="k")
    assert (failed.status_code, failed.json()["code"]) == (503, "test_clock_busy")
    assert "retry-after" in failed.headers
    assert (await shop.post("/v1/test-clocks", NOW, key="k")).status_code == 201
