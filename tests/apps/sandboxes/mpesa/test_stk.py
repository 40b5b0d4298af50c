"""STK push spoken by hand: the documents' grammar, and the habits of known clients."""

import asyncio
import re
from typing import Any

import pytest

from apps.sandboxes.kernel.serve import RunningSandbox
from integrations.mpesa.settings import MpesaSettings
from integrations.statements.settings import StatementSettings
from tests.apps.sandboxes.mpesa.rig import (
    LEFT_OUT,
    Caller,
    Receiver,
    calling,
    items_of,
    sandboxed,
)


def told_by(callback: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = callback["Envelope"]["Body"]["stkCallback"]
    return told


async def test_a_customer_pays(caller: Caller) -> None:
    phone = await caller.open_wallet("100.00")
    before = await caller.merchant_balance()
    answer = await caller.push(MerchantRequestID="life-1", PhoneNumber=phone, Amount=20.5)
    accepted = answer.json()
    checkout = accepted.pop("CheckoutRequestID")
    assert accepted == {
        "MerchantRequestID": "life-1",
        "ResponseCode": "0",
        "ResponseDescription": "Success. Request accepted for processing",
        "CustomerMessage": "Success. Request accepted for processing",
    }
    assert re.fullmatch(r"ws_CO_\d{26}", checkout)
    assert phone not in checkout
    told = told_by(await caller.receiver.told("/stk"))
    items = items_of(told)
    assert re.fullmatch(r"[A-Z][A-Z0-9]{9}", items["MpesaReceiptNumber"])
    assert len(str(items["TransactionDate"])) == 14
    assert (str(items["Amount"]), items["PhoneNumber"]) == ("20.50", int(phone))
    assert (told["MerchantRequestID"], told["CheckoutRequestID"]) == ("life-1", checkout)
    assert told["ResultCode"] == 0
    assert "AccountReference" not in str(told)
    assert str(await caller.balance(f"wallet:{phone}")) == "79.50"
    assert str(await caller.merchant_balance() - before) == "20.50"
    order = await caller.control("GET", "/orders/life-1")
    assert (order["state"], order["receipt"]) == ("paid", items["MpesaReceiptNumber"])


async def test_the_kenyan_envelope(caller: Caller) -> None:
    await caller.control("PATCH", "/behaviour", envelope="KE")
    await caller.push()
    assert set(await caller.receiver.told("/stk")) == {"Body"}


async def test_a_repeated_id_finds_the_first_prompt(caller: Caller) -> None:
    phone = await caller.open_wallet("100.00")
    pushes = [caller.push(MerchantRequestID="again-1", PhoneNumber=phone) for _ in range(4)]
    ids = {answer.json()["CheckoutRequestID"] for answer in await asyncio.gather(*pushes)}
    assert len(ids) == 1
    await caller.receiver.next("/stk")
    late = await caller.push(MerchantRequestID="again-1", PhoneNumber=phone)
    assert late.json()["CheckoutRequestID"] in ids
    assert str(await caller.balance(f"wallet:{phone}")) == "80.00"
    assert caller.receiver.arrived["/stk"].empty()


async def test_a_repeated_id_with_another_amount(caller: Caller, strict: Caller) -> None:
    for each in (caller, strict):
        await each.push(MerchantRequestID="other-1", Amount=20)
    lenient = await caller.push(MerchantRequestID="other-1", Amount=21)
    assert lenient.json()["ResponseCode"] == "0"
    assert (await caller.control("GET", "/orders/other-1"))["amount"] == "20.00"
    refused = await strict.push(MerchantRequestID="other-1", Amount=21)
    assert refused.json()["errorCode"] == "400.002.02"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("MerchantRequestID", 1.5, "400.002.02"),
        ("BusinessShortCode", "123", "400.002.02"),
        ("BusinessShortCode", "111111", "500.001.1001"),
        ("Password", "", "400.002.02"),
        ("Timestamp", "2024-09-18", "400.002.02"),
        ("Timestamp", "20241399000000", "400.002.02"),
        ("TransactionType", "CustomerPayLater", "400.002.02"),
        ("Amount", 0, "400.002.02"),
        ("Amount", -5, "400.002.02"),
        ("Amount", "ten", "400.002.02"),
        ("Amount", 1.005, "400.002.02"),
        ("Amount", True, "400.002.02"),
        ("Amount", None, "400.002.02"),
        ("Amount", 1e40, "400.002.02"),
        ("PartyA", "", "400"),
        ("PhoneNumber", "251911223344", "400"),
        ("PhoneNumber", "0712345678", "400"),
        ("PhoneNumber", "2517123456789", "400"),
        ("PartyB", "12", "400.002.02"),
        ("CallBackURL", "shop.example/cb", "400.002.02"),
        ("AccountReference", "", "400.002.02"),
    ],
)
async def test_what_both_refuse(
    caller: Caller, strict: Caller, field: str, value: object, code: str
) -> None:
    for each in (caller, strict):
        answer = await each.push(**{field: value})
        assert answer.json()["errorCode"] == code
        assert answer.status_code == int(code[:3])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Amount", "20"),
        ("AccountReference", "Reference of 24 letters"),
        ("TransactionDesc", "Description of 25 letters"),
        ("ReferenceData", "none"),
        ("ReferenceData", [{"Name": "x"}]),
    ],
)
async def test_habits_of_clients_that_strict_refuses(
    caller: Caller, strict: Caller, field: str, value: object
) -> None:
    assert (await caller.push(**{field: value})).json()["ResponseCode"] == "0"
    assert (await strict.push(**{field: value})).json()["errorCode"] == "400.002.02"


@pytest.mark.parametrize("changed", [{"Amount": 10.5}, {"ReferenceData": LEFT_OUT}])
async def test_habits_that_the_documents_allow(
    caller: Caller, strict: Caller, changed: dict[str, Any]
) -> None:
    for each in (caller, strict):
        assert (await each.push(**changed)).json()["ResponseCode"] == "0"


async def test_numbers_for_text(caller: Caller) -> None:
    """The Python library sends short codes and phones as integers."""
    answer = await caller.push(
        BusinessShortCode=int(caller.short_code),
        PartyA=251700000000,
        PartyB=int(caller.short_code),
        PhoneNumber=251700000000,
    )
    assert answer.json()["ResponseCode"] == "0"


async def test_an_id_left_out(caller: Caller, strict: Caller) -> None:
    """As Kenyan clients do."""
    answer = await caller.push(MerchantRequestID=LEFT_OUT)
    assert answer.json()["MerchantRequestID"]
    refused = await strict.push(MerchantRequestID=LEFT_OUT)
    assert refused.json()["errorCode"] == "400.002.02"


async def test_the_kenyan_password(caller: Caller, strict: Caller) -> None:
    kenyan = await caller.push(Password=caller.kenyan_password())
    assert kenyan.json()["ResponseCode"] == "0"
    refused = await strict.push(Password=strict.kenyan_password())
    assert (refused.status_code, refused.json()["ResponseCode"]) == (200, "SVC0403")
    await caller.control("PATCH", "/behaviour", kenyan_password=False)
    refused = await caller.push(Password=caller.kenyan_password())
    assert refused.json()["ResponseCode"] == "SVC0403"


async def test_a_password_of_another_second(caller: Caller) -> None:
    answer = await caller.push(Timestamp="20240918055824")
    assert answer.json()["ResponseCode"] == "SVC0403"


async def test_other_versions_of_the_path(caller: Caller, strict: Caller) -> None:
    path = "/mpesa/stkpush/v1/processrequest"
    assert (await caller.post(path, caller.push_fields())).json()["ResponseCode"] == "0"
    refused = await strict.post(path, strict.push_fields())
    assert (refused.status_code, refused.json()["errorCode"]) == (404, "404.001.01")
    unknown = await caller.post("/mpesa/stkpush/latest/processrequest", caller.push_fields())
    assert unknown.status_code == 404


async def test_a_body_that_is_no_object(caller: Caller) -> None:
    headers = {"Authorization": f"Bearer {caller.token}"}
    path = "/mpesa/stkpush/v3/processrequest"
    for body in (b"", b"[]", b'{"Amount": NaN}'):
        answer = await caller.http.post(path, content=body, headers=headers)
        assert answer.json()["errorCode"] == "400.002.02"


async def test_whole_amounts_only(caller: Caller) -> None:
    await caller.control("PATCH", "/behaviour", whole_amounts_only=True)
    assert (await caller.push(Amount=10.5)).json()["errorCode"] == "400.002.02"
    assert (await caller.push(Amount=10)).json()["ResponseCode"] == "0"


@pytest.mark.parametrize(
    ("code", "status", "field"),
    [
        ("3007", 200, "ResponseCode"),
        ("1", 200, "ResponseCode"),
        ("403.001.01", 403, "errorCode"),
        ("500.002.1001", 500, "errorCode"),
        ("400", 400, "errorCode"),
    ],
)
async def test_a_planned_refusal_has_the_shape_of_its_code(
    caller: Caller, code: str, status: int, field: str
) -> None:
    await caller.plan("stk_push", "refuse", subject="refused-1", code=code)
    answer = await caller.push(MerchantRequestID="refused-1")
    assert (answer.status_code, answer.json()[field]) == (status, code)
    assert (await caller.http.get("/_sandbox/orders/refused-1")).status_code == 404


async def test_a_planned_end(caller: Caller) -> None:
    await caller.plan("stk_answer", "refuse", subject="ended-1", code="1019")
    await caller.push(MerchantRequestID="ended-1")
    assert told_by(await caller.receiver.told("/stk"))["ResultCode"] == 1019


async def test_a_debit_above_the_limit(caller: Caller) -> None:
    phone = await caller.open_wallet("500000.00")
    await caller.push(PhoneNumber=phone, Amount=300_001)
    assert told_by(await caller.receiver.told("/stk"))["ResultCode"] == 17
    await caller.push(PhoneNumber=phone, Amount=300_000)
    assert told_by(await caller.receiver.told("/stk"))["ResultCode"] == 0


async def test_a_phone_without_a_wallet(caller: Caller) -> None:
    await caller.push(PhoneNumber="251799999999")
    assert told_by(await caller.receiver.told("/stk"))["ResultCode"] == 1037


async def test_the_requests_log_names_the_order(caller: Caller) -> None:
    await caller.push(MerchantRequestID="logged-1")
    last = (await caller.control("GET", "/requests"))[-1]
    assert (last["reference"], last["status"]) == ("logged-1", 200)


async def test_a_sandbox_with_other_defaults(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    monkeypatch.setenv("MEQENET_SANDBOX_MPESA_ENVELOPE", "KE")
    async with (
        sandboxed(prompt_life_ms=7) as place,
        calling(place=place, receiver=receiver) as caller,
    ):
        behaviour = await caller.control("GET", "/behaviour")
    assert (behaviour["envelope"], behaviour["prompt_life_ms"]) == ("KE", 7)


def test_credentials_have_the_names_of_the_clients_settings(strict_place: RunningSandbox) -> None:
    of_statements = {name.removeprefix("mpesa_") for name in StatementSettings.model_fields}
    assert set(strict_place.credentials) <= set(MpesaSettings.model_fields) | of_statements
    assert strict_place.credentials["consumer_secret"] not in repr(strict_place)
