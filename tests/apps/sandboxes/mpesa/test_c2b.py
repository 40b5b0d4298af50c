"""Payments that customers make without being asked."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.apps.sandboxes.mpesa.rig import (
    Caller,
    Receiver,
    calling,
    parameters_of,
    sandboxed,
)


@pytest.fixture
async def fresh(receiver: Receiver) -> AsyncIterator[Caller]:
    """A sandbox of its own: a short code registers its addresses once."""
    async with sandboxed() as place, calling(place=place, receiver=receiver) as made:
        yield made


async def register(caller: Caller, key: str | None = None, **changed: object) -> httpx.Response:
    fields = {
        "ShortCode": caller.short_code,
        "ResponseType": "Completed",
        "CommandID": "RegisterURL",
        "ConfirmationURL": f"{caller.receiver.base_url}/confirm",
        "ValidationURL": f"{caller.receiver.base_url}/validate",
        **changed,
    }
    apikey = key or caller.place.credentials["consumer_key"]
    path = "/v1/c2b-register-url/register"
    return await caller.http.post(path, params={"apikey": apikey}, json=fields)


async def simulate(caller: Caller, **changed: object) -> httpx.Response:
    fields = {
        "CommandID": "CustomerPayBillOnline",
        "Amount": "10",
        "Msisdn": "251700000000",
        "BillRefNumber": "PLN12",
        "ShortCode": caller.short_code,
        **changed,
    }
    return await caller.post("/mpesa/b2c/simulatetransaction/v1/request", fields)


async def test_a_bill_is_validated_paid_and_confirmed(fresh: Caller) -> None:
    told = (await register(fresh)).json()["header"]
    assert (told["responseCode"], told["responseMessage"]) == (
        200,
        "Request processed successfully",
    )
    answer = (await simulate(fresh)).json()
    asked = await fresh.receiver.told("/validate")
    confirmed = await fresh.receiver.told("/confirm")
    assert (asked["RequestType"], confirmed["RequestType"]) == ("Validation", "Confirmation")
    assert asked["TransID"] == confirmed["TransID"]
    assert {name: confirmed[name] for name in ("TransAmount", "BillRefNumber", "MSISDN")} == {
        "TransAmount": "10",
        "BillRefNumber": "PLN12",
        "MSISDN": "251700000000",
    }
    assert (confirmed["FirstName"], confirmed["MiddleName"]) == ("Test", "******")
    assert await fresh.merchant_balance() == 10
    await fresh.status(OriginalConcersationID=answer["ConversationID"])
    result = (await fresh.receiver.told("/result"))["Result"]
    assert parameters_of(result)["ReceiptNo"] == confirmed["TransID"]


async def test_a_short_code_registers_once(fresh: Caller) -> None:
    await register(fresh)
    answer = await register(fresh)
    assert answer.json()["header"]["responseCode"] == 400
    assert answer.json()["header"]["responseMessage"] == "Short Code already Registered"


async def test_a_wrong_key(fresh: Caller) -> None:
    answer = await register(fresh, key="wrong")
    told = answer.json()
    assert (told["header"]["responseCode"], told["body"]) == ("401", {})
    assert told["header"]["responseMessage"] == "Unauthorised-Invalid Api Key"


async def test_a_misspelt_response_type(fresh: Caller, strict: Caller) -> None:
    refused = await register(strict, ResponseType="Canceled")
    assert refused.json()["errorCode"] == "400.002.02"
    assert (await register(fresh, ResponseType="Canceled")).json()["header"]["responseCode"] == 200


async def test_a_rejected_bill_moves_nothing(fresh: Caller) -> None:
    await register(fresh)
    fresh.receiver.answers["/validate"] = {"ResultCode": "C2B00012", "ResultDesc": "Rejected"}
    assert (await simulate(fresh)).json()["ResponseCode"] == "C2B00012"
    assert await fresh.merchant_balance() == 0


@pytest.mark.parametrize(("response_type", "paid"), [("Completed", 10), ("Cancelled", 0)])
@pytest.mark.parametrize("nowhere", ["http://127.0.0.1:1/validate", "https://shop.example/v"])
async def test_a_short_code_that_does_not_answer(
    fresh: Caller, response_type: str, paid: int, nowhere: str
) -> None:
    await register(fresh, ResponseType=response_type, ValidationURL=nowhere)
    await simulate(fresh)
    assert await fresh.merchant_balance() == paid


async def test_without_addresses_the_bill_is_simply_paid(fresh: Caller) -> None:
    assert (await simulate(fresh)).json()["ResponseCode"] == "0"
    assert await fresh.merchant_balance() == 10


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({"Msisdn": "251700000001"}, {"ResponseCode": "1"}),
        ({"Msisdn": "251700000003"}, {"ResponseCode": "17"}),
        ({"Msisdn": "251799999999"}, {"ResponseCode": "17"}),
        ({"Msisdn": "0700"}, {"errorCode": "400"}),
        ({"BillRefNumber": ""}, {"errorCode": "400.002.02"}),
        ({"ShortCode": "111111"}, {"errorCode": "500.001.1001"}),
    ],
)
async def test_bills_that_are_not_paid(
    caller: Caller, changed: dict[str, Any], answer: dict[str, str]
) -> None:
    before = await caller.merchant_balance()
    assert answer.items() <= (await simulate(caller, **changed)).json().items()
    assert await caller.merchant_balance() == before
