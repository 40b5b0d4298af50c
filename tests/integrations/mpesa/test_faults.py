"""What goes wrong on the way, and what we may conclude from it."""

import asyncio

import httpx
import pytest

from integrations.mpesa.client import MpesaClient
from integrations.mpesa.wire import ResultPurpose
from meqenet.errors import OutcomeUnknown, Unavailable
from meqenet.money import Money
from meqenet.payments.rail import PaymentAnswer, RailStatus
from tests.apps.sandboxes.mpesa.rig import calling, sandboxed
from tests.integrations.mpesa.conftest import Rail, new_order, push, refund_of, settings_for

STATUS = ResultPurpose.PAYMENT_STATUS


async def state_of(rail: Rail, order_id: str) -> PaymentAnswer:
    """Ask by our own id, which is all that is known after a lost answer."""
    asked = await rail.client.ask_payment(order_id=order_id, provider_reference=None)
    if asked.status is not RailStatus.PENDING:
        return asked
    return await rail.result(order_id=order_id, purpose=STATUS)


@pytest.mark.parametrize("outcome", ["timeout_after_commit", "error_after_commit"])
async def test_an_answer_lost_after_the_commit(rail: Rail, outcome: str) -> None:
    phone = await rail.sandbox.open_wallet("100.00")
    request = push(msisdn=phone)
    await rail.sandbox.plan("stk_push", outcome, subject=request.order_id)
    with pytest.raises(OutcomeUnknown) as caught:
        await rail.client.push_payment(request=request)
    assert caught.value.code == "mpesa_outcome_unknown"
    known = await state_of(rail, request.order_id)
    assert (known.status, known.amount) == (RailStatus.SUCCEEDED, request.amount)
    assert (await rail.callback(order_id=request.order_id)).receipt == known.receipt
    assert str(await rail.sandbox.balance(f"wallet:{phone}")) == "80.00"


async def test_an_answer_lost_before_the_commit(rail: Rail) -> None:
    request = push()
    await rail.sandbox.plan("stk_push", "timeout_before", subject=request.order_id)
    with pytest.raises(OutcomeUnknown):
        await rail.client.push_payment(request=request)
    assert (await state_of(rail, request.order_id)).status is RailStatus.NOT_FOUND
    assert (await rail.client.push_payment(request=request)).status is RailStatus.PENDING
    assert (await rail.callback(order_id=request.order_id)).status is RailStatus.SUCCEEDED


async def test_an_answer_that_takes_too_long(rail: Rail) -> None:
    settings = settings_for(rail.sandbox.place, rail.sandbox.receiver, answer_timeout_seconds=1)
    client = MpesaClient(settings=settings, http=rail.http, clock=rail.clock)
    request = push()
    await rail.sandbox.plan(
        "stk_push", "timeout_after_commit", subject=request.order_id, delay_ms=60_000
    )
    with pytest.raises(OutcomeUnknown):
        await client.push_payment(request=request)
    assert (await state_of(rail, request.order_id)).status is RailStatus.SUCCEEDED


async def test_a_gateway_that_takes_nothing(rail: Rail) -> None:
    request = push()
    await rail.sandbox.plan("stk_push", "unavailable", subject=request.order_id)
    with pytest.raises(Unavailable) as caught:
        await rail.client.push_payment(request=request)
    assert caught.value.code == "mpesa_unavailable"
    assert (await state_of(rail, request.order_id)).status is RailStatus.NOT_FOUND


async def test_a_gateway_that_is_down(rail: Rail) -> None:
    await rail.client.push_payment(request=push())
    await rail.sandbox.control("POST", "/down")
    for attempt in (
        rail.client.push_payment(request=push()),
        rail.client.ask_payment(order_id=new_order(), provider_reference=None),
        rail.client.pay_out(order_id=new_order(), msisdn="251700000000", amount=Money(100)),
    ):
        with pytest.raises(Unavailable):
            await attempt


async def test_a_gateway_that_is_not_there(rail: Rail) -> None:
    settings = settings_for(
        rail.sandbox.place, rail.sandbox.receiver, base_url="http://127.0.0.1:1"
    )
    client = MpesaClient(settings=settings, http=rail.http, clock=rail.clock)
    with pytest.raises(Unavailable) as caught:
        await client.push_payment(request=push())
    assert caught.value.code == "mpesa_unreachable"


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("timeout_before", "mpesa_unavailable"),
        ("timeout_after_commit", "mpesa_unavailable"),
        ("error_after_commit", "mpesa_unavailable"),
        ("unavailable", "mpesa_unavailable"),
    ],
)
async def test_a_question_that_gets_no_answer_changes_nothing(
    rail: Rail, outcome: str, code: str
) -> None:
    request = push()
    await rail.client.push_payment(request=request)
    await rail.callback(order_id=request.order_id)
    await rail.sandbox.plan("status", outcome, subject=request.order_id)
    with pytest.raises(Unavailable) as caught:
        await rail.client.ask_payment(order_id=request.order_id, provider_reference=None)
    assert caught.value.code == code


async def test_lost_answers_of_refunds_and_payouts(rail: Rail) -> None:
    phone = await rail.sandbox.open_wallet("100.00")
    request = push(msisdn=phone)
    await rail.client.push_payment(request=request)
    refund = refund_of(await rail.callback(order_id=request.order_id), msisdn=phone)
    await rail.sandbox.plan("reversal", "timeout_after_commit", subject=refund.refund_id)
    with pytest.raises(OutcomeUnknown):
        await rail.client.reverse_payment(request=refund)
    await rail.client.ask_refund(refund_id=refund.refund_id)
    told = await rail.refund_result(
        refund_id=refund.refund_id, purpose=ResultPurpose.REVERSAL_STATUS
    )
    assert told.status is RailStatus.SUCCEEDED
    other = push(msisdn=phone)
    await rail.client.push_payment(request=other)
    await rail.callback(order_id=other.order_id)
    order_id = new_order()
    await rail.sandbox.plan("b2c", "error_after_commit", subject=order_id)
    with pytest.raises(OutcomeUnknown):
        await rail.client.pay_out(order_id=order_id, msisdn=phone, amount=Money(100))
    known = await state_of(rail, order_id)
    assert (known.status, known.amount) == (RailStatus.SUCCEEDED, Money(100))
    told_too = await rail.result(order_id=order_id, purpose=ResultPurpose.B2C)
    assert told_too.receipt == known.receipt


async def test_a_callback_that_never_comes(rail: Rail) -> None:
    request = push()
    await rail.sandbox.plan("stk_push", "drop_callback", subject=request.order_id)
    await rail.client.push_payment(request=request)
    known = await ask_until_known(rail, rail.client, request.order_id)
    assert known.status is RailStatus.SUCCEEDED
    log = await rail.sandbox.control("GET", "/callbacks")
    said = [line["result"] for line in log if line["reference"] == request.order_id]
    assert said == ["dropped"]


async def test_a_callback_that_comes_twice(rail: Rail) -> None:
    request = push()
    await rail.sandbox.plan("stk_push", "duplicate_callback", subject=request.order_id)
    await rail.client.push_payment(request=request)
    first = await rail.callback(order_id=request.order_id)
    assert await rail.callback(order_id=request.order_id) == first


async def test_a_callback_that_comes_before_the_answer(rail: Rail) -> None:
    request = push()
    await rail.sandbox.plan("stk_push", "callback_first", subject=request.order_id)
    pushing = asyncio.create_task(rail.client.push_payment(request=request))
    told = await rail.callback(order_id=request.order_id)
    assert told.status is RailStatus.SUCCEEDED
    assert (await pushing).provider_reference == told.provider_reference


async def test_the_token_is_renewed_once(rail: Rail) -> None:
    assert (await rail.client.push_payment(request=push())).status is RailStatus.PENDING
    await rail.sandbox.http.post("/_sandbox/tokens/expire")
    assert (await rail.client.push_payment(request=push())).status is RailStatus.PENDING
    request = push()
    await rail.sandbox.plan(
        "stk_push", "refuse", subject=request.order_id, times=2, code="404.001.03"
    )
    with pytest.raises(Unavailable) as caught:
        await rail.client.push_payment(request=request)
    assert caught.value.code == "mpesa_token_refused"
    assert (await rail.client.push_payment(request=request)).status is RailStatus.PENDING


async def test_many_requests_share_a_token_until_its_last_tenth(rail: Rail) -> None:
    async with (
        sandboxed() as place,
        calling(place=place, receiver=rail.sandbox.receiver) as sandbox,
    ):
        settings = settings_for(place, rail.sandbox.receiver)
        client = MpesaClient(settings=settings, http=rail.http, clock=rail.clock)

        async def tokens_given() -> int:
            log = await sandbox.control("GET", "/requests")
            return sum(line["path"] == "/v1/token/generate" for line in log)

        before = await tokens_given()
        await asyncio.gather(*(client.push_payment(request=push()) for _ in range(5)))
        assert await tokens_given() - before == 1
        rail.clock.advance(seconds=3599 * 9 // 10)
        await client.push_payment(request=push())
        assert await tokens_given() - before == 1
        rail.clock.advance(seconds=1)
        await client.push_payment(request=push())
        assert await tokens_given() - before == 2


@pytest.mark.parametrize("outcome", ["unavailable", "timeout_before", "error_after_commit"])
async def test_without_a_token_nothing_is_sent(rail: Rail, outcome: str) -> None:
    request = push()
    await rail.sandbox.plan("token", outcome)
    with pytest.raises(Unavailable):
        await rail.client.push_payment(request=request)
    assert (await state_of(rail, request.order_id)).status is RailStatus.NOT_FOUND


async def test_the_phones_with_faults(rail: Rail) -> None:
    """Well-known numbers 08 to 12 need no control API."""
    lost = push(msisdn="251700000008")
    with pytest.raises(OutcomeUnknown):
        await rail.client.push_payment(request=lost)
    assert (await state_of(rail, lost.order_id)).status is RailStatus.SUCCEEDED
    never = push(msisdn="251700000009")
    await rail.client.push_payment(request=never)
    twice = push(msisdn="251700000010")
    await rail.client.push_payment(request=twice)
    first = await rail.callback(order_id=twice.order_id)
    assert await rail.callback(order_id=twice.order_id) == first
    once = push(msisdn="251700000011")
    with pytest.raises(Unavailable):
        await rail.client.push_payment(request=once)
    assert (await rail.client.push_payment(request=once)).status is RailStatus.PENDING
    assert (await rail.callback(order_id=once.order_id)).status is RailStatus.SUCCEEDED
    early = push(msisdn="251700000012")
    await rail.client.push_payment(request=early)
    assert not rail.sandbox.receiver.arrived[
        f"/v1/callbacks/mpesa/an-unguessable-segment/stk/{early.order_id}"
    ].empty()
    known = await ask_until_known(rail, rail.client, never.order_id)
    assert known.status is RailStatus.SUCCEEDED
    log = await rail.sandbox.control("GET", "/callbacks")
    said = [line["result"] for line in log if line["reference"] == never.order_id]
    assert said == ["dropped"]


async def test_the_phone_whose_callback_is_late(rail: Rail) -> None:
    """Late by seconds; a sandbox that stops sends what is outstanding at once."""
    receiver = rail.sandbox.receiver
    request = push(msisdn="251700000007")
    async with sandboxed() as place, httpx.AsyncClient() as http:
        settings = settings_for(place, receiver)
        client = MpesaClient(settings=settings, http=http, clock=rail.clock)
        await client.push_payment(request=request)
        known = await ask_until_known(rail, client, request.order_id)
        assert known.status is RailStatus.SUCCEEDED
        path = f"/v1/callbacks/mpesa/an-unguessable-segment/stk/{request.order_id}"
        assert receiver.arrived[path].empty()
    late = await rail.callback(order_id=request.order_id)
    assert (late.status, late.receipt) == (known.status, known.receipt)


async def ask_until_known(rail: Rail, client: MpesaClient, order_id: str) -> PaymentAnswer:
    while True:
        await client.ask_payment(order_id=order_id, provider_reference=None)
        known = await rail.result(order_id=order_id, purpose=STATUS)
        if known.status is not RailStatus.PENDING:
            return known
