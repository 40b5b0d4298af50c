"""Whatever goes wrong on the way, the money is where the query says that it is."""

import pytest

from meqenet.errors import Defect, OutcomeUnknown, Unavailable
from meqenet.identity import contract_number, refund_id
from meqenet.money import Money
from meqenet.payments.rail import MandateStatus, RailStatus, RefundPayment
from tests.apps.sandboxes.telebirr.worlds import (
    PAYER,
    World,
    debit_of,
    fresh_order,
    fresh_plan,
)


@pytest.mark.parametrize("outcome", ["timeout_after_commit", "error_after_commit"])
async def test_a_debit_that_was_taken_and_not_answered(world: World, outcome: str) -> None:
    await world.signed(plan := fresh_plan())
    request = debit_of(plan)
    before = await world.balance()
    await world.plan_fault(outcome, operation="disburseOrder")
    with pytest.raises(OutcomeUnknown) as unknown:
        await world.client.debit_mandate(request=request)
    assert unknown.value.code == "telebirr_outcome_unknown"
    queried = await world.client.query_payment(order_id=request.order_id)
    assert (queried.status, queried.amount) == (RailStatus.SUCCEEDED, request.amount)
    assert before - await world.balance() == request.amount


async def test_a_debit_that_never_arrived_looks_the_same_and_is_not_there(world: World) -> None:
    await world.signed(plan := fresh_plan())
    request = debit_of(plan)
    before = await world.balance()
    await world.plan_fault("timeout_before", operation="disburseOrder")
    with pytest.raises(OutcomeUnknown):
        await world.client.debit_mandate(request=request)
    queried = await world.client.query_payment(order_id=request.order_id)
    assert queried.status is RailStatus.NOT_FOUND
    assert await world.balance() == before


async def test_503_means_that_nothing_has_happened(world: World) -> None:
    await world.signed(plan := fresh_plan())
    request = debit_of(plan)
    await world.plan_fault("unavailable", operation="disburseOrder")
    with pytest.raises(Unavailable):
        await world.client.debit_mandate(request=request)
    assert (await world.client.debit_mandate(request=request)).status is RailStatus.SUCCEEDED


async def test_a_busy_gateway_is_unavailable(world: World) -> None:
    await world.signed(plan := fresh_plan())
    request = debit_of(plan)
    await world.plan_fault("refuse", operation="disburseOrder", code="49401024991")
    with pytest.raises(Unavailable):
        await world.client.debit_mandate(request=request)
    queried = await world.client.query_payment(order_id=request.order_id)
    assert queried.status is RailStatus.NOT_FOUND


async def test_a_final_refusal_is_an_answer_and_comes_with_http_299(world: World) -> None:
    await world.signed(plan := fresh_plan())
    request = debit_of(plan)
    await world.plan_fault("refuse", operation="disburseOrder", code="4003")
    answer = await world.client.debit_mandate(request=request)
    assert (answer.status, answer.failure_code) == (RailStatus.FAILED, "4003")
    seen = await world.control("GET", "/requests?last=1")
    assert (seen[0]["status"], seen[0]["reference"]) == (
        299,
        request.order_id.replace("_", "").replace("-", ""),
    )


async def test_after_a_refusal_that_nobody_knows_the_order_is_asked_for(world: World) -> None:
    await world.signed(plan := fresh_plan())
    request = debit_of(plan)
    await world.plan_fault("refuse", operation="disburseOrder", code="60209999")
    with pytest.raises(OutcomeUnknown, match="60209999"):
        await world.client.debit_mandate(request=request)
    queried = await world.client.query_payment(order_id=request.order_id)
    assert (queried.status, queried.failure_code) == (RailStatus.FAILED, "PAY_FAILED")


@pytest.mark.parametrize("outcome", ["timeout_after_commit", "timeout_before", "unavailable"])
async def test_a_question_that_is_not_answered_has_changed_nothing(
    world: World, outcome: str
) -> None:
    await world.open(order_id := fresh_order())
    await world.plan_fault(outcome, operation="queryOrder")
    with pytest.raises(Unavailable):
        await world.client.query_payment(order_id=order_id)
    assert (await world.client.query_payment(order_id=order_id)).status is RailStatus.PENDING


async def test_an_order_that_was_created_and_not_answered_is_opened_again(world: World) -> None:
    order_id = fresh_order()
    await world.plan_fault("timeout_after_commit", operation="preOrder")
    with pytest.raises(OutcomeUnknown):
        await world.open(order_id)
    assert (await world.client.query_payment(order_id=order_id)).status is RailStatus.PENDING
    opened = await world.open(order_id)
    assert (await world.pay(opened))["result"] == "success"


async def test_an_in_app_order_that_is_refused(world: World) -> None:
    await world.plan_fault("refuse", operation="createOrder", code="60209999")
    with pytest.raises(Defect) as refused:
        await world.open(fresh_order(plan := fresh_plan()), plan=plan)
    assert refused.value.facts == {"code": "60209999", "method": "payment.preorder"}


async def test_a_refund_that_was_made_and_not_answered(world: World) -> None:
    order_id = await world.paid()
    before = await world.balance()
    request = RefundPayment(
        refund_id=refund_id(attempt_id=order_id, number=1),
        order_id=order_id,
        receipt="unused",
        amount=Money.from_birr("250.00"),
        msisdn=PAYER,
    )
    await world.plan_fault("timeout_after_commit", operation="refund")
    with pytest.raises(OutcomeUnknown):
        await world.client.refund(request=request)
    assert (await world.client.refund(request=request)).status is RailStatus.SUCCEEDED
    assert await world.balance() - before == request.amount


async def test_a_cancellation_that_was_made_and_not_answered(world: World) -> None:
    plan = fresh_plan()
    contract_no = await world.signed(plan)
    await world.plan_fault("error_after_commit", operation="cancelMandate")
    with pytest.raises(OutcomeUnknown):
        await world.client.cancel_mandate(contract_no=contract_no, msisdn=PAYER, reason="done")
    mandate = await world.client.query_mandate(contract_no=contract_no)
    assert mandate.status is MandateStatus.ENDED


async def test_while_the_provider_is_down_everything_is_unavailable(world: World) -> None:
    contract_no = contract_number(plan_id=fresh_plan())
    await world.control("POST", "/down")
    try:
        with pytest.raises(Unavailable):
            await world.open(fresh_order())
        with pytest.raises(Unavailable):
            await world.client.query_mandate(contract_no=contract_no)
    finally:
        await world.control("POST", "/up")


async def test_an_order_that_nobody_pays_expires(own_world: World) -> None:
    opened = await own_world.open(order_id := fresh_order(), expires_minutes=1)
    own_world.clock.move(seconds=59)
    assert (await own_world.client.query_payment(order_id=order_id)).status is RailStatus.PENDING
    own_world.clock.move(seconds=1)
    answer = await own_world.client.query_payment(order_id=order_id)
    assert (answer.status, answer.failure_code) == (RailStatus.FAILED, "ORDER_CLOSED")
    typed = {"raw_request": opened.raw_request, "msisdn": PAYER, "pin": "123456"}
    late = await own_world.http.post(f"{own_world.place.control_url}/superapp/pay", json=typed)
    assert (late.status_code, late.json()["detail"]["code"]) == (409, "60320006")
