"""What providers report is kept, told to whoever waits for it, and never believed unproved."""

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from temporalio.api.enums.v1 import EventType

from apps.checkout_api.app import create_app
from apps.checkout_api.parts import ApiParts
from integrations.telebirr.settings import TelebirrNotifySettings
from integrations.telebirr.signing import canonical_string, sign
from meqenet.errors import Defect
from meqenet.identity import derived_id, wire_id
from tests.apps.checkout_api.conftest import Shop
from tests.waiting import eventually
from workers.opening import utc_now
from workflows.messages import TestClockStart, collection_workflow_id, refund_workflow_id
from workflows.test_clock import TestClockWorkflow

TELEBIRR = "/v1/callbacks/telebirr"
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_PUBLIC = _KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


@pytest_asyncio.fixture(loop_scope="session")
async def telebirr(parts: ApiParts) -> AsyncIterator[httpx.AsyncClient]:
    """The API, told that Telebirr's key is one of ours."""
    settings = TelebirrNotifySettings(
        merchant_app_id="1234567890123456", merchant_code="101011", sp_public_key=_PUBLIC.decode()
    )
    app = create_app(parts=replace(parts, telebirr=settings))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        yield http


@pytest.fixture
def mpesa(parts: ApiParts) -> str:
    """Where M-PESA reaches us."""
    return f"/v1/callbacks/mpesa/{parts.mpesa_callback_secret.get_secret_value()}"


@pytest.fixture
def attempt_id(unique: str) -> str:
    """An attempt's id that no other test has."""
    return f"{derived_id(prefix='pln', parts=(unique,))}-i01-a1"


def notify(order_id: str, **changes: str) -> bytes:
    message = {
        "appid": "1234567890123456",
        "merch_code": "101011",
        "merch_order_id": wire_id(meqenet_id=order_id),
        "payment_order_id": "00801104C911443200001002",
        "total_amount": "1000.00",
        "trans_currency": "ETB",
        "trans_id": "CJD7GBOXIP",
        "trade_status": "Completed",
        "trans_end_time": "1795334443000",
        **changes,
    }
    signature = sign(text=canonical_string(message=message), private_key=_KEY)
    return json.dumps({**message, "sign": signature, "sign_type": "SHA256WithRSA"}).encode()


def stk(order_id: str, *, code: int = 0) -> dict[str, Any]:
    callback: dict[str, Any] = {
        "MerchantRequestID": order_id,
        "CheckoutRequestID": "ws_CO_1",
        "ResultCode": code,
        "ResultDesc": "told",
    }
    if code == 0:
        callback["CallbackMetadata"] = {
            "Item": [
                {"Name": "Amount", "Value": 1000},
                {"Name": "MpesaReceiptNumber", "Value": "RCH7BT9MZ1"},
                {"Name": "TransactionDate", "Value": 20261123090000},
            ]
        }
    return {"Envelope": {"Body": {"stkCallback": callback}}}


def result(our_id: str, *, code: int = 0, **parameters: str) -> dict[str, Any]:
    listed = [{"Key": name, "Value": value} for name, value in parameters.items()]
    return {
        "Result": {
            "ResultType": 0,
            "ResultCode": code,
            "ResultDesc": "told",
            "OriginatorConversationID": our_id,
            "ConversationID": "AG_1",
            "TransactionID": "RCH7BT9MZ1",
            "ResultParameters": {"ResultParameter": listed},
        }
    }


async def listening(parts: ApiParts, *, workflow_id: str) -> None:
    """Someone to be told, who does nothing with it."""
    await parts.temporal.start_workflow(
        TestClockWorkflow.run,
        TestClockStart(clock_id="clk", merchant_id="mer", now=utc_now()),
        id=workflow_id,
        task_queue="nobody-works-here",
    )


async def told(parts: ApiParts, *, workflow_id: str) -> list[str]:
    """The signals that have arrived there."""
    history = await parts.temporal.get_workflow_handle(workflow_id).fetch_history()
    return [
        event.workflow_execution_signaled_event_attributes.signal_name
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    ]


async def kept(parts: ApiParts, *, provider: str, kind: str, body: bytes) -> bool:
    try:
        found = await parts.inbox.read(
            provider=provider, kind=kind, body_digest=hashlib.sha256(body).digest(), verified=True
        )
    except Defect:
        return False
    return found == body


async def test_a_signed_notice_is_kept_and_told(
    telebirr: httpx.AsyncClient, parts: ApiParts, attempt_id: str
) -> None:
    workflow_id = collection_workflow_id(installment_id=attempt_id.removesuffix("-a1"))
    await listening(parts, workflow_id=workflow_id)
    for body in (
        notify(attempt_id),
        notify(attempt_id, callback_info=attempt_id),
    ):
        answer = await telebirr.post(TELEBIRR, content=body)
        assert (answer.status_code, answer.json()) == (200, {"code": 0, "msg": "success"})
        assert await kept(parts, provider="telebirr", kind="notify", body=body)
    assert await told(parts, workflow_id=workflow_id) == ["payment_reported"] * 2


async def test_a_notice_that_telebirr_has_not_signed_is_refused_and_not_kept(
    telebirr: httpx.AsyncClient, parts: ApiParts, attempt_id: str
) -> None:
    workflow_id = collection_workflow_id(installment_id=attempt_id.removesuffix("-a1"))
    await listening(parts, workflow_id=workflow_id)
    signed = json.loads(notify(attempt_id))
    for forged, code in (
        ({**signed, "total_amount": "1.00"}, "callback_signature_invalid"),
        ({**signed, "sign": "AAAA"}, "callback_signature_invalid"),
        ({}, "callback_signature_invalid"),
        ([], "callback_malformed"),
    ):
        body = json.dumps(forged).encode()
        answer = await telebirr.post(TELEBIRR, content=body)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert not await kept(parts, provider="telebirr", kind="notify", body=body)
    other = await telebirr.post(TELEBIRR, content=notify(attempt_id, merch_code="999999"))
    assert (other.status_code, other.json()["code"]) == (400, "callback_mismatch")
    assert await told(parts, workflow_id=workflow_id) == []


async def test_a_notice_for_an_order_that_is_none_of_ours_is_kept(
    telebirr: httpx.AsyncClient, parts: ApiParts, unique: str
) -> None:
    body = notify(f"other{unique}")
    answer = await telebirr.post(TELEBIRR, content=body)
    assert answer.status_code == 200
    assert await kept(parts, provider="telebirr", kind="notify", body=body)


async def test_only_who_knows_the_secret_finds_mpesas_address(
    http: httpx.AsyncClient, attempt_id: str, mpesa: str
) -> None:
    for path in (
        f"/stk/{attempt_id}",
        f"/result/reversal/{attempt_id}-r1",
        f"/timeout/reversal/{attempt_id}-r1",
    ):
        answer = await http.post(f"/v1/callbacks/mpesa/wrong{path}", json=stk(attempt_id))
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert answer.json()["detail"] == "there is nothing at this address"
    nowhere = await http.post(f"{mpesa}/result/gift/{attempt_id}", json={})
    assert nowhere.status_code == 422


@pytest.mark.parametrize("code", [0, 1])
async def test_a_push_is_told_to_the_collection_that_waits(
    http: httpx.AsyncClient, parts: ApiParts, attempt_id: str, mpesa: str, code: int
) -> None:
    workflow_id = collection_workflow_id(installment_id=attempt_id.removesuffix("-a1"))
    await listening(parts, workflow_id=workflow_id)
    body = json.dumps(stk(attempt_id, code=code)).encode()
    for _ in range(3):
        answer = await http.post(f"{mpesa}/stk/{attempt_id}", content=body)
        assert (answer.status_code, answer.json()["ResultCode"]) == (200, 0)
    assert await kept(parts, provider="mpesa", kind="stk", body=body)
    assert set(await told(parts, workflow_id=workflow_id)) == {"payment_reported"}


async def test_nobody_waiting_is_no_error_and_the_callback_stays(
    http: httpx.AsyncClient, parts: ApiParts, attempt_id: str, mpesa: str
) -> None:
    body = json.dumps(stk(attempt_id)).encode()
    answer = await http.post(f"{mpesa}/stk/{attempt_id}", content=body)
    assert answer.status_code == 200
    assert await kept(parts, provider="mpesa", kind="stk", body=body)
    refund = json.dumps(result(f"{attempt_id}-r1")).encode()
    answer = await http.post(f"{mpesa}/result/reversal/{attempt_id}-r1", content=refund)
    assert answer.status_code == 200
    assert await kept(parts, provider="mpesa", kind="result/reversal", body=refund)


async def test_a_callback_about_another_order_than_its_address_is_refused_and_kept(
    http: httpx.AsyncClient, parts: ApiParts, attempt_id: str, mpesa: str
) -> None:
    body = json.dumps(stk("another")).encode()
    answer = await http.post(f"{mpesa}/stk/{attempt_id}", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "callback_order_mismatch")
    assert await kept(parts, provider="mpesa", kind="stk", body=body)


async def test_results_are_told_to_whom_they_concern(
    http: httpx.AsyncClient, parts: ApiParts, attempt_id: str, mpesa: str
) -> None:
    collection = collection_workflow_id(installment_id=attempt_id.removesuffix("-a1"))
    refund_id = f"{attempt_id}-r1"
    refund = refund_workflow_id(refund_id=refund_id)
    for workflow_id in (collection, refund):
        await listening(parts, workflow_id=workflow_id)
    of_payment = result("q-1", TransactionStatus="Completed", ReceiptNo="R1", Amount="1000.00")
    of_refund = result("q-2", TransactionStatus="Completed", ReceiptNo="R2")
    for path, body in (
        (f"result/payment-status/{attempt_id}", of_payment),
        (f"result/reversal/{refund_id}", result(refund_id)),
        (f"result/reversal-status/{refund_id}", of_refund),
    ):
        answer = await http.post(f"{mpesa}/{path}", json=body)
        assert (answer.status_code, answer.json()["ResultCode"]) == (200, 0), path
    assert await told(parts, workflow_id=collection) == ["payment_reported"]
    assert await told(parts, workflow_id=refund) == ["refund_reported"] * 2


async def test_what_says_nothing_of_the_money_is_kept_and_told_to_nobody(
    http: httpx.AsyncClient, parts: ApiParts, attempt_id: str, mpesa: str
) -> None:
    collection = collection_workflow_id(installment_id=attempt_id.removesuffix("-a1"))
    await listening(parts, workflow_id=collection)
    failed = json.dumps(result("q-1", code=17)).encode()
    late = json.dumps({"Result": {"of": attempt_id}}).encode()
    paid_out = json.dumps(result(attempt_id, code=17)).encode()
    for path, kind, body in (
        (f"result/payment-status/{attempt_id}", "result/payment-status", failed),
        (f"timeout/b2c/{attempt_id}", f"timeout/b2c/{attempt_id}", late),
        (f"result/b2c/{attempt_id}", "result/b2c", paid_out),
    ):
        answer = await http.post(f"{mpesa}/{path}", content=body)
        assert answer.status_code == 200
        assert await kept(parts, provider="mpesa", kind=kind, body=body)
    assert await told(parts, workflow_id=collection) == []


async def test_a_reported_payment_makes_the_plan_active_once_mpesa_has_confirmed_it(
    shop: Shop, mpesa: str
) -> None:
    application = shop.application(option="pay_in_full")
    phone = "251" + application["wallet"]["phone"][1:]
    control = f"{shop.controls['mpesa']}/phones/{phone}"
    wallet = {"msisdn": phone, "name": "Test", "pin": "1234", "balance": "5000.00"}
    (await shop.http.post(f"{shop.controls['mpesa']}/wallets", json=wallet)).raise_for_status()
    (await shop.http.post(f"{control}/mode", json={"mode": "manual"})).raise_for_status()
    plan = (await shop.post("/v1/plans", application)).json()
    await shop.customer().log_in(plan["next_action"])
    path = f"/v1/plans/{plan['id']}"
    accepted = (await shop.post(f"{path}/accept", {"agreement_version": "1"})).json()
    assert accepted["next_action"]["kind"] == "confirm_on_phone"
    order = f"{plan['id']}-i01-a1"
    reported = await shop.http.post(f"{mpesa}/stk/{order}", json=stk(order))
    assert reported.status_code == 200

    async def state() -> str:
        return str((await shop.get(path)).json()["state"])

    async def last_question() -> str:
        # When it came, and not how many there were: the sandbox forgets the oldest.
        log = await shop.http.get(f"{shop.controls['mpesa']}/requests", params={"last": 1000})
        return max(
            (row["at"] for row in log.json() if "transactionstatus" in row["path"]), default=""
        )

    before = await last_question()
    await eventually(last_question, lambda at: at > before)
    assert await state() == "accepted"
    word = result("q-1", TransactionStatus="Completed", ReceiptNo="R1", Amount="1000.00")
    told_now = await shop.http.post(f"{mpesa}/result/payment-status/{order}", json=word)
    assert told_now.status_code == 200
    assert await eventually(state, lambda found: found == "active") == "active"
