"""What Telebirr says, in our words. The sandbox's own signature stands for Telebirr's."""

import base64
import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from apps.sandboxes.telebirr.signing import signature
from integrations.telebirr import wire
from integrations.telebirr.errors import AnswerUnreadable
from integrations.telebirr.settings import TelebirrNotifySettings
from meqenet.errors import Refusal
from meqenet.money import Money
from meqenet.payments.rail import MandateStatus, RailStatus
from workers.settings import read

SP_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ORDER = "pln_abcdefghij0123456789-i02-a1"
WIRE_ORDER = "plnabcdefghij0123456789i02a1"
NOTIFY: dict[str, object] = {
    "notify_url": "https://api.example.et/callbacks/telebirr",
    "appid": "1234567890123456",
    "notify_time": "1670575472482",
    "merch_code": "101011",
    "merch_order_id": WIRE_ORDER,
    "payment_order_id": "00801104C911443200001002",
    "total_amount": "10.00",
    "trans_id": "CJD7GBOXIP",
    "trans_currency": "ETB",
    "trade_status": "Completed",
    "trans_end_time": "1670575472000",
    "callback_info": ORDER,
}


@pytest.fixture(scope="module")
def settings() -> TelebirrNotifySettings:
    public = SP_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return read(
        TelebirrNotifySettings,
        environment={
            "MEQENET_TELEBIRR_MERCHANT_APP_ID": "1234567890123456",
            "MEQENET_TELEBIRR_MERCHANT_CODE": "101011",
            "MEQENET_TELEBIRR_SP_PUBLIC_KEY": base64.b64encode(public).decode(),
        },
    )


def signed(**changes: object) -> dict[str, object]:
    fields = {name: value for name, value in {**NOTIFY, **changes}.items() if value is not None}
    return {**fields, "sign": signature(message=fields, key=SP_KEY), "sign_type": "SHA256WithRSA"}


def body(fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_a_callback_is_read(settings: TelebirrNotifySettings) -> None:
    notify = wire.parse_notify(body=body(signed()), settings=settings)
    assert (notify.merch_order_id, notify.order_id) == (WIRE_ORDER, ORDER)
    answer = notify.answer
    assert answer is not None
    assert answer.order_id == ORDER
    assert answer.status is RailStatus.SUCCEEDED
    assert answer.amount == Money.from_birr("10.00")
    assert (answer.receipt, answer.provider_reference) == ("CJD7GBOXIP", NOTIFY["payment_order_id"])
    assert answer.occurred_at == datetime(2022, 12, 9, 8, 44, 32, tzinfo=UTC)


def test_a_callback_that_does_not_echo_our_id_carries_the_wire_id_only(
    settings: TelebirrNotifySettings,
) -> None:
    notify = wire.parse_notify(body=body(signed(callback_info=None)), settings=settings)
    assert (notify.order_id, notify.answer) == (None, None)
    assert notify.answer_for(order_id=ORDER).order_id == ORDER
    with pytest.raises(ValueError, match="another order"):
        notify.answer_for(order_id=ORDER + "1")


def test_the_spelling_and_the_envelope_that_production_was_seen_to_use(
    settings: TelebirrNotifySettings,
) -> None:
    fields = signed()
    fields["transId"] = fields.pop("trans_id")
    notify = wire.parse_notify(body=body({"data": fields}), settings=settings)
    assert notify.answer is not None
    assert notify.answer.receipt == "CJD7GBOXIP"


@pytest.mark.parametrize("field", sorted(NOTIFY))
def test_a_callback_that_was_tampered_with_is_refused(
    settings: TelebirrNotifySettings, field: str
) -> None:
    for fields in (
        {**signed(), field: "999"},
        {name: value for name, value in signed().items() if name != field},
    ):
        with pytest.raises(Refusal) as refused:
            wire.parse_notify(body=body(fields), settings=settings)
        assert refused.value.code == "callback_signature_invalid"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "callback_malformed"),
        (b"\xff\xfe", "callback_malformed"),
        (b"[]", "callback_malformed"),
        (body(NOTIFY), "callback_signature_invalid"),
        (body({**signed(), "sign": 7}), "callback_signature_invalid"),
        (body({**signed(), "extra": []}), "callback_malformed"),
        (body(signed(merch_code="999999")), "callback_mismatch"),
        (body(signed(appid="9")), "callback_mismatch"),
        (body(signed(callback_info="pln_abcdefghij0123456789-i02-a2")), "callback_mismatch"),
        (body(signed(merch_order_id=None)), "callback_malformed"),
        (body(signed(trade_status="Dancing")), "callback_malformed"),
        (body(signed(trade_status=None)), "callback_malformed"),
        (body(signed(total_amount="10.001")), "callback_malformed"),
        (body(signed(trans_currency="USD")), "callback_malformed"),
    ],
)
def test_a_callback_that_means_nothing_is_refused(
    settings: TelebirrNotifySettings, text: bytes, code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        wire.parse_notify(body=text, settings=settings)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("word", "status", "failure_code"),
    [
        ("WAIT_PAY", RailStatus.PENDING, None),
        ("PAYING", RailStatus.PENDING, None),
        ("ACCEPTED", RailStatus.PENDING, None),
        ("PAY_SUCCESS", RailStatus.SUCCEEDED, None),
        ("PAY_FAILED", RailStatus.FAILED, "PAY_FAILED"),
        ("ORDER_CLOSED", RailStatus.FAILED, "ORDER_CLOSED"),
        ("REFUNDING", RailStatus.SUCCEEDED, None),
        ("REFUND_SUCCESS", RailStatus.SUCCEEDED, None),
        ("REFUND_FAILED", RailStatus.SUCCEEDED, None),
        ("Paying", RailStatus.PENDING, None),
        ("Pending", RailStatus.PENDING, None),
        ("Completed", RailStatus.SUCCEEDED, None),
        ("Failure", RailStatus.FAILED, "Failure"),
        ("Expired", RailStatus.FAILED, "Expired"),
    ],
)
@pytest.mark.parametrize("field", ["order_status", "trade_status"])
def test_both_vocabularies_are_read_under_both_names(
    field: str, word: str, status: RailStatus, failure_code: str | None
) -> None:
    answer = wire.read_payment(order_id=ORDER, fields={field: word})
    assert (answer.status, answer.failure_code) == (status, failure_code)


def test_two_names_may_agree_and_may_not_contradict() -> None:
    both = {"order_status": "PAY_SUCCESS", "trade_status": "Completed"}
    assert wire.read_payment(order_id=ORDER, fields=both).status is RailStatus.SUCCEEDED
    with pytest.raises(AnswerUnreadable, match="contradict"):
        wire.read_payment(
            order_id=ORDER, fields={"order_status": "PAY_SUCCESS", "trade_status": "WAIT_PAY"}
        )


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1670575472482", datetime(2022, 12, 9, 8, 44, 32, 482_000, tzinfo=UTC)),
        ("2022-12-09 11:44:32", datetime(2022, 12, 9, 8, 44, 32, tzinfo=UTC)),
        ("20221209114432", None),
        ("", None),
        (None, None),
    ],
)
def test_times(text: str | None, moment: datetime | None) -> None:
    assert wire.read_time(text) == moment


def test_a_debit_is_paid_once_it_names_the_time_of_payment() -> None:
    fields = {"payment_order_id": "p", "total_amount": "9.50"}
    assert wire.read_debit(order_id=ORDER, fields=fields).status is RailStatus.PENDING
    paid = wire.read_debit(
        order_id=ORDER, fields={**fields, "pay_success_time": "2022-12-09 11:44:32"}
    )
    assert (paid.status, paid.amount) == (RailStatus.SUCCEEDED, Money.from_birr("9.50"))


@pytest.mark.parametrize(
    ("word", "time", "status"),
    [
        ("REFUND_SUCCESS", "1670575472482", RailStatus.SUCCEEDED),
        ("REFUNDING", None, RailStatus.PENDING),
        ("REFUND_FAILED", None, RailStatus.FAILED),
        ("REFUND_DUPLICATED", "1670575472482", RailStatus.SUCCEEDED),
        ("REFUND_DUPLICATED", None, None),
    ],
)
def test_refunds(word: str, time: str | None, status: RailStatus | None) -> None:
    answer = wire.read_refund(
        refund_id="r", fields={"refund_status": word, "refund_time": time, "refund_order_id": "o"}
    )
    assert (answer.status if answer else None) is status


def test_an_unknown_refund_status_is_not_guessed() -> None:
    with pytest.raises(AnswerUnreadable, match="PAID_BACK"):
        wire.read_refund(refund_id="r", fields={"refund_status": "PAID_BACK"})


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("active", MandateStatus.ACTIVE),
        ("ACTIVE", MandateStatus.ACTIVE),
        ("cancelled", MandateStatus.ENDED),
        ("expired", MandateStatus.ENDED),
    ],
)
def test_mandates(word: str, status: MandateStatus) -> None:
    answer = wire.read_mandate(
        contract_no="1" * 32, fields={"status": word, "single_amount": "5000.00", "currency": "ETB"}
    )
    assert (answer.status, answer.debit_limit) == (status, Money.from_birr(5000))
    with pytest.raises(AnswerUnreadable, match="dormant"):
        wire.read_mandate(contract_no="1" * 32, fields={"status": "dormant"})
