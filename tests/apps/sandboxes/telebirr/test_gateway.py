"""What the gateway checks, as any client meets it over HTTP."""

import base64
import json
import logging

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from integrations.telebirr.signing import canonical_string, load_public_key, verifies
from meqenet.money import Money
from tests.apps.sandboxes.telebirr.merchants import PRE_ORDER, merchant_of
from tests.apps.sandboxes.telebirr.worlds import PAYER, PIN, World


@pytest.mark.parametrize("path", [PRE_ORDER, "/inapp/createOrder", "/merchant/inapp/createOrder"])
async def test_an_order_is_created_and_answered_signed(world: World, path: str) -> None:
    merchant = await merchant_of(world)
    message = merchant.message("payment.preorder", merchant.pre_order(), app_code="extra")
    answer = await merchant.post(path, message)
    assert answer.status_code == 200
    fields = answer.json()
    assert (fields["result"], fields["code"], fields["msg"]) == ("SUCCESS", "0", "success")
    biz = fields["biz_content"]
    assert biz["merch_order_id"] == merchant.number
    assert len(biz["prepay_id"]) == 40
    code = f"TELEBIRR$BUYGOODS${merchant.ids['merch_code']}$10.00${biz['prepay_id']}$120m"
    assert biz.get("receiveCode") == (None if path == PRE_ORDER else code)
    assert verifies(
        text=canonical_string(message=fields),
        signature=fields["sign"],
        public_key=load_public_key(text=world.settings.sp_public_key),
    )


async def test_a_pkcs1_signature_is_refused_with_its_cause(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    merchant = await merchant_of(world)
    message = merchant.message("payment.preorder", merchant.pre_order(callback_info=PAYER))
    text = canonical_string(message=message)
    raw = merchant.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    before = (await world.control("GET", "/signatures"))["refused"]["wrong_padding"]
    with caplog.at_level(logging.WARNING):
        answer = await merchant.post(PRE_ORDER, {**message, "sign": base64.b64encode(raw).decode()})
    assert answer.status_code == 500
    refusal = answer.json()
    assert refusal["errorCode"] == "60200099"
    assert "valid signature, wrong padding" in refusal["errorSolution"]
    assert "sign" not in refusal
    seen = await world.control("GET", "/signatures")
    assert seen["refused"]["wrong_padding"] == before + 1
    assert seen["last_refused_canonical_string"] == text
    assert text.replace(PAYER, "251#########") in caplog.text
    assert PAYER not in caplog.text
    orders = [order["merch_order_id"] for order in await world.control("GET", "/orders")]
    assert merchant.number not in orders


async def test_mandate_data_signed_as_text_is_refused_with_its_cause(world: World) -> None:
    merchant = await merchant_of(world)
    data = {"mctContractNo": "7" * 32, "mandateTemplateId": "207001", "executeTime": "2026-12-06"}
    biz = merchant.pre_order(trade_type="InApp", mandate_data=json.dumps(data))
    answer = await merchant.post("/inapp/createOrder", merchant.message("payment.preorder", biz))
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "49401024995")
    message = merchant.message("payment.preorder", {**biz, "mandate_data": data})
    text = canonical_string(message=message, nested="stringified")
    answer = await merchant.post("/inapp/createOrder", merchant.resigned(message, text=text))
    assert answer.json()["errorCode"] == "60200099"
    assert "must be flattened" in answer.json()["errorSolution"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"merch_order_id": "ORD_1"}, "merch_order_id"),
        ({"merch_order_id": "ORD-1"}, "merch_order_id"),
        ({"merch_order_id": "A" * 65}, "merch_order_id"),
        ({"title": "Shoes & more"}, "title"),
        ({"title": "100%"}, "title"),
        ({"title": None}, "title"),
        ({"total_amount": "10.001"}, "total_amount"),
        ({"total_amount": "0.00"}, "total_amount"),
        ({"total_amount": "-1"}, "total_amount"),
        ({"total_amount": "1,000"}, "total_amount"),
        ({"total_amount": "1" * 21}, "total_amount"),
        ({"total_amount": True}, "total_amount"),
        ({"trans_currency": "USD"}, "trans_currency"),
        ({"timeout_express": "0m"}, "timeout_express"),
        ({"timeout_express": "121m"}, "timeout_express"),
        ({"timeout_express": "1.5m"}, "timeout_express"),
        ({"timeout_express": "2h"}, "timeout_express"),
        ({"trade_type": "Barter"}, "trade_type"),
        ({"notify_url": "nowhere"}, "notify_url"),
        ({"notify_url": None}, "notify_url"),
        ({"appid": "c4182ef8-9249-458a-985e-06d191f4d505"}, "appid"),
    ],
)
async def test_fields_are_checked(world: World, change: dict[str, object], field: str) -> None:
    merchant = await merchant_of(world)
    message = merchant.message("payment.preorder", merchant.pre_order(**change))
    answer = await merchant.post(PRE_ORDER, message)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "49401024995")
    assert answer.json()["errorMsg"] == f"Parameter {field} is invalid"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"timestamp": "now"}, "timestamp"),
        ({"nonce_str": ""}, "nonce_str"),
        ({"version": "2.0"}, "version"),
        ({"sign_type": "HmacSHA256"}, "sign_type"),
        ({"method": "payment.refund"}, "method"),
        ({"biz_content": "{}"}, "biz_content"),
    ],
)
async def test_the_envelope_is_checked(world: World, change: dict[str, object], field: str) -> None:
    merchant = await merchant_of(world)
    message = merchant.message("payment.preorder", merchant.pre_order())
    answer = await merchant.post(PRE_ORDER, {**message, **change})
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "49401024995")
    assert answer.json()["errorMsg"] == f"Parameter {field} is invalid"


@pytest.mark.parametrize("field", ["appid", "merch_code"])
async def test_another_merchant_is_not_known(world: World, field: str) -> None:
    merchant = await merchant_of(world)
    biz = merchant.pre_order(**{field: "999999"})
    answer = await merchant.post(PRE_ORDER, merchant.message("payment.preorder", biz))
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "60200087")


@pytest.mark.parametrize("authorization", ["", "Bearer 0123", "nonsense"])
async def test_without_a_good_token_nothing_is_looked_at(world: World, authorization: str) -> None:
    merchant = await merchant_of(world)
    merchant.headers["Authorization"] = authorization
    answer = await merchant.post(PRE_ORDER, {})
    assert (answer.status_code, answer.json()["errorCode"]) == (401, "60200088")
    del merchant.headers["X-APP-Key"]
    answer = await merchant.post(PRE_ORDER, {})
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "49401024995")


async def test_a_business_refusal_carries_both_vocabularies_and_a_signature(world: World) -> None:
    merchant = await merchant_of(world)
    biz = {**merchant.ids, "merch_order_id": merchant.number}
    answer = await merchant.post(
        "/merchant/queryOrder", merchant.message("payment.queryorder", biz)
    )
    assert answer.status_code == 299
    fields = answer.json()
    assert fields["errorCode"] == fields["code"] == "60200404"
    assert fields["errorMsg"] == fields["msg"]
    assert fields["result"] == "FAIL"
    assert verifies(
        text=canonical_string(message=fields),
        signature=fields["sign"],
        public_key=load_public_key(text=world.settings.sp_public_key),
    )


async def paid_order(world: World, *, strict: bool) -> tuple[dict[str, str], str]:
    """An order of ten birr, paid in the app; its ids and its prepay_id."""
    merchant = await merchant_of(world)
    biz = merchant.pre_order() if strict else merchant.pre_order(total_amount=10)
    made = await merchant.post(PRE_ORDER, merchant.message("payment.preorder", biz))
    prepay_id = made.json()["biz_content"]["prepay_id"]
    await world.control(
        "POST", "/superapp/pay", raw_request=merchant.raw_request(prepay_id), msisdn=PAYER, pin=PIN
    )
    return {**merchant.ids, "merch_order_id": merchant.number}, prepay_id


async def test_known_habits_of_clients_are_taken(world: World) -> None:
    merchant = await merchant_of(world)
    ids, prepay_id = await paid_order(world, strict=False)
    by_prepay = {**merchant.ids, "prepay_id": prepay_id}
    answer = await merchant.post(
        "/merchant/queryOrder", merchant.message("payment.queryorder", by_prepay)
    )
    order = answer.json()["biz_content"]
    assert (order["order_status"], order["trade_status"]) == ("PAY_SUCCESS", "PAY_SUCCESS")
    assert order["merch_order_id"] == ids["merch_order_id"]
    refund = {
        **merchant.ids,
        "payment_order_id": order["payment_order_id"],
        "refund_request_no": "RFD-1_a",
        "refund_amount": "4.00",
    }
    answer = await merchant.post("/merchant/refund", merchant.message("payment.refund", refund))
    assert answer.json()["biz_content"]["refund_status"] == "REFUND_SUCCESS"
    mandate = {
        "appid": merchant.ids["appid"],
        "merch_short_code": merchant.ids["merch_code"],
        "merch_contract_no": "8" * 32,
    }
    answer = await merchant.post(
        "/mandates/query", merchant.message("payment.disbursement", mandate)
    )
    assert answer.json()["code"] == "60330006"
    without = merchant.pre_order(business_type=None, timeout_express=None)
    answer = await merchant.post(PRE_ORDER, merchant.message("payment.preorder", without))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("path", "method", "change"),
    [
        (PRE_ORDER, "payment.preorder", {"total_amount": 10}),
        (PRE_ORDER, "payment.preorder", {"business_type": None}),
        ("/merchant/queryOrder", "payment.queryorder", {"merch_order_id": None, "prepay_id": "p"}),
        ("/merchant/refund", "payment.refund", {"actual_amount": None, "refund_amount": "1.00"}),
        ("/merchant/refund", "payment.refund", {"trans_currency": None}),
        ("/merchant/refund", "payment.refund", {"merch_order_id": None, "payment_order_id": "p"}),
    ],
)
async def test_strict_follows_the_documents(
    strict_world: World, path: str, method: str, change: dict[str, object]
) -> None:
    merchant = await merchant_of(strict_world)
    biz = merchant.pre_order() | {"refund_request_no": "R1", "actual_amount": "1.00"}
    biz = {name: value for name, value in {**biz, **change}.items() if value is not None}
    answer = await merchant.post(path, merchant.message(method, biz))
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "49401024995")


async def test_strict_takes_what_the_documents_say(strict_world: World) -> None:
    merchant = await merchant_of(strict_world)
    ids, _ = await paid_order(strict_world, strict=True)
    refund = ids | {
        "refund_request_no": "R1",
        "actual_amount": "10.00",
        "trans_currency": "ETB",
        "refund_reason": "returned",
    }
    answer = await merchant.post("/merchant/refund", merchant.message("payment.refund", refund))
    assert answer.json()["biz_content"]["refund_status"] == "REFUND_SUCCESS"
    mandate = {"appid": ids["appid"], "merch_short_code": ids["merch_code"]}
    mandate["merch_contract_no"] = "8" * 32
    answer = await merchant.post(
        "/mandates/query", merchant.message("payment.disbursement", mandate)
    )
    assert answer.json()["errorCode"] == "49401024995"


async def test_our_client_needs_no_leniency(strict_world: World) -> None:
    order_id = await strict_world.paid()
    answer = await strict_world.client.query_payment(order_id=order_id)
    assert answer.amount == Money.from_birr("250.00")
