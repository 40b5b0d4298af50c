"""Payouts, reversals, questions: accepted at once, answered by a Result."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.apps.sandboxes.mpesa.rig import LEFT_OUT, Caller, items_of, parameters_of
from tests.apps.sandboxes.mpesa.test_stk import told_by


async def collect(caller: Caller, phone: str, amount: int = 20) -> dict[str, Any]:
    """Let a customer pay, so that the short code has money: the callback."""
    await caller.push(PhoneNumber=phone, Amount=amount)
    told = told_by(await caller.receiver.told("/stk"))
    assert told["ResultCode"] == 0
    return told


async def result(caller: Caller) -> dict[str, Any]:
    told: dict[str, Any] = (await caller.receiver.told("/result"))["Result"]
    return told


async def test_a_payout(caller: Caller) -> None:
    phone = await caller.open_wallet("100.00")
    await collect(caller, phone)
    answer = (
        await caller.pay_out(OriginatorConversationID="out-1", PartyB=phone, Amount=7.5)
    ).json()
    assert re.fullmatch(r"AG_\d{8}_[0-9a-f]{20}", answer["ConversationID"])
    assert answer["OriginatorConversationID"] == "out-1"
    assert answer["ResponseCode"] == "0"
    told = await result(caller)
    assert (told["ResultType"], told["ResultCode"]) == (0, 0)
    assert told["OriginatorConversationID"] == "out-1"
    assert told["ConversationID"] == answer["ConversationID"]
    named = parameters_of(told)
    assert named["TransactionReceipt"] == told["TransactionID"]
    assert str(named["TransactionAmount"]) == "7.50"
    assert re.fullmatch(r"\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d", named["TransactionCompletedDateTime"])
    assert named["ReceiverPartyPublicName"] == f"{phone} - Test Customer"
    assert str(await caller.balance(f"wallet:{phone}")) == "87.50"


async def test_a_payout_is_made_once(caller: Caller) -> None:
    phone = await caller.open_wallet("100.00")
    await collect(caller, phone)
    await caller.pay_out(OriginatorConversationID="out-2", PartyB=phone)
    answer = await caller.pay_out(OriginatorConversationID="out-2", PartyB=phone)
    assert (answer.status_code, answer.json()["errorCode"]) == (500, "500.002.1001")
    assert "Duplicate" in answer.json()["errorMessage"]
    assert str(await caller.balance(f"wallet:{phone}")) == "85.00"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"PartyB": "251799999999"}, 2040),
        ({"Amount": 900_000_000}, 1),
        ({"InitiatorName": "somebody"}, 2001),
        ({"SecurityCredential": "bm90IHNlYWxlZA=="}, 2001),
        ({"SecurityCredential": "not base64!"}, 2001),
    ],
)
async def test_a_payout_that_fails(caller: Caller, changed: dict[str, Any], code: int) -> None:
    assert (await caller.pay_out(**changed)).json()["ResponseCode"] == "0"
    told = await result(caller)
    assert (told["ResultCode"], told["TransactionID"]) == (code, "0")
    assert "ResultParameters" not in told


async def test_a_payout_to_a_closed_wallet(caller: Caller) -> None:
    phone = await caller.open_wallet("100.00")
    await collect(caller, phone)
    await caller.control("POST", f"/wallets/{phone}/close")
    await caller.pay_out(PartyB=phone)
    assert (await result(caller))["ResultCode"] == 2006


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"CommandID": "Gift"}, "400.002.02"),
        ({"PartyB": "251911223344"}, "400"),
        ({"PartyA": "111111"}, "500.001.1001"),
        ({"ResultURL": "nowhere"}, "400.002.02"),
        ({"QueueTimeOutURL": ""}, "400.002.02"),
        ({"SecurityCredential": ""}, "400.002.02"),
    ],
)
async def test_a_payout_that_is_turned_away(
    caller: Caller, changed: dict[str, Any], code: str
) -> None:
    assert (await caller.pay_out(**changed)).json()["errorCode"] == code


async def test_habits_of_payout_clients(caller: Caller, strict: Caller) -> None:
    """The Python library sends v1 without an id of its own."""
    path = "/mpesa/b2c/v1/paymentrequest"
    fields = {
        "CommandID": "BusinessPayment",
        "Amount": "5",
        "PartyA": caller.short_code,
        "PartyB": 251700000000,
    }
    answer = (await caller.ask(path, fields, initiator="InitiatorName")).json()
    assert answer["OriginatorConversationID"]
    refused = await strict.ask(path, fields, initiator="InitiatorName")
    assert refused.json()["errorCode"] == "404.001.01"
    refused = await strict.pay_out(OriginatorConversationID="")
    assert refused.json()["errorCode"] == "400.002.02"


async def test_a_reversal_gives_everything_back_once(caller: Caller) -> None:
    phone = await caller.open_wallet("100.00")
    receipt = items_of(await collect(caller, phone))["MpesaReceiptNumber"]
    merchant = await caller.merchant_balance()
    await caller.reverse(OriginatorConversationID="back-1", TransactionID=receipt)
    told = await result(caller)
    assert told["ResultCode"] == 0
    assert parameters_of(told)["OriginalTransactionID"] == receipt
    assert told["TransactionID"] != receipt
    assert str(await caller.balance(f"wallet:{phone}")) == "100.00"
    assert merchant - await caller.merchant_balance() == 20
    await caller.reverse(OriginatorConversationID="back-2", TransactionID=receipt)
    assert (await result(caller))["ResultCode"] == "R000001"
    again = await caller.reverse(OriginatorConversationID="back-1", TransactionID=receipt)
    assert "Duplicate" in again.json()["errorMessage"]


async def test_a_reversal_by_conversation(caller: Caller) -> None:
    phone = await caller.open_wallet("100.00")
    checkout = (await collect(caller, phone))["CheckoutRequestID"]
    await caller.reverse(TransactionID="0", OriginalConcersationID=checkout)
    assert (await result(caller))["ResultCode"] == 0
    assert str(await caller.balance(f"wallet:{phone}")) == "100.00"


async def test_reversals_that_fail(caller: Caller) -> None:
    phone = await caller.open_wallet("100.00")
    receipt = items_of(await collect(caller, phone))["MpesaReceiptNumber"]
    await caller.pay_out(PartyB=phone)
    payout = (await result(caller))["TransactionID"]
    cases: list[tuple[dict[str, Any], object]] = [
        ({"TransactionID": "NOSUCHTHNG"}, "R000002"),
        ({"TransactionID": "0"}, "R000002"),
        ({"TransactionID": payout, "Amount": 5}, "R000002"),
        ({"TransactionID": receipt, "Amount": 19}, 17),
        ({"TransactionID": receipt, "Initiator": "somebody"}, 2001),
    ]
    for changed, code in cases:
        await caller.reverse(**changed)
        assert (await result(caller))["ResultCode"] == code
    await caller.control("POST", f"/wallets/{phone}/close")
    await caller.reverse(TransactionID=receipt)
    assert (await result(caller))["ResultCode"] == 2006


async def test_a_kenyan_reversal_names_no_party(caller: Caller, strict: Caller) -> None:
    fields = {
        "CommandID": "TransactionReversal",
        "TransactionID": "NOSUCHTHNG",
        "Amount": "20",
        "RecieverIdentifierType": "11",
        "ReceiverParty": caller.short_code,
    }
    path = "/mpesa/reversal/v1/request"
    assert (await caller.ask(path, fields, initiator="Initiator")).json()["ResponseCode"] == "0"
    refused = await strict.reverse(TransactionID="NOSUCHTHNG", PartyA="")
    assert refused.json()["errorCode"] == "400.002.02"


@pytest.mark.parametrize("by", ["MerchantRequestID", "CheckoutRequestID", "receipt"])
async def test_the_status_of_a_payment(caller: Caller, by: str) -> None:
    paid = await collect(caller, await caller.open_wallet("100.00"))
    receipt = items_of(paid)["MpesaReceiptNumber"]
    named = {
        "MerchantRequestID": {"OriginatorConversationID": paid["MerchantRequestID"]},
        "CheckoutRequestID": {
            "TransactionID": "0",
            "OriginalConcersationID": paid["CheckoutRequestID"],
        },
        "receipt": {"TransactionID": receipt},
    }[by]
    assert (await caller.status(**named)).json()["ResponseCode"] == "0"
    told = parameters_of(await result(caller))
    assert (told["TransactionStatus"], told["ReceiptNo"]) == ("Completed", receipt)
    assert told["Amount"] == 20
    assert "TransactionReason" not in told


@pytest.mark.parametrize(
    ("phone", "status", "reason"),
    [
        ("251700000001", "Failed", "1"),
        ("251700000004", "Cancelled", "1032"),
        ("251700000005", "Expired", "1037"),
    ],
)
async def test_the_status_of_a_failure(
    caller: Caller, phone: str, status: str, reason: str
) -> None:
    await caller.push(PhoneNumber=phone)
    ended = told_by(await caller.receiver.told("/stk"))
    await caller.status(OriginalConcersationID=ended["CheckoutRequestID"])
    told = parameters_of(await result(caller))
    assert (told["TransactionStatus"], told["TransactionReason"]) == (status, reason)
    assert "ReceiptNo" not in told


async def test_the_status_of_an_open_prompt(caller: Caller) -> None:
    phone = await caller.open_wallet("100.00")
    await caller.control("POST", f"/phones/{phone}/mode", mode="manual")
    checkout = (await caller.push(PhoneNumber=phone)).json()["CheckoutRequestID"]
    await caller.status(OriginalConcersationID=checkout)
    assert parameters_of(await result(caller))["TransactionStatus"] == "Pending"


async def test_the_status_of_payouts(caller: Caller) -> None:
    phone = await caller.open_wallet("100.00")
    await collect(caller, phone)
    for payee, status in ((phone, "Completed"), ("251799999999", "Failed")):
        made = (await caller.pay_out(PartyB=payee)).json()
        await result(caller)
        for name in ("ConversationID", "OriginatorConversationID"):
            await caller.status(OriginalConcersationID=made[name])
            assert parameters_of(await result(caller))["TransactionStatus"] == status


async def test_an_unknown_transaction_is_told_at_once(caller: Caller) -> None:
    answer = await caller.status(OriginalConcersationID="ws_CO_1")
    assert (answer.status_code, answer.json()["errorCode"]) == (404, "404.002.01")


async def test_a_question_about_nothing(caller: Caller) -> None:
    answer = await caller.status(TransactionID="0")
    assert answer.json()["errorCode"] == "400.002.02"


async def test_questions_of_a_stranger(caller: Caller) -> None:
    paid = await collect(caller, await caller.open_wallet("100.00"))
    await caller.status(OriginalConcersationID=paid["CheckoutRequestID"], Initiator="somebody")
    assert (await result(caller))["ResultCode"] == 2001


async def test_the_balance_of_the_short_code(caller: Caller) -> None:
    await collect(caller, await caller.open_wallet("100.00"))
    fields = {
        "OriginatorConversationID": "balance-1",
        "CommandID": "AccountBalance",
        "PartyA": caller.short_code,
        "IdentifierType": "4",
    }
    path = "/mpesa/accountbalance/v2/query"
    await caller.ask(path, fields, initiator="Initiator")
    told = parameters_of(await result(caller))["AccountBalance"]
    held = await caller.merchant_balance()
    assert f"Utility Account|ETB|{held}|" in told
    assert len(told.split("&")) == 2


@pytest.mark.parametrize("operation", ["b2c", "reversal", "status"])
async def test_planned_ends(caller: Caller, operation: str) -> None:
    paid = await collect(caller, await caller.open_wallet("100.00"))
    receipt = items_of(paid)["MpesaReceiptNumber"]
    asks: dict[str, Callable[[], Awaitable[httpx.Response]]] = {
        "b2c": caller.pay_out,
        "reversal": lambda: caller.reverse(TransactionID=receipt),
        "status": lambda: caller.status(TransactionID=receipt),
    }
    ask = asks[operation]
    await caller.plan(operation, "refuse", code="3007")
    assert (await ask()).json()["ResponseCode"] == "3007"
    await caller.plan(f"{operation}_result", "refuse", code="26")
    assert (await ask()).json()["ResponseCode"] == "0"
    assert (await result(caller))["ResultCode"] == 26
    await caller.plan(f"{operation}_result", "refuse", code="timeout")
    accepted = (await ask()).json()
    notice = (await caller.receiver.told("/timeout"))["Result"]
    assert notice["ConversationID"] == accepted["ConversationID"]
    assert notice["ResultCode"] != 0


async def test_a_result_can_come_twice_or_not_at_all(caller: Caller) -> None:
    await caller.plan("b2c", "duplicate_callback", subject="twice-1")
    await caller.pay_out(OriginatorConversationID="twice-1")
    assert await result(caller) == await result(caller)
    await caller.plan("b2c", "drop_callback", subject="never-1")
    await caller.pay_out(OriginatorConversationID="never-1")
    log = await caller.control("GET", "/callbacks")
    assert [line["result"] for line in log if line["reference"] == "never-1"] == ["dropped"]


async def test_left_out_fields_of_a_push_are_named(caller: Caller) -> None:
    answer = await caller.push(CallBackURL=LEFT_OUT)
    assert answer.json()["errorMessage"] == "Bad Request - Invalid CallBackURL"
