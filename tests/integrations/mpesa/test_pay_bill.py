"""A customer pays to our short code: asked, told, and true only by M-PESA's own answer."""

import json

import pytest

from integrations.mpesa.client import MpesaClient
from integrations.mpesa.pay_bill import parse_pay_bill
from integrations.mpesa.registration import register_pay_bill
from integrations.mpesa.wire import ResultPurpose
from meqenet.errors import Defect, Refusal
from meqenet.money import Money
from meqenet.payments.rail import RailStatus
from tests.apps.sandboxes.mpesa.rig import calling, sandboxed
from tests.integrations.mpesa.conftest import OURS, Rail, new_order, settings_for


async def test_a_bill_from_the_register_to_the_answer_about_its_receipt(rail: Rail) -> None:
    async with (
        sandboxed() as place,
        calling(place=place, receiver=rail.sandbox.receiver) as sandbox,
    ):
        settings = settings_for(place, sandbox.receiver)
        assert await register_pay_bill(settings=settings, http=rail.http)
        assert not await register_pay_bill(settings=settings, http=rail.http)
        wrong = settings.model_copy(update={"consumer_key": settings.passkey})
        with pytest.raises(Defect, match="check consumer_key") as refused:
            await register_pay_bill(settings=wrong, http=rail.http)
        assert refused.value.code == "mpesa_registration_refused"
        await sandbox.post(
            "/mpesa/b2c/simulatetransaction/v1/request",
            {
                "CommandID": "CustomerPayBillOnline",
                "Amount": "10",
                "Msisdn": "251700000000",
                "BillRefNumber": "ABCDEFGH2345",
                "ShortCode": sandbox.short_code,
            },
        )
        asked = parse_pay_bill(body=await sandbox.receiver.next(f"{OURS}/pay-bill/validation"))
        told = parse_pay_bill(body=await sandbox.receiver.next(f"{OURS}/pay-bill/confirmation"))
        assert (told.reference, told.amount) == ("ABCDEFGH2345", Money.from_birr("10.00"))
        assert told.receipt == asked.receipt
        assert told.paid_at is not None
        assert told.payer == "251700000000"
        assert "251700000000" not in repr(told)

        client = MpesaClient(settings=settings, http=rail.http, clock=rail.clock)
        order_id = new_order()
        answer = await client.ask_payment(
            order_id=order_id, provider_reference=None, receipt=told.receipt
        )
        assert answer.status is RailStatus.PENDING
        true = await Rail.result(
            Rail(client, settings, rail.http, sandbox, rail.clock),
            order_id=order_id,
            purpose=ResultPurpose.PAYMENT_STATUS,
        )
        assert (true.status, true.receipt, true.amount) == (
            RailStatus.SUCCEEDED,
            told.receipt,
            told.amount,
        )
        made_up = await client.ask_payment(
            order_id=order_id, provider_reference=None, receipt="RCH7BT9MZ1"
        )
        assert made_up.status is RailStatus.NOT_FOUND


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'{"TransID": "RCH7BT9MZ1"}',
        b'{"TransID": "RCH7BT9MZ1", "TransAmount": "0"}',
        b'{"TransID": "../other", "TransAmount": "10"}',
    ],
)
def test_what_names_no_receipt_or_amount_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        parse_pay_bill(body=body)
    assert refused.value.code == "callback_unreadable"


@pytest.mark.parametrize(
    ("spelled", "payer"),
    [
        ("251712345678", "251712345678"),
        ("0712345678", "251712345678"),
        ("2517*****678", None),
        ("251911234567", None),
        ("3f1c9a1b2c", None),
    ],
)
def test_a_payer_is_whoever_has_a_whole_phone_of_the_operators(
    spelled: str, payer: str | None
) -> None:
    told = {"TransID": "RCH7BT9MZ1", "TransAmount": "10", "MSISDN": spelled}
    assert parse_pay_bill(body=json.dumps(told).encode()).payer == payer
