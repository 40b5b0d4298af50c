"""Each well-known phone, at the checkout and under a mandate."""

import json

import pytest

from meqenet.errors import OutcomeUnknown, Unavailable
from meqenet.identity import contract_number, wire_id
from meqenet.money import Money
from meqenet.payments.rail import MandateStatus, RailStatus
from tests.apps.sandboxes.telebirr.worlds import (
    PIN,
    World,
    debit_of,
    fresh_order,
    fresh_plan,
)


def phone(digits: str) -> str:
    return f"2519000000{digits}"


@pytest.mark.parametrize(
    ("digits", "status", "failure_code", "code"),
    [
        ("00", RailStatus.SUCCEEDED, None, None),
        ("01", RailStatus.FAILED, "PAY_FAILED", "4003"),
        ("02", RailStatus.FAILED, "PAY_FAILED", "2002"),
        ("03", RailStatus.FAILED, "PAY_FAILED", "3007"),
        ("04", RailStatus.FAILED, "ORDER_CLOSED", "4009"),
        ("05", RailStatus.PENDING, None, None),
        ("06", RailStatus.FAILED, "PAY_FAILED", "4004"),
        ("07", RailStatus.SUCCEEDED, None, None),
        ("09", RailStatus.SUCCEEDED, None, None),
        ("10", RailStatus.SUCCEEDED, None, None),
        ("12", RailStatus.SUCCEEDED, None, None),
    ],
)
async def test_at_the_checkout(
    world: World, digits: str, status: RailStatus, failure_code: str | None, code: str | None
) -> None:
    order_id = fresh_order()
    before = await world.balance(phone(digits))
    paid = await world.pay(await world.open(order_id), msisdn=phone(digits))
    assert paid["code"] == code
    answer = await world.client.query_payment(order_id=order_id)
    assert (answer.status, answer.failure_code) == (status, failure_code)
    moved = before - await world.balance(phone(digits))
    assert moved.santim == (25_000 if status is RailStatus.SUCCEEDED else 0)


async def test_a_lost_answer_at_the_checkout_is_a_paid_order(world: World) -> None:
    opened = await world.open(order_id := fresh_order())
    pay = f"{world.place.control_url}/superapp/pay"
    typed = {"raw_request": opened.raw_request, "msisdn": phone("08"), "pin": PIN}
    assert (await world.http.post(pay, json=typed)).status_code == 504
    assert (await world.client.query_payment(order_id=order_id)).status is RailStatus.SUCCEEDED


async def test_a_checkout_that_is_unavailable_once(world: World) -> None:
    opened = await world.open(order_id := fresh_order())
    pay = f"{world.place.control_url}/superapp/pay"
    typed = {"raw_request": opened.raw_request, "msisdn": phone("11"), "pin": PIN}
    assert (await world.http.post(pay, json=typed)).status_code == 503
    assert (await world.client.query_payment(order_id=order_id)).status is RailStatus.PENDING
    assert (await world.http.post(pay, json=typed)).json()["result"] == "success"


async def signed(world: World, digits: str) -> str:
    """A plan whose mandate the phone has signed; every well-known phone does."""
    plan = fresh_plan()
    await world.signed(plan, msisdn=phone(digits))
    return plan


@pytest.mark.parametrize(
    ("digits", "status", "failure_code"),
    [
        ("00", RailStatus.SUCCEEDED, None),
        ("01", RailStatus.FAILED, "4003"),
        ("02", RailStatus.FAILED, "2002"),
        ("03", RailStatus.FAILED, "3007"),
        ("06", RailStatus.FAILED, "4004"),
        ("07", RailStatus.SUCCEEDED, None),
        ("09", RailStatus.SUCCEEDED, None),
        ("10", RailStatus.SUCCEEDED, None),
        ("12", RailStatus.SUCCEEDED, None),
    ],
)
async def test_under_a_mandate(
    world: World, digits: str, status: RailStatus, failure_code: str | None
) -> None:
    request = debit_of(await signed(world, digits))
    before = await world.balance(phone(digits))
    answer = await world.client.debit_mandate(request=request)
    assert (answer.status, answer.failure_code) == (status, failure_code)
    queried = await world.client.query_payment(order_id=request.order_id)
    assert queried.status is status
    moved = before - await world.balance(phone(digits))
    assert moved == (request.amount if status is RailStatus.SUCCEEDED else Money.zero())


async def test_a_debit_whose_answer_is_lost_is_found_by_its_id(world: World) -> None:
    request = debit_of(await signed(world, "08"))
    before = await world.balance(phone("08"))
    with pytest.raises(OutcomeUnknown):
        await world.client.debit_mandate(request=request)
    queried = await world.client.query_payment(order_id=request.order_id)
    assert (queried.status, queried.amount) == (RailStatus.SUCCEEDED, request.amount)
    assert before - await world.balance(phone("08")) == request.amount


async def test_a_debit_that_is_unavailable_once_can_be_sent_again(world: World) -> None:
    request = debit_of(await signed(world, "11"))
    with pytest.raises(Unavailable):
        await world.client.debit_mandate(request=request)
    queried = await world.client.query_payment(order_id=request.order_id)
    assert queried.status is RailStatus.NOT_FOUND
    assert (await world.client.debit_mandate(request=request)).status is RailStatus.SUCCEEDED


async def test_a_customer_who_declines_has_withdrawn_the_mandate(world: World) -> None:
    plan = await signed(world, "04")
    answer = await world.client.debit_mandate(request=debit_of(plan))
    assert (answer.status, answer.failure_code) == (RailStatus.FAILED, "60330006")
    mandate = await world.client.query_mandate(contract_no=contract_number(plan_id=plan))
    assert mandate.status is MandateStatus.ENDED


async def test_a_debit_that_stays_under_way_until_its_time_is_over(own_world: World) -> None:
    request = debit_of(await signed(own_world, "05"))
    answer = await own_world.client.debit_mandate(request=request)
    assert answer.status is RailStatus.PENDING
    own_world.clock.move(minutes=5)
    queried = await own_world.client.query_payment(order_id=request.order_id)
    assert (queried.status, queried.failure_code) == (RailStatus.FAILED, "ORDER_CLOSED")
    assert await own_world.balance(phone("05")) == Money.from_birr(1_000_000)


@pytest.mark.parametrize(
    ("digits", "count", "result"),
    [("10", 2, "acknowledged"), ("12", 1, "acknowledged"), ("09", 1, "dropped")],
)
async def test_callbacks_of_well_known_phones(
    world: World, digits: str, count: int, result: str
) -> None:
    order_id = await world.paid(msisdn=phone(digits))
    number = wire_id(meqenet_id=order_id)
    if result == "acknowledged":
        bodies = await world.inbox.of(number, count=count)
        assert {json.loads(body)["trade_status"] for body in bodies} == {"Completed"}
        assert len(set(bodies)) == 1
    sent = await world.control("GET", "/callbacks?last=1000")
    mine = [line["result"] for line in sent if line["reference"] == number]
    assert mine.count(result) == count
