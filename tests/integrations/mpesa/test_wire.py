"""Callbacks and Results as the documents and sister systems spell them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.mpesa.wire import ResultPurpose, parse_result, parse_stk_callback
from meqenet.errors import Defect, Refusal
from meqenet.money import Money
from meqenet.payments.rail import PaymentAnswer, RailStatus, RefundAnswer

ORDER = "pln_abc-i02-a1"
CHECKOUT = "ws_CO_090420261115402742615"
PAID: dict[str, Any] = {
    "MerchantRequestID": ORDER,
    "CheckoutRequestID": CHECKOUT,
    "ResultCode": 0,
    "ResultDesc": "The service request is processed successfully.",
    "CallbackMetadata": {
        "Item": [
            {"Name": "Amount", "Value": 1725.56},
            {"Name": "MpesaReceiptNumber", "Value": "RHJ4BTOYS8"},
            {"Name": "Balance"},
            {"Name": "TransactionDate", "Value": 20260409111540},
            {"Name": "PhoneNumber", "Value": 251700404709},
        ]
    },
}


def body_of(callback: dict[str, Any], *, envelope: str = "ET") -> bytes:
    body = {"Body": {"stkCallback": callback}}
    return json.dumps({"Envelope": body} if envelope == "ET" else body).encode()


@pytest.mark.parametrize("envelope", ["ET", "KE"])
def test_a_paid_push_in_either_envelope(envelope: str) -> None:
    assert parse_stk_callback(order_id=ORDER, body=body_of(PAID, envelope=envelope)) == (
        PaymentAnswer(
            order_id=ORDER,
            status=RailStatus.SUCCEEDED,
            provider_reference=CHECKOUT,
            receipt="RHJ4BTOYS8",
            amount=Money(172556),
            occurred_at=datetime(2026, 4, 9, 8, 15, 40, tzinfo=UTC),
        )
    )


def test_a_success_spelt_as_text() -> None:
    callback = {**PAID, "ResultCode": "0"}
    answer = parse_stk_callback(order_id=ORDER, body=body_of(callback))
    assert answer.status is RailStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("spelt", "code"), [(1, "1"), ("1032", "1032"), (1037, "1037"), ("TP40087", "TP40087")]
)
def test_any_other_code_is_a_failure_verbatim(spelt: object, code: str) -> None:
    callback = {**PAID, "ResultCode": spelt}
    del callback["CallbackMetadata"]
    assert parse_stk_callback(order_id=ORDER, body=body_of(callback)) == PaymentAnswer(
        order_id=ORDER,
        status=RailStatus.FAILED,
        provider_reference=CHECKOUT,
        failure_code=code,
    )


def test_a_callback_for_another_order_is_refused() -> None:
    with pytest.raises(Refusal) as caught:
        parse_stk_callback(order_id="pln_abc-i02-a2", body=body_of(PAID))
    assert caught.value.code == "callback_order_mismatch"
    assert ORDER not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"Envelope": 1}',
        b'{"Body": {"stkCallback": []}}',
        body_of({"MerchantRequestID": ORDER}),
        body_of({**PAID, "ResultCode": None}),
        body_of({**PAID, "ResultCode": ""}),
        body_of({**PAID, "CallbackMetadata": "x"}),
        body_of(
            {**PAID, "CallbackMetadata": {"Item": [{"Name": "Amount", "Value": "a lot"}]}},
        ),
        body_of({**PAID, "CallbackMetadata": {"Item": [{"Name": "Amount", "Value": 1.005}]}}),
    ],
)
def test_what_is_no_callback_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        parse_stk_callback(order_id=ORDER, body=body)
    assert caught.value.code in {"callback_unreadable", "callback_order_mismatch"}


def test_an_unreadable_date_does_not_lose_the_payment() -> None:
    items = [{"Name": "MpesaReceiptNumber", "Value": "RHJ4BTOYS8"}, {"Name": "TransactionDate"}]
    callback = {**PAID, "CallbackMetadata": {"Item": items}}
    answer = parse_stk_callback(order_id=ORDER, body=body_of(callback))
    assert (answer.status, answer.receipt) == (RailStatus.SUCCEEDED, "RHJ4BTOYS8")
    assert (answer.amount, answer.occurred_at) == (None, None)


def result_of(**changed: object) -> bytes:
    result = {
        "ResultType": 0,
        "ResultCode": 0,
        "ResultDesc": "done",
        "OriginatorConversationID": ORDER,
        "ConversationID": "AG_20260409_00007a4f1ab2c3d4e5f6",
        "TransactionID": "RHJ4BTOYS9",
        "ReferenceData": {"ReferenceItem": {"Key": "QueueTimeoutURL", "Value": "https://x"}},
        **changed,
    }
    return json.dumps({"Result": result}).encode()


def parameters(**named: object) -> dict[str, Any]:
    return {"ResultParameter": [{"Key": key, "Value": value} for key, value in named.items()]}


def test_a_payout_that_was_made() -> None:
    given = parameters(
        TransactionReceipt="RHJ4BTOYS9",
        TransactionAmount=250.5,
        TransactionCompletedDateTime="09.04.2026 11:15:40",
        ReceiverPartyPublicName="251700404709 - Abebe",
    )
    result = parse_result(body=result_of(ResultParameters=given))
    assert result.payment_answer(order_id=ORDER, purpose=ResultPurpose.B2C) == PaymentAnswer(
        order_id=ORDER,
        status=RailStatus.SUCCEEDED,
        provider_reference="AG_20260409_00007a4f1ab2c3d4e5f6",
        receipt="RHJ4BTOYS9",
        amount=Money(25050),
        occurred_at=datetime(2026, 4, 9, 8, 15, 40, tzinfo=UTC),
    )
    assert "Abebe" not in repr(result)


@pytest.mark.parametrize(("spelt", "code"), [(2040, "2040"), ("R000001", "R000001")])
def test_a_deed_that_failed_keeps_its_code(spelt: object, code: str) -> None:
    result = parse_result(body=result_of(ResultCode=spelt, TransactionID="0"))
    payout = result.payment_answer(order_id=ORDER, purpose=ResultPurpose.B2C)
    assert (payout.status, payout.failure_code, payout.receipt) == (RailStatus.FAILED, code, None)
    refund = result.refund_answer(refund_id=ORDER, purpose=ResultPurpose.REVERSAL)
    assert refund == RefundAnswer(
        refund_id=ORDER, status=RailStatus.FAILED, receipt=None, failure_code=code
    )


def test_a_reversal_that_was_made() -> None:
    result = parse_result(body=result_of())
    assert result.refund_answer(refund_id=ORDER, purpose=ResultPurpose.REVERSAL) == RefundAnswer(
        refund_id=ORDER, status=RailStatus.SUCCEEDED, receipt="RHJ4BTOYS9"
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            parameters(ReceiptNo="RHJ4BTOYS8", TransactionStatus="Completed", Amount=10),
            PaymentAnswer(
                order_id=ORDER,
                status=RailStatus.SUCCEEDED,
                receipt="RHJ4BTOYS8",
                amount=Money(1000),
            ),
        ),
        (
            parameters(TransactionStatus="Pending", Amount=10),
            PaymentAnswer(order_id=ORDER, status=RailStatus.PENDING),
        ),
        (
            parameters(TransactionStatus="Cancelled", TransactionReason="1032"),
            PaymentAnswer(order_id=ORDER, status=RailStatus.FAILED, failure_code="1032"),
        ),
        (
            {"ResultParameter": {"Key": "TransactionStatus", "Value": "Declined"}},
            PaymentAnswer(order_id=ORDER, status=RailStatus.FAILED, failure_code="Declined"),
        ),
    ],
)
def test_the_state_of_a_payment(given: dict[str, Any], expected: PaymentAnswer) -> None:
    body = result_of(ResultParameters=given, OriginatorConversationID="the query's own")
    result = parse_result(body=body)
    assert result.payment_answer(order_id=ORDER, purpose=ResultPurpose.PAYMENT_STATUS) == expected


def test_an_unknown_transaction_was_not_found() -> None:
    result = parse_result(body=result_of(ResultCode="R000002"))
    payment = result.payment_answer(order_id=ORDER, purpose=ResultPurpose.PAYMENT_STATUS)
    refund = result.refund_answer(refund_id=ORDER, purpose=ResultPurpose.REVERSAL_STATUS)
    assert payment.status is refund.status is RailStatus.NOT_FOUND


@pytest.mark.parametrize(
    "body",
    [
        result_of(ResultCode=2001),
        result_of(),
        result_of(ResultParameters=parameters(TransactionStatus="Mislaid")),
    ],
)
def test_a_failed_question_says_nothing_of_the_payment(body: bytes) -> None:
    result = parse_result(body=body)
    with pytest.raises(Defect) as caught:
        result.payment_answer(order_id=ORDER, purpose=ResultPurpose.PAYMENT_STATUS)
    assert caught.value.code == "mpesa_query_refused"
    with pytest.raises(Defect):
        result.refund_answer(refund_id=ORDER, purpose=ResultPurpose.REVERSAL_STATUS)


def test_a_deed_of_another_order_is_refused() -> None:
    result = parse_result(body=result_of(OriginatorConversationID="pln_other-i01-a1"))
    with pytest.raises(Refusal) as caught:
        result.payment_answer(order_id=ORDER, purpose=ResultPurpose.B2C)
    assert caught.value.code == "callback_order_mismatch"
    with pytest.raises(Refusal):
        result.refund_answer(refund_id=ORDER, purpose=ResultPurpose.REVERSAL)


def test_a_purpose_answers_its_own_kind_only() -> None:
    result = parse_result(body=result_of())
    with pytest.raises(ValueError, match="purpose"):
        result.payment_answer(order_id=ORDER, purpose=ResultPurpose.REVERSAL)
    with pytest.raises(ValueError, match="purpose"):
        result.refund_answer(refund_id=ORDER, purpose=ResultPurpose.PAYMENT_STATUS)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"Result": 1}', b'{"Result": {}}'])
def test_what_is_no_result_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        parse_result(body=body)
    assert caught.value.code == "callback_unreadable"
