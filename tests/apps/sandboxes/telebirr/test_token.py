import asyncio

import httpx
import pytest

from integrations.telebirr.client import TelebirrClient
from integrations.telebirr.signing import fresh_nonce
from meqenet.errors import Defect, Unavailable
from meqenet.payments.rail import RailStatus
from tests.apps.sandboxes.telebirr.worlds import World, fresh_order, settings_of


async def tokens_issued(world: World) -> int:
    seen = await world.control("GET", "/requests?last=1000")
    return sum(request["path"].endswith("/payment/v1/token") for request in seen)


async def test_a_token_is_shared_and_renewed_before_it_expires(own_world: World) -> None:
    ask = own_world.client.query_payment
    await asyncio.gather(*(ask(order_id=fresh_order()) for _ in range(5)))
    assert await tokens_issued(own_world) == 1
    own_world.clock.move(minutes=49, seconds=59)
    await ask(order_id=fresh_order())
    assert await tokens_issued(own_world) == 1
    own_world.clock.move(seconds=1)
    await ask(order_id=fresh_order())
    assert await tokens_issued(own_world) == 2


async def test_a_refused_token_is_renewed_once_and_the_call_repeated(own_world: World) -> None:
    order_id = fresh_order()
    await own_world.open(order_id)
    await own_world.control("DELETE", "/tokens")
    answers = await asyncio.gather(
        *(own_world.client.query_payment(order_id=order_id) for _ in range(3))
    )
    assert {answer.status for answer in answers} == {RailStatus.PENDING}
    assert await tokens_issued(own_world) == 2


async def test_the_provider_forgets_a_token_after_an_hour(own_world: World) -> None:
    url = f"{own_world.place.base_url}/payment/v1/token"
    headers = {"X-APP-Key": own_world.settings.fabric_app_id}
    secret = {"appSecret": own_world.settings.app_secret.get_secret_value()}
    token = (await own_world.http.post(url, json=secret, headers=headers)).json()
    assert token["token"].startswith("Bearer ")
    assert len(token["token"]) == len("Bearer ") + 32
    assert (token["effectiveDate"], token["expirationDate"]) == ("20261122120000", "20261122130000")

    async def status() -> int:
        answer = await own_world.http.post(
            f"{own_world.place.base_url}/payment/v1/merchant/queryOrder",
            json={},
            headers={**headers, "Authorization": token["token"]},
        )
        return answer.status_code

    assert await status() == 400
    own_world.clock.move(minutes=59, seconds=59)
    assert await status() == 400
    own_world.clock.move(seconds=1)
    assert await status() == 401


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({}, {"appSecret": "x" * 32}, 400, "49401024995"),
        ({"X-APP-Key": "k"}, {}, 400, "49401024995"),
        ({"X-APP-Key": "k"}, {"appSecret": "short"}, 400, "49401024995"),
        ({"X-APP-Key": "k"}, {"appSecret": "x" * 32}, 401, "49401031101"),
        ({"X-APP-Key": "k"}, [], 400, "49401024995"),
    ],
)
async def test_a_token_is_given_for_key_and_secret_only(
    world: World, headers: dict[str, str], body: object, status: int, code: str
) -> None:
    url = f"{world.place.base_url}/apiaccess/payment/gateway/payment/v1/token"
    answer = await world.http.post(url, json=body, headers=headers)
    assert (answer.status_code, answer.json()["errorCode"]) == (status, code)


async def test_wrong_credentials_are_a_defect(world: World) -> None:
    settings = settings_of(world.place, notify_url=world.inbox.url, app_secret="0" * 32)
    client = TelebirrClient(
        settings=settings, http=world.http, clock=world.clock, nonce=fresh_nonce
    )
    with pytest.raises(Defect) as refused:
        await client.query_payment(order_id=fresh_order())
    assert refused.value.code == "telebirr_credentials_refused"
    assert "0" * 32 not in str(refused.value)


async def test_without_a_token_nothing_has_happened(own_world: World) -> None:
    for outcome in ("timeout_before", "unavailable"):
        await own_world.plan_fault(outcome, operation="token")
        with pytest.raises(Unavailable):
            await own_world.open(fresh_order())
    assert await own_world.control("GET", "/orders") == []


async def test_a_gateway_that_cannot_be_reached_is_unavailable(world: World) -> None:
    settings = settings_of(world.place, notify_url=world.inbox.url, base_url="http://127.0.0.1:9")
    async with httpx.AsyncClient(trust_env=False) as http:
        client = TelebirrClient(settings=settings, http=http, clock=world.clock, nonce=fresh_nonce)
        with pytest.raises(Unavailable):
            await client.query_payment(order_id=fresh_order())
