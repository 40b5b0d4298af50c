"""Plans in lists: narrowed, page by page, and each merchant with its own."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.apps.checkout_api.conftest import Shop, with_key
from tests.backing import Databases

pytestmark = pytest.mark.usefixtures("reading")
ACCEPT = {"agreement_version": "2026-11"}


async def plans(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["plans"]
    return found


async def test_plans_are_listed_newest_first_page_by_page_to_many_readers_at_once(
    shop: Shop,
) -> None:
    made = [
        await shop.post("/v1/plans", shop.application(reference=f"order {n}")) for n in range(3)
    ]
    answers = await asyncio.gather(
        *(shop.get("/v1/plans", after=each) for each in made[1:] for _ in range(15))
    )
    assert {answer.status_code for answer in answers} == {200}
    order = [answer.json()["id"] for answer in reversed(made)]
    first = await shop.get("/v1/plans", after=made[-1], limit=2)
    assert [plan["id"] for plan in await plans(first)] == order[:2]
    newer = await shop.post("/v1/plans", shop.application(reference="opened meanwhile"))
    ended = await shop.post(f"/v1/plans/{order[0]}/cancel", {"reason": "changed their mind"})
    assert ended.json()["state"] == "cancelled"
    await shop.get("/v1/plans", after=newer)
    await shop.get("/v1/plans", after=ended)
    query = {"limit": 2, "after": first.json()["next_after"]}
    rest = await shop.http.get("/v1/plans", params=query, headers=headers(shop))
    assert [plan["id"] for plan in await plans(rest)] == order[2:]
    assert rest.json()["next_after"] is None


async def test_a_list_is_narrowed_by_what_is_asked_for(shop: Shop) -> None:
    clock = (await shop.post("/v1/test-clocks", {"now": "2026-11-23T20:59:59Z"})).json()
    early = await shop.post(
        "/v1/plans", shop.application(reference="early", test_clock=clock["id"])
    )
    path = f"/v1/test-clocks/{clock['id']}/advance"
    # A second later a new day begins in Addis Ababa.
    await shop.post(path, {"to": "2026-11-23T21:00:00Z"})
    late = await shop.post(
        "/v1/plans",
        shop.application(
            reference="late",
            option="pay_in_full",
            test_clock=clock["id"],
        ),
    )
    ended = await shop.post(f"/v1/plans/{early.json()['id']}/cancel", {"reason": "no"})
    await shop.get("/v1/plans", after=late)
    await shop.get("/v1/plans", after=ended)

    async def references(**query: str) -> list[str]:
        answer = await shop.http.get("/v1/plans", params=query, headers=headers(shop))
        return [plan["reference"] for plan in await plans(answer)]

    assert await references() == ["late", "early"]
    assert await references(state="cancelled") == ["early"]
    assert await references(option="pay_in_full") == ["late"]
    assert await references(reference="early") == ["early"]
    assert await references(to="2026-11-23") == ["early"]
    assert await references(**{"from": "2026-11-24"}) == ["late"]
    assert await references(**{"from": "2026-11-23", "to": "2026-11-24"}) == ["late", "early"]
    assert await references(option="pay_in_full", state="cancelled") == []


@pytest.mark.parametrize(
    ("query", "field", "rule"),
    [
        ({"state": "asleep"}, "state", "must be one of"),
        ({"option": "pay_in_5"}, "option", "must be one of"),
        ({"limit": "1000"}, "limit", "at most 100"),
        ({"limit": "many"}, "limit", "whole number"),
        ({"after": "1"}, "after", "form"),
        ({"reference": ""}, "reference", "at least 1"),
        ({"from": "23.11.2026"}, "from", "like 2026-11-23"),
        ({"to": "2026-02-30"}, "to", "like 2026-11-23"),
        ({"from": "2026-11-24", "to": "2026-11-23"}, "to", "not be a day before from"),
        ({"sate": "active"}, "sate", "no such field"),
    ],
)
async def test_what_cannot_be_listed_names_the_field_and_the_rule(
    keyholder: Shop, query: dict[str, str], field: str, rule: str
) -> None:
    for path in ("/v1/plans", "/v1/statement"):
        if path == "/v1/statement" and field in ("state", "option", "reference", "limit"):
            continue
        answer = await keyholder.http.get(path, params=query, headers=headers(keyholder))
        assert (answer.status_code, answer.json()["field"]) == (422, field)
        assert rule in answer.json()["detail"]


async def test_a_list_says_what_the_plan_itself_says_and_to_its_merchant_alone(
    shop: Shop, databases: Databases, unique: str
) -> None:
    applied = await shop.post("/v1/plans", shop.application())
    await shop.customer().log_in(applied.json()["next_action"])
    accepted = await shop.post(f"/v1/plans/{applied.json()['id']}/accept", ACCEPT)
    plan = accepted.json()
    (shown,) = await plans(await shop.get("/v1/plans", after=accepted))
    for name in ("id", "reference", "state", "option", "amount", "currency", "returned"):
        assert shown[name] == plan[name]
    for name in ("wallet_provider", "activated_on", "opened_at"):
        assert shown[name] == plan[name]
    assert (shown["total_payable"], shown["outstanding"]) == ("1000.00", "1000.00")
    assert shown["next_due_on"] == plan["schedule"][0]["due_on"]
    assert shown["merchant"]["payout_state"] == "scheduled"
    assert "customer" not in accepted.text
    assert "tier" not in shown
    other = await with_key(http=shop.http, databases=databases, unique=f"{unique}0")
    assert (await other.get("/v1/plans")).json() == {"plans": [], "next_after": None}
    for asking, after in ((other, plan["id"]), (shop, f"pln_{'a' * 20}")):
        answer = await asking.http.get(
            "/v1/plans", params={"after": after}, headers=headers(asking)
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "plan_unknown")


def headers(shop: Shop) -> dict[str, str]:
    return {"Authorization": f"Bearer {shop.api_key}"}
