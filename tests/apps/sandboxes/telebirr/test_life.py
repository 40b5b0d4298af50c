"""An order, a mandate and a refund through their whole life, with our client, over HTTP."""

import asyncio
from datetime import UTC, datetime

import pytest

from integrations.ports.wallets import Telebirr
from integrations.telebirr.wire import parse_notify
from meqenet.errors import Defect, OutcomeUnknown
from meqenet.identity import contract_number, refund_id, wire_id
from meqenet.money import Money
from meqenet.payments.rail import MandateStatus, RailStatus, RefundAnswer, RefundPayment
from tests.apps.sandboxes.telebirr.worlds import (
    PAYER,
    World,
    debit_of,
    fresh_order,
    fresh_plan,
)


def test_the_client_is_the_port(world: World) -> None:
    port: Telebirr = world.client
    assert port.mandate_link(contract_no="1" * 32).startswith("merchant://10000000016?")


async def test_an_order_is_paid(world: World) -> None:
    order_id = fresh_order()
    assert (await world.client.query_payment(order_id=order_id)).status is RailStatus.NOT_FOUND
    opened = await world.open(order_id)
    waiting = await world.client.query_payment(order_id=order_id)
    assert (waiting.status, waiting.receipt) == (RailStatus.PENDING, None)
    wallet, books = await world.balance(), await world.books()
    assert (await world.pay(opened))["result"] == "success"
    answer = await world.client.query_payment(order_id=order_id)
    assert answer.order_id == order_id
    assert answer.status is RailStatus.SUCCEEDED
    assert answer.amount == Money.from_birr("250.00")
    assert answer.occurred_at == datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert answer.receipt is not None
    assert len(answer.receipt) == 10
    merchant = f"merchant:{world.settings.merchant_code}"
    assert wallet - await world.balance() == Money.from_birr(250)
    taken = (await world.books())[merchant] - books.get(merchant, Money.zero())
    assert taken == Money.from_birr(250)


async def test_the_callback_says_the_same_as_the_query(world: World) -> None:
    order_id = await world.paid()
    (body,) = await world.inbox.of(wire_id(meqenet_id=order_id))
    notify = parse_notify(body=body, settings=world.settings)
    assert notify.order_id == order_id
    assert notify.answer == await world.client.query_payment(order_id=order_id)


async def test_an_order_of_the_same_id_is_the_same_order(world: World) -> None:
    order_id = fresh_order()
    first, second = await world.open(order_id), await world.open(order_id)
    assert first.provider_reference == second.provider_reference
    with pytest.raises(Defect) as other_amount:
        await world.open(order_id, amount="1.00")
    assert other_amount.value.facts["code"] == "1004"
    await world.pay(first)
    with pytest.raises(Defect, match="1004"):
        await world.open(order_id)
    await world.control("PATCH", "/rules", duplicate_order="reject")
    await world.open(another := fresh_order())
    with pytest.raises(Defect, match="1004"):
        await world.open(another)


async def test_a_mandate_is_signed_with_the_first_payment_and_debited(world: World) -> None:
    plan = fresh_plan()
    contract_no = contract_number(plan_id=plan)
    absent = await world.client.query_mandate(contract_no=contract_no)
    assert absent.status is MandateStatus.ABSENT
    await world.paid(plan=plan)
    mandate = await world.client.query_mandate(contract_no=contract_no)
    assert mandate.status is MandateStatus.ACTIVE
    assert mandate.debit_limit == Money.from_birr(100_000)
    before = await world.balance()
    request = debit_of(plan)
    answer = await world.client.debit_mandate(request=request)
    assert answer.status is RailStatus.SUCCEEDED
    assert answer.amount == request.amount
    assert before - await world.balance() == request.amount
    queried = await world.client.query_payment(order_id=request.order_id)
    assert (queried.status, queried.occurred_at) == (answer.status, answer.occurred_at)
    assert queried.provider_reference == answer.provider_reference
    assert queried.receipt is not None
    (body,) = await world.inbox.of(wire_id(meqenet_id=request.order_id))
    notify = parse_notify(body=body, settings=world.settings)
    assert (notify.order_id, notify.answer) == (None, None)
    assert notify.answer_for(order_id=request.order_id) == queried


async def test_a_debit_under_a_used_id_is_asked_for_and_not_repeated(world: World) -> None:
    plan = fresh_plan()
    await world.signed(plan)
    request = debit_of(plan)
    await world.client.debit_mandate(request=request)
    before = await world.balance()
    with pytest.raises(OutcomeUnknown, match="1004"):
        await world.client.debit_mandate(request=request)
    assert await world.balance() == before
    queried = await world.client.query_payment(order_id=request.order_id)
    assert queried.status is RailStatus.SUCCEEDED


async def test_a_mandate_ends_once_and_for_all(world: World) -> None:
    plan = fresh_plan()
    contract_no = contract_number(plan_id=plan)
    await world.client.cancel_mandate(contract_no=contract_no, msisdn=PAYER, reason="never signed")
    await world.signed(plan)
    for _ in range(2):
        await world.client.cancel_mandate(contract_no=contract_no, msisdn=PAYER, reason="paid off")
    ended = await world.client.query_mandate(contract_no=contract_no)
    assert ended.status is MandateStatus.ENDED
    request = debit_of(plan)
    refused = await world.client.debit_mandate(request=request)
    assert (refused.status, refused.failure_code) == (RailStatus.FAILED, "60330006")
    queried = await world.client.query_payment(order_id=request.order_id)
    assert queried.status is RailStatus.NOT_FOUND
    link = world.client.mandate_link(contract_no=contract_no)
    again = await world.http.post(
        f"{world.place.control_url}/superapp/sign",
        json={"link": link, "msisdn": PAYER, "pin": "123456"},
    )
    assert (again.status_code, again.json()["detail"]["code"]) == (409, "3016")


async def test_only_the_payer_can_end_a_mandate(world: World) -> None:
    contract_no = await world.signed(fresh_plan())
    with pytest.raises(Defect, match="3016"):
        await world.client.cancel_mandate(
            contract_no=contract_no, msisdn="251911000000", reason="not mine"
        )


def refund_of(order_id: str, *, amount: str, number: int = 1) -> RefundPayment:
    return RefundPayment(
        refund_id=refund_id(attempt_id=order_id, number=number),
        order_id=order_id,
        receipt="unused",
        amount=Money.from_birr(amount),
        msisdn=PAYER,
    )


async def asked(world: World, request: RefundPayment) -> RefundAnswer:
    return await world.client.query_refund(
        refund_id=request.refund_id, order_id=request.order_id, receipt=request.receipt
    )


async def test_a_payment_is_given_back_once_per_refund_id(world: World) -> None:
    order_id = await world.paid()
    before = await world.balance()
    part = refund_of(order_id, amount="100.00")
    assert (await asked(world, part)).status is RailStatus.NOT_FOUND
    first = await world.client.refund(request=part)
    assert (await asked(world, part)).status is RailStatus.SUCCEEDED
    assert first.status is RailStatus.SUCCEEDED
    assert await world.client.refund(request=part) == first
    assert await world.balance() - before == Money.from_birr(100)
    too_much = await world.client.refund(request=refund_of(order_id, amount="150.01", number=2))
    assert (too_much.status, too_much.failure_code) == (RailStatus.FAILED, "3016")
    last = refund_of(order_id, amount="150.00", number=3)
    assert (await asked(world, last)).status is RailStatus.NOT_FOUND
    rest = await world.client.refund(request=last)
    assert rest.status is RailStatus.SUCCEEDED
    assert await world.balance() - before == Money.from_birr(250)
    order = await world.client.query_payment(order_id=order_id)
    assert order.status is RailStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("REFUND_SUCCESS", RailStatus.SUCCEEDED), ("REFUND_FAILED", RailStatus.FAILED)],
)
async def test_a_refund_may_take_its_time(world: World, outcome: str, status: RailStatus) -> None:
    await world.control("PATCH", "/rules", refund="held")
    order_id = await world.paid()
    request = refund_of(order_id, amount="250.00")
    for _ in range(2):
        assert (await world.client.refund(request=request)).status is RailStatus.PENDING
    over = await world.client.refund(request=refund_of(order_id, amount="1.00", number=2))
    assert over.status is RailStatus.PENDING
    assert (await asked(world, request)).status is RailStatus.PENDING
    number = wire_id(meqenet_id=request.refund_id)
    await world.control("POST", f"/refunds/{number}/release", outcome=outcome)
    assert (await world.client.refund(request=request)).status is status
    assert (await asked(world, request)).status is status


async def test_an_unpaid_order_cannot_be_given_back(world: World) -> None:
    await world.open(order_id := fresh_order())
    answer = await world.client.refund(request=refund_of(order_id, amount="1.00"))
    assert (answer.status, answer.failure_code) == (RailStatus.FAILED, "3016")
    unknown = await world.client.refund(request=refund_of(fresh_order(), amount="1.00"))
    assert (unknown.status, unknown.failure_code) == (RailStatus.FAILED, "60200404")


async def test_one_order_takes_money_once_however_often_it_is_sent(world: World) -> None:
    await world.signed(plan := fresh_plan())
    request = debit_of(plan)
    opened = await world.open(order_id := fresh_order())
    typed = {"raw_request": opened.raw_request, "msisdn": PAYER, "pin": "123456"}
    before = await world.balance()
    pay = f"{world.place.control_url}/superapp/pay"
    answers = await asyncio.gather(*(world.http.post(pay, json=typed) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    debits = await asyncio.gather(
        *(world.client.debit_mandate(request=request) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(debit, OutcomeUnknown) for debit in debits) == 4
    assert before - await world.balance() == request.amount + Money.from_birr(250)
    for number in (order_id, request.order_id):
        answer = await world.client.query_payment(order_id=number)
        assert answer.status is RailStatus.SUCCEEDED
