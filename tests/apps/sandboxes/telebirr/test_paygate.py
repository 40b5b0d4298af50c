"""The web page behind the checkout URL, used as a browser without JavaScript uses it."""

import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from integrations.telebirr.signing import canonical_string, load_public_key, verifies
from meqenet.identity import contract_number, wire_id
from meqenet.payments.rail import MandateStatus, RailStatus
from tests.apps.sandboxes.telebirr.merchants import PRE_ORDER, merchant_of
from tests.apps.sandboxes.telebirr.worlds import PAYER, PIN, World, fresh_order, fresh_plan

PAY = "/payment/web/paygate/pay"


def form_of(page: httpx.Response) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
    return {name: unescape(value) for name, value in found}


async def submit(world: World, page: httpx.Response, **typed: str) -> httpx.Response:
    assert f'action="{PAY}"' in page.text
    fields = {**form_of(page), "deed": "pay", "pin": PIN, "msisdn": PAYER, **typed}
    return await world.http.post(f"{world.place.base_url}{PAY}", data=fields)


@pytest.mark.parametrize("phone", ["0900000000", "251900000000", "+251 900 000 000", "900000000"])
async def test_a_customer_pays(world: World, phone: str) -> None:
    opened = await world.open(order_id := fresh_order())
    page = await world.http.get(opened.url)
    assert page.status_code == 200
    assert "250.00 birr" in page.text
    assert "Shoes and a bag" in page.text
    paid = await submit(world, page, msisdn=phone)
    assert paid.status_code == 200
    answer = await world.client.query_payment(order_id=order_id)
    assert answer.status is RailStatus.SUCCEEDED
    assert answer.receipt is not None
    assert answer.receipt in paid.text
    again = await world.http.get(opened.url)
    assert "Paid" in again.text
    assert "<form" not in again.text


@pytest.mark.parametrize("redirect", ["bare", "with_parameters"])
async def test_the_browser_returns_to_the_shop(world: World, redirect: str) -> None:
    await world.control("PATCH", "/rules", redirect=redirect)
    shop = "https://shop.example.et/thanks?cart=7"
    opened = await world.open(order_id := fresh_order(), return_url=shop)
    paid = await submit(world, await world.http.get(opened.url))
    assert paid.status_code == 303
    target = paid.headers["location"]
    assert target.startswith(shop)
    if redirect == "bare":
        assert target == shop
        return
    told = dict(parse_qsl(urlsplit(target).query))
    assert told.pop("cart") == "7"
    assert (told["merch_order_id"], told["trade_status"]) == (
        wire_id(meqenet_id=order_id),
        "PAY_SUCCESS",
    )
    assert verifies(
        text=canonical_string(message=told),
        signature=told["sign"],
        public_key=load_public_key(text=world.settings.sp_public_key),
    )


async def test_a_wrong_pin_may_be_typed_again_twice(world: World) -> None:
    opened = await world.open(order_id := fresh_order())
    page = await world.http.get(opened.url)
    for _ in range(2):
        page = await submit(world, page, pin="000000")
        assert page.status_code == 422
        assert "The PIN is wrong" in page.text
    page = await submit(world, page, pin="000000")
    assert page.status_code == 402
    assert "too often" in page.text
    answer = await world.client.query_payment(order_id=order_id)
    assert (answer.status, answer.failure_code) == (RailStatus.FAILED, "PAY_FAILED")


async def test_the_second_pin_may_be_right(world: World) -> None:
    opened = await world.open(fresh_order())
    page = await submit(world, await world.http.get(opened.url), pin="000000")
    assert "Receipt" in (await submit(world, page)).text


@pytest.mark.parametrize(
    "typed", [{"msisdn": "251700000000"}, {"msisdn": "abc"}, {"pin": "1234"}, {"pin": ""}]
)
async def test_what_is_no_phone_or_no_pin_changes_nothing(
    world: World, typed: dict[str, str]
) -> None:
    opened = await world.open(order_id := fresh_order())
    page = await submit(world, await world.http.get(opened.url), **typed)
    assert (page.status_code, "Give a telebirr number" in page.text) == (422, True)
    assert (await world.client.query_payment(order_id=order_id)).status is RailStatus.PENDING


async def test_a_customer_cancels(world: World) -> None:
    opened = await world.open(order_id := fresh_order(), return_url="https://shop.example.et/")
    page = await submit(world, await world.http.get(opened.url), deed="cancel", msisdn="", pin="")
    assert page.status_code == 402
    assert "You cancelled the payment" in page.text
    assert "https://shop.example.et/?merch_order_id=" in page.text
    answer = await world.client.query_payment(order_id=order_id)
    assert (answer.status, answer.failure_code) == (RailStatus.FAILED, "ORDER_CLOSED")


async def test_too_little_money_is_said(world: World) -> None:
    opened = await world.open(fresh_order())
    page = await submit(world, await world.http.get(opened.url), msisdn="251900000001")
    assert (page.status_code, "not enough money" in page.text) == (402, True)


async def test_a_phone_that_does_not_answer_leaves_the_order_waiting(world: World) -> None:
    opened = await world.open(fresh_order())
    page = await submit(world, await world.http.get(opened.url), msisdn="251900000005")
    assert (page.status_code, "does not answer" in page.text) == (422, True)
    assert "Receipt" in (await submit(world, page)).text


async def test_the_page_is_lost_after_the_payment(world: World) -> None:
    opened = await world.open(order_id := fresh_order())
    page = await world.http.get(opened.url)
    with pytest.raises(httpx.RemoteProtocolError):
        await submit(world, page, msisdn="251900000008")
    assert (await world.client.query_payment(order_id=order_id)).status is RailStatus.SUCCEEDED


async def test_the_title_is_text_and_no_markup(world: World) -> None:
    merchant = await merchant_of(world)
    biz = merchant.pre_order(callback_info="<b>", title="Mum's 'shoes', ጫማ")
    made = await merchant.post(PRE_ORDER, merchant.message("payment.preorder", biz))
    prepay_id = made.json()["biz_content"]["prepay_id"]
    page = await world.http.get(f"{world.settings.web_base_url}{merchant.raw_request(prepay_id)}")
    assert "Mum&#x27;s &#x27;shoes&#x27;, ጫማ" in page.text


async def test_a_signature_that_was_not_encoded_is_accepted(world: World) -> None:
    merchant = await merchant_of(world)
    made = await merchant.post(
        PRE_ORDER, merchant.message("payment.preorder", merchant.pre_order())
    )
    prepay_id = made.json()["biz_content"]["prepay_id"]
    raw = ""
    while "+" not in raw:
        raw = merchant.raw_request(prepay_id, encoded=False)
    url = f"{world.settings.web_base_url}{raw}&version=1.0&trade_type=Checkout"
    assert (await world.http.get(url)).status_code == 200
    assert (await world.http.get(url.replace("+", "%2B"))).status_code == 200


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"prepay_id": "0" * 40}, "60200099"),
        ({"sign": ""}, "60320006"),
        ({"nonce_str": "short"}, "60320006"),
        ({"appid": "c4182ef8-9249-458a-985e-06d191f4d505"}, "60320006"),
        ({"timestamp": "1"}, "60200099"),
    ],
)
async def test_a_changed_url_opens_nothing(world: World, change: dict[str, str], code: str) -> None:
    opened = await world.open(fresh_order())
    fields = {**dict(parse_qsl(opened.raw_request)), **change}
    page = await world.http.get(world.settings.web_base_url, params=fields)
    assert page.status_code == 400
    assert code in page.text
    assert ("error.common.param.must.be.number" in page.text) == ("appid" in change)


async def test_an_order_that_does_not_exist_opens_nothing(world: World) -> None:
    merchant = await merchant_of(world)
    page = await world.http.get(f"{world.settings.web_base_url}{merchant.raw_request('0' * 40)}")
    assert (page.status_code, "60320006" in page.text) == (400, True)


async def test_an_expired_order_cannot_be_paid(own_world: World) -> None:
    opened = await own_world.open(order_id := fresh_order(), expires_minutes=5)
    page = await own_world.http.get(opened.url)
    own_world.clock.move(minutes=5)
    late = await submit(own_world, page)
    assert (late.status_code, "time to pay is over" in late.text) == (402, True)
    (body,) = await own_world.inbox.of(wire_id(meqenet_id=order_id))
    assert b'"trade_status": "Expired"' in body


async def test_a_mandate_is_signed_on_the_page_too(world: World) -> None:
    plan = fresh_plan()
    opened = await world.open(fresh_order(plan), plan=plan)
    page = await world.http.get(opened.url)
    assert "without asking for the PIN" in page.text
    assert contract_number(plan_id=plan) in page.text
    await submit(world, page)
    mandate = await world.client.query_mandate(contract_no=contract_number(plan_id=plan))
    assert mandate.status is MandateStatus.ACTIVE


async def test_strictly_an_in_app_order_has_no_page(strict_world: World) -> None:
    plan = fresh_plan()
    opened = await strict_world.open(fresh_order(plan), plan=plan)
    page = await strict_world.http.get(opened.url)
    assert (page.status_code, "SuperApp" in page.text) == (400, True)
    assert (await strict_world.pay(opened))["result"] == "success"
