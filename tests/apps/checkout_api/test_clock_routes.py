"""Test clocks over HTTP."""

from datetime import datetime, timedelta
from typing import Any

from tests.apps.checkout_api.conftest import Shop, with_key
from tests.backing import Databases

NOW = "2026-11-23T06:00:00Z"


async def made(shop: Shop, now: str = NOW) -> dict[str, Any]:
    answer = await shop.post("/v1/test-clocks", {"now": now})
    assert answer.status_code == 201, answer.text
    clock: dict[str, Any] = answer.json()
    return clock


async def test_a_clock_stands_still_until_it_is_advanced(shop: Shop) -> None:
    clock = await made(shop, "2026-11-23T09:00:00+03:00")
    assert (clock["now"], clock["status"], clock["plans"]) == (NOW, "ready", [])
    path = f"/v1/test-clocks/{clock['id']}"
    by_days = (await shop.post(f"{path}/advance", {"by_days": 14})).json()
    assert (by_days["now"], by_days["status"]) == ("2026-12-07T06:00:00Z", "ready")
    to = (await shop.post(f"{path}/advance", {"to": "2026-12-08T00:00:00Z"})).json()
    assert to["now"] == "2026-12-08T00:00:00Z"
    assert (await shop.get(path)).json() == to


async def test_without_a_time_a_clock_shows_the_present(shop: Shop) -> None:
    clock = (await shop.post("/v1/test-clocks", {})).json()
    now = datetime.fromisoformat(clock["now"])
    assert abs(datetime.now(now.tzinfo) - now) < timedelta(minutes=5)


async def test_a_clock_does_not_go_back(shop: Shop) -> None:
    clock = await made(shop)
    path = f"/v1/test-clocks/{clock['id']}/advance"
    answer = await shop.post(path, {"to": "2026-11-22T06:00:00Z"})
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        422,
        "test_clock_backwards",
        "to",
    )


async def test_another_merchants_clock_is_not_there(
    shop: Shop, databases: Databases, unique: str
) -> None:
    clock = await made(shop)
    other = await with_key(http=shop.http, databases=databases, unique=f"{unique}0")
    path = f"/v1/test-clocks/{clock['id']}"
    for answer in (
        await other.get(path),
        await other.post(f"{path}/advance", {"by_days": 1}),
        await shop.get(f"/v1/test-clocks/clk_{'a' * 20}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "test_clock_unknown")


async def test_a_plan_lives_by_its_clock(shop: Shop) -> None:
    clock = await made(shop)
    applied = await shop.post("/v1/plans", shop.application(test_clock=clock["id"]))
    plan = applied.json()
    assert (applied.status_code, plan["test_clock"]) == (201, clock["id"])
    assert plan["opened_at"] == NOW
    path = f"/v1/test-clocks/{clock['id']}"
    assert (await shop.get(path)).json()["plans"] == [plan["id"]]
    advanced = await shop.post(f"{path}/advance", {"by_days": 2})
    assert advanced.json()["status"] == "ready"
    expired = await shop.get(f"/v1/plans/{plan['id']}")
    assert expired.json()["state"] == "expired"


async def test_a_plan_is_not_started_on_a_clock_that_is_not_there(
    shop: Shop, databases: Databases, unique: str
) -> None:
    other = await with_key(http=shop.http, databases=databases, unique=f"{unique}0")
    theirs = (await other.post("/v1/test-clocks", {"now": NOW})).json()["id"]
    for clock in (theirs, f"clk_{'a' * 20}"):
        answer = await shop.post("/v1/plans", shop.application(test_clock=clock))
        assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
            422,
            "test_clock_unknown",
            "test_clock",
        )
