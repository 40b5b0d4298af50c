"""Callbacks: signed, repeated until acknowledged, sometimes twice, sometimes never."""

import json

import pytest

from integrations.telebirr.wire import parse_notify
from meqenet.errors import Refusal
from meqenet.identity import wire_id
from meqenet.payments.rail import RailStatus
from tests.apps.sandboxes.telebirr.merchants import PRE_ORDER, merchant_of
from tests.apps.sandboxes.telebirr.worlds import PIN, World, debit_of, fresh_order, fresh_plan

FIELDS = {
    *("notify_url", "appid", "notify_time", "merch_code", "merch_order_id", "payment_order_id"),
    *("total_amount", "trans_id", "trans_currency", "trade_status", "trans_end_time"),
    *("callback_info", "sign", "sign_type"),
}


async def test_a_callback_has_the_documented_fields(world: World) -> None:
    order_id = await world.paid()
    (body,) = await world.inbox.of(wire_id(meqenet_id=order_id))
    told = json.loads(body)
    assert set(told) == FIELDS
    assert told["callback_info"] == order_id
    assert (told["total_amount"], told["trade_status"]) == ("250.00", "Completed")
    assert told["notify_time"] == "1795338000000"
    assert len(told["payment_order_id"]) == 24


@pytest.mark.parametrize(
    ("phone", "word", "status"),
    [
        ("251900000001", "Failure", RailStatus.FAILED),
        ("251900000004", "Failure", RailStatus.FAILED),
    ],
)
async def test_a_failure_is_told_too(
    world: World, phone: str, word: str, status: RailStatus
) -> None:
    order_id = fresh_order()
    await world.pay(await world.open(order_id), msisdn=phone)
    (body,) = await world.inbox.of(wire_id(meqenet_id=order_id))
    notify = parse_notify(body=body, settings=world.settings)
    assert notify.answer is not None
    assert (notify.answer.status, notify.answer.failure_code) == (status, word)
    assert notify.answer.receipt is None


async def test_an_expired_order_is_told(world: World) -> None:
    await world.open(order_id := fresh_order())
    number = wire_id(meqenet_id=order_id)
    await world.control("POST", f"/orders/{number}/expire")
    (body,) = await world.inbox.of(number)
    notify = parse_notify(body=body, settings=world.settings)
    assert notify.answer is not None
    assert (notify.answer.status, notify.answer.failure_code) == (RailStatus.FAILED, "Expired")


async def test_a_callback_is_repeated_until_it_is_acknowledged(world: World) -> None:
    world.inbox.answers = [500]
    order_id = await world.paid()
    number = wire_id(meqenet_id=order_id)
    first, second = await world.inbox.of(number, count=2)
    assert first == second
    sent = await world.control("GET", "/callbacks?last=1000")
    refused = [line for line in sent if line["reference"] == number and line["status"] == 500]
    assert [line["result"] for line in refused] == ["refused"]


@pytest.mark.parametrize("operation", ["checkout", "disburseOrder"])
async def test_a_callback_may_come_twice_or_first_or_never(world: World, operation: str) -> None:
    await world.signed(plan := fresh_plan())

    async def moved(installment: int) -> str:
        if operation == "checkout":
            return await world.paid()
        request = debit_of(plan, installment=installment)
        await world.client.debit_mandate(request=request)
        return request.order_id

    await world.plan_fault("duplicate_callback", operation=operation)
    twice = wire_id(meqenet_id=await moved(2))
    assert len(await world.inbox.of(twice, count=2)) == 2
    await world.plan_fault("callback_first", operation=operation)
    first = wire_id(meqenet_id=await moved(3))
    assert any(first.encode() in body for body in world.inbox.bodies), "before the answer"
    await world.plan_fault("drop_callback", operation=operation)
    never = wire_id(meqenet_id=await moved(4))
    sent = await world.control("GET", "/callbacks?last=1000")
    results = {line["reference"]: line["result"] for line in sent}
    assert (results[never], results[first]) == ("dropped", "acknowledged")


async def test_the_spelling_of_production_is_read(world: World) -> None:
    await world.control("PATCH", "/rules", notify_spelling="production")
    order_id = await world.paid()
    (body,) = await world.inbox.of(wire_id(meqenet_id=order_id))
    assert b'"transId"' in body
    notify = parse_notify(body=body, settings=world.settings)
    assert notify.answer == await world.client.query_payment(order_id=order_id)


async def test_a_callback_to_another_host_is_blocked_like_one_that_is_not_whitelisted(
    world: World,
) -> None:
    merchant = await merchant_of(world)
    biz = merchant.pre_order(notify_url="https://example.et/notify")
    made = await merchant.post(PRE_ORDER, merchant.message("payment.preorder", biz))
    raw_request = merchant.raw_request(made.json()["biz_content"]["prepay_id"])
    paid = await world.control(
        "POST", "/superapp/pay", raw_request=raw_request, msisdn="251900000000", pin=PIN
    )
    assert paid["result"] == "success"
    sent = await world.control("GET", "/callbacks?last=1000")
    results = [line["result"] for line in sent if line["reference"] == merchant.number]
    assert results == ["blocked"]


async def test_the_callback_of_one_order_does_not_pay_another(world: World) -> None:
    order_id = await world.paid()
    (body,) = await world.inbox.of(wire_id(meqenet_id=order_id))
    other = fresh_order()
    forged = body.replace(order_id.encode(), other.encode()).replace(
        wire_id(meqenet_id=order_id).encode(), wire_id(meqenet_id=other).encode()
    )
    assert forged != body
    with pytest.raises(Refusal) as refused:
        parse_notify(body=forged, settings=world.settings)
    assert refused.value.code == "callback_signature_invalid"
