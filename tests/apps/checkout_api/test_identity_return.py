"""The browser comes back from Fayda: to the shop, or to a page that says what to do."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from apps.sandboxes.fayda.people import WELL_KNOWN_PEOPLE
from tests.apps.checkout_api.conftest import Shop

RETURN = "/v1/identity/fayda/return"


async def applied(shop: Shop, **changes: object) -> dict[str, Any]:
    answer = await shop.post("/v1/plans", shop.application(**changes))
    assert answer.status_code == 201, answer.text
    plan: dict[str, Any] = answer.json()
    return plan


async def logged_in(shop: Shop, plan: dict[str, Any]) -> str:
    """Log in at Fayda; where it sends the browser."""
    answer = await shop.http.post(
        f"{shop.controls['fayda']}/login",
        json={
            "authorization_url": plan["next_action"]["url"],
            "fan": WELL_KNOWN_PEOPLE["abebe"].number,
        },
    )
    answer.raise_for_status()
    return str(answer.json()["redirect_to"])


def state_of(plan: dict[str, Any]) -> str:
    url = str(plan["next_action"]["url"])
    return parse_qs(urlsplit(url).query)["state"][0]


def is_a_page(answer: httpx.Response) -> bool:
    return (
        answer.headers["content-type"].startswith("text/html")
        and "default-src 'none'" in answer.headers["content-security-policy"]
        and 'lang="am"' in answer.text
    )


@pytest.mark.parametrize(
    ("return_url", "expected"),
    [
        ("https://shop.example/thanks", "https://shop.example/thanks?plan={plan}"),
        ("https://shop.example/t?o=1&s=a%2Bb", "https://shop.example/t?o=1&s=a%2Bb&plan={plan}"),
        ("http://shop.example/t?", "http://shop.example/t?plan={plan}"),
    ],
)
async def test_the_shopper_goes_back_to_the_shop(
    shop: Shop, return_url: str, expected: str
) -> None:
    plan = await applied(shop, return_url=return_url)
    back = await shop.http.get(await logged_in(shop, plan))
    assert back.status_code == 303
    assert back.headers["location"] == expected.format(plan=plan["id"])
    found = await shop.get(f"/v1/plans/{plan['id']}")
    assert found.json()["state"] == "offered"


async def test_without_a_shop_to_go_to_there_is_a_page_that_says_how_to_go_on(shop: Shop) -> None:
    plan = await applied(shop)
    unfinished = await shop.http.get(
        RETURN, params={"state": state_of(plan), "error": "access_denied"}
    )
    assert (unfinished.status_code, is_a_page(unfinished)) == (200, True)
    assert "was not confirmed" in unfinished.text
    found = (await shop.get(f"/v1/plans/{plan['id']}")).json()
    assert found["state"] == "identity_required"
    assert found["next_action"]["url"] != plan["next_action"]["url"]

    forged = await shop.http.get(RETURN, params={"state": f"{plan['id']}.forged", "code": "c"})
    assert (forged.status_code, is_a_page(forged)) == (409, True)
    assert "newest login" in forged.text

    address = await logged_in(shop, found)
    back = await shop.http.get(address)
    assert (back.status_code, is_a_page(back)) == (200, True)
    assert "Thank you" in back.text
    # Reloading the page changes nothing.
    again = await shop.http.get(address)
    assert (again.status_code, again.text) == (200, back.text)

    awaited = await shop.http.get(RETURN, params={"state": state_of(found), "code": "another"})
    assert (awaited.status_code, is_a_page(awaited)) == (409, True)
    unknown = await shop.http.get(RETURN, params={"state": f"pln_{'a' * 20}.x", "code": "c"})
    assert (unknown.status_code, is_a_page(unknown)) == (409, True)


@pytest.mark.parametrize(
    "query", ["", "state=x&code=y", "code=y", f"state=pln_{'a' * 20}.x", "error=access_denied"]
)
async def test_an_address_that_is_not_complete_is_a_page(
    http: httpx.AsyncClient, query: str
) -> None:
    answer = await http.get(f"{RETURN}?{query}")
    assert (answer.status_code, is_a_page(answer)) == (400, True)
