"""The life of payments, refunds and payouts over real HTTP."""

import pytest

from integrations.mpesa.client import MpesaClient
from integrations.mpesa.wire import ResultPurpose
from meqenet.errors import Defect
from meqenet.money import Money
from meqenet.payments.rail import PaymentAnswer, RailStatus, RefundAnswer
from tests.apps.sandboxes.mpesa.rig import sandboxed
from tests.integrations.mpesa.conftest import (
    Rail,
    new_order,
    push,
    refund_of,
    settings_for,
)

STATUS = ResultPurpose.PAYMENT_STATUS


async def test_a_payment_from_push_to_callback(rail: Rail) -> None:
    phone = await rail.sandbox.open_wallet("100.00")
    request = push(msisdn=phone, birr="20.55")
    pushed = await rail.port.push_payment(request=request)
    reference = pushed.provider_reference
    assert reference is not None
    assert reference.startswith("ws_CO_")
    assert pushed == PaymentAnswer(
        order_id=request.order_id, status=RailStatus.PENDING, provider_reference=reference
    )
    told = await rail.callback(order_id=request.order_id)
    assert told.receipt is not None
    assert told.occurred_at is not None
    assert told == PaymentAnswer(
        order_id=request.order_id,
        status=RailStatus.SUCCEEDED,
        provider_reference=reference,
        receipt=told.receipt,
        amount=request.amount,
        occurred_at=told.occurred_at,
    )
    assert str(await rail.sandbox.balance(f"wallet:{phone}")) == "79.45"


async def test_the_shopper_sees_reference_and_amount(rail: Rail) -> None:
    phone = await rail.sandbox.open_wallet("100.00")
    await rail.sandbox.control("POST", f"/phones/{phone}/mode", mode="manual")
    request = push(msisdn=phone)
    pushed = await rail.client.push_payment(request=request)
    (shown,) = await rail.sandbox.control("GET", f"/phones/{phone}/prompts")
    assert shown["account_reference"] == "PLN12"
    assert (shown["merchant_request_id"], shown["amount"]) == (request.order_id, "20.00")
    asked = await rail.client.ask_payment(
        order_id=request.order_id, provider_reference=pushed.provider_reference
    )
    assert asked.status is RailStatus.PENDING
    still = await rail.result(order_id=request.order_id, purpose=STATUS)
    assert still == PaymentAnswer(order_id=request.order_id, status=RailStatus.PENDING)
    await rail.sandbox.control("POST", f"/phones/{phone}/answer", pin="4321")
    assert (await rail.callback(order_id=request.order_id)).status is RailStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("phone", "code"),
    [
        ("251700000001", "1"),
        ("251700000002", "TP40087"),
        ("251700000003", "2006"),
        ("251700000004", "1032"),
        ("251700000005", "1037"),
        ("251700000006", "17"),
    ],
)
async def test_a_payment_that_fails_says_why_twice(rail: Rail, phone: str, code: str) -> None:
    """By callback, and again by the status query."""
    request = push(msisdn=phone)
    pushed = await rail.client.push_payment(request=request)
    assert pushed.status is RailStatus.PENDING
    told = await rail.callback(order_id=request.order_id)
    assert (told.status, told.failure_code) == (RailStatus.FAILED, code)
    await rail.client.ask_payment(order_id=request.order_id, provider_reference=None)
    asked = await rail.result(order_id=request.order_id, purpose=STATUS)
    assert (asked.status, asked.failure_code) == (RailStatus.FAILED, code)


@pytest.mark.parametrize("by_reference", [True, False])
async def test_the_status_of_a_payment(rail: Rail, *, by_reference: bool) -> None:
    request = push()
    pushed = await rail.client.push_payment(request=request)
    told = await rail.callback(order_id=request.order_id)
    reference = pushed.provider_reference if by_reference else None
    asked = await rail.port.ask_payment(order_id=request.order_id, provider_reference=reference)
    assert asked == PaymentAnswer(
        order_id=request.order_id, status=RailStatus.PENDING, provider_reference=reference
    )
    answered = await rail.result(order_id=request.order_id, purpose=STATUS)
    assert (answered.status, answered.receipt) == (RailStatus.SUCCEEDED, told.receipt)
    assert (answered.amount, answered.occurred_at) == (request.amount, told.occurred_at)


async def test_an_unknown_payment_is_not_found(rail: Rail) -> None:
    for reference in (None, "ws_CO_1"):
        asked = await rail.client.ask_payment(order_id="pln_x-i01-a1", provider_reference=reference)
        assert asked.status is RailStatus.NOT_FOUND


async def test_a_repeated_push_finds_the_first(rail: Rail) -> None:
    phone = await rail.sandbox.open_wallet("100.00")
    request = push(msisdn=phone)
    first = await rail.client.push_payment(request=request)
    await rail.callback(order_id=request.order_id)
    assert await rail.client.push_payment(request=request) == first
    assert str(await rail.sandbox.balance(f"wallet:{phone}")) == "80.00"


async def test_a_bad_phone_is_an_answer(rail: Rail) -> None:
    request = push(msisdn="251911223344")
    assert await rail.client.push_payment(request=request) == PaymentAnswer(
        order_id=request.order_id, status=RailStatus.FAILED, failure_code="400"
    )


async def test_a_refusal_at_once_is_an_answer(rail: Rail) -> None:
    request = push()
    await rail.sandbox.plan("stk_push", "refuse", subject=request.order_id, code="3007")
    assert await rail.client.push_payment(request=request) == PaymentAnswer(
        order_id=request.order_id, status=RailStatus.FAILED, failure_code="3007"
    )


async def test_a_refund_gives_everything_back(rail: Rail) -> None:
    phone = await rail.sandbox.open_wallet("100.00")
    request = push(msisdn=phone)
    await rail.client.push_payment(request=request)
    refund = refund_of(await rail.callback(order_id=request.order_id), msisdn=phone)
    assert await rail.port.reverse_payment(request=refund) == RefundAnswer(
        refund_id=refund.refund_id, status=RailStatus.PENDING
    )
    told = await rail.refund_result(refund_id=refund.refund_id, purpose=ResultPurpose.REVERSAL)
    assert told.receipt not in (None, refund.receipt)
    assert told.status is RailStatus.SUCCEEDED
    assert str(await rail.sandbox.balance(f"wallet:{phone}")) == "100.00"
    asked = await rail.port.ask_refund(refund_id=refund.refund_id)
    assert asked == RefundAnswer(refund_id=refund.refund_id, status=RailStatus.PENDING)
    purpose = ResultPurpose.REVERSAL_STATUS
    assert await rail.refund_result(refund_id=refund.refund_id, purpose=purpose) == told


async def test_a_repeated_refund_awaits_the_first(rail: Rail) -> None:
    phone = await rail.sandbox.open_wallet("100.00")
    request = push(msisdn=phone)
    await rail.client.push_payment(request=request)
    refund = refund_of(await rail.callback(order_id=request.order_id), msisdn=phone)
    for _ in range(2):
        answer = await rail.client.reverse_payment(request=refund)
        assert answer == RefundAnswer(refund_id=refund.refund_id, status=RailStatus.PENDING)
    assert str(await rail.sandbox.balance(f"wallet:{phone}")) == "100.00"


async def test_refunds_that_fail_or_are_unknown(rail: Rail) -> None:
    request = push()
    await rail.client.push_payment(request=request)
    paid = await rail.callback(order_id=request.order_id)
    part = refund_of(paid, msisdn=request.msisdn, birr="10")
    await rail.client.reverse_payment(request=part)
    told = await rail.refund_result(refund_id=part.refund_id, purpose=ResultPurpose.REVERSAL)
    assert (told.status, told.failure_code) == (RailStatus.FAILED, "17")
    await rail.client.ask_refund(refund_id=part.refund_id)
    purpose = ResultPurpose.REVERSAL_STATUS
    assert await rail.refund_result(refund_id=part.refund_id, purpose=purpose) == told
    unknown = await rail.client.ask_refund(refund_id="pln_x-i01-a1-r1")
    assert unknown.status is RailStatus.NOT_FOUND


async def test_a_refund_refused_at_once(rail: Rail) -> None:
    request = push()
    await rail.client.push_payment(request=request)
    refund = refund_of(await rail.callback(order_id=request.order_id), msisdn=request.msisdn)
    await rail.sandbox.plan("reversal", "refuse", subject=refund.refund_id, code="3007")
    assert await rail.client.reverse_payment(request=refund) == RefundAnswer(
        refund_id=refund.refund_id, status=RailStatus.FAILED, failure_code="3007"
    )


async def test_a_payout(rail: Rail) -> None:
    phone = await rail.sandbox.open_wallet("100.00")
    request = push(msisdn=phone)
    await rail.client.push_payment(request=request)
    await rail.callback(order_id=request.order_id)
    order_id, amount = new_order(), Money.from_birr("5.25")
    answer = await rail.port.pay_out(order_id=order_id, msisdn=phone, amount=amount)
    assert answer.status is RailStatus.PENDING
    assert answer.provider_reference is not None
    assert answer.provider_reference.startswith("AG_")
    again = await rail.client.pay_out(order_id=order_id, msisdn=phone, amount=amount)
    assert again == PaymentAnswer(order_id=order_id, status=RailStatus.PENDING)
    told = await rail.result(order_id=order_id, purpose=ResultPurpose.B2C)
    assert (told.status, told.amount) == (RailStatus.SUCCEEDED, amount)
    assert told.provider_reference == answer.provider_reference
    assert str(await rail.sandbox.balance(f"wallet:{phone}")) == "85.25"
    await rail.client.ask_payment(order_id=order_id, provider_reference=answer.provider_reference)
    asked = await rail.result(order_id=order_id, purpose=STATUS)
    assert (asked.status, asked.receipt) == (RailStatus.SUCCEEDED, told.receipt)


async def test_a_payout_that_fails(rail: Rail) -> None:
    order_id = new_order()
    answer = await rail.client.pay_out(
        order_id=order_id, msisdn="251799999999", amount=Money.from_birr(1)
    )
    assert answer.status is RailStatus.PENDING
    told = await rail.result(order_id=order_id, purpose=ResultPurpose.B2C)
    assert (told.status, told.failure_code) == (RailStatus.FAILED, "2040")


async def test_the_other_envelope_and_the_other_password(rail: Rail) -> None:
    async with sandboxed(envelope="KE") as place:
        kenyan = {"password_form": "KE", "stk_version": "v1"}
        till = {"transaction_type": "CustomerBuyGoodsOnline"}
        settings = settings_for(place, rail.sandbox.receiver, **kenyan, **till)
        client = MpesaClient(settings=settings, http=rail.http, clock=rail.clock)
        request = push()
        assert (await client.push_payment(request=request)).status is RailStatus.PENDING
        told = await rail.callback(order_id=request.order_id)
        assert told.status is RailStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("changed", "reference", "code"),
    [
        ({"passkey": "wrong"}, "PLN12", "mpesa_password_refused"),
        ({"password_form": "KE"}, "PLN12", "mpesa_password_refused"),
        ({"short_code": "111111"}, "PLN12", "mpesa_credentials_refused"),
        ({"consumer_key": "wrong"}, "PLN12", "mpesa_credentials_refused"),
        ({"consumer_secret": "wrong"}, "PLN12", "mpesa_credentials_refused"),
        ({"stk_version": "v1"}, "PLN12", "mpesa_request_refused"),
        ({"whole_amounts_only": True}, "PLN12", "mpesa_amount_not_whole"),
        ({}, "", "mpesa_account_reference"),
        ({}, "thirteen-long", "mpesa_account_reference"),
    ],
)
async def test_what_is_wrong_with_us_is_a_defect(
    rail: Rail, changed: dict[str, object], reference: str, code: str
) -> None:
    settings = settings_for(rail.sandbox.place, rail.sandbox.receiver, **changed)
    client = MpesaClient(settings=settings, http=rail.http, clock=rail.clock)
    request = push(birr="20.50")
    with pytest.raises(Defect) as caught:
        await client.push_payment(
            request=type(request)(**{**vars(request), "account_reference": reference})
        )
    assert caught.value.code == code


async def test_a_question_that_the_gateway_refuses_is_a_defect(rail: Rail) -> None:
    request = push()
    await rail.sandbox.plan("status", "refuse", subject=request.order_id, code="3007")
    with pytest.raises(Defect) as caught:
        await rail.client.ask_payment(order_id=request.order_id, provider_reference=None)
    assert caught.value.code == "mpesa_query_refused"


async def test_a_wrong_initiator_fails_the_payout_and_not_the_payment(rail: Rail) -> None:
    wrong = {"initiator_password": "wrong"}
    settings = settings_for(rail.sandbox.place, rail.sandbox.receiver, **wrong)
    client = MpesaClient(settings=settings, http=rail.http, clock=rail.clock)
    request = push()
    await client.push_payment(request=request)
    assert (await rail.callback(order_id=request.order_id)).status is RailStatus.SUCCEEDED
    await client.ask_payment(order_id=request.order_id, provider_reference=None)
    with pytest.raises(Defect) as caught:
        await rail.result(order_id=request.order_id, purpose=STATUS)
    assert caught.value.facts == {"result_code": "2001", "transaction_status": ""}
