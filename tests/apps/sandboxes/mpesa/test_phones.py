"""Who answers a prompt, and what becomes of it."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from apps.sandboxes.kernel.assembly import Kernel
from apps.sandboxes.mpesa.behaviour import Behaviour
from apps.sandboxes.mpesa.journal import Journal, Prompt, PromptState
from apps.sandboxes.mpesa.phones import PAID, UNREACHABLE, Phones
from apps.sandboxes.mpesa.timers import Timers
from meqenet.money import Money
from tests.apps.sandboxes.mpesa.rig import Caller, Receiver, calling, sandboxed
from tests.apps.sandboxes.mpesa.test_stk import told_by

AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
OUTCOMES = {
    "251700000000": 0,
    "251700000001": 1,
    "251700000002": "TP40087",
    "251700000003": 2006,
    "251700000004": 1032,
    "251700000005": 1037,
    "251700000006": 17,
}


async def by_hand(caller: Caller, *, balance: str = "100.00") -> str:
    """A phone whose owner answers."""
    phone = await caller.open_wallet(balance)
    await caller.control("POST", f"/phones/{phone}/mode", mode="manual")
    return phone


async def answer(caller: Caller, phone: str, **given: object) -> httpx.Response:
    return await caller.http.post(f"/_sandbox/phones/{phone}/answer", json=given)


@pytest.mark.parametrize(("phone", "code"), list(OUTCOMES.items()))
async def test_well_known_phones(caller: Caller, phone: str, code: object) -> None:
    before = await caller.balance(f"wallet:{phone}")
    await caller.push(PhoneNumber=phone, Amount=10)
    assert told_by(await caller.receiver.told("/stk"))["ResultCode"] == code
    paid = before - await caller.balance(f"wallet:{phone}")
    assert paid == (10 if code == 0 else 0)


async def test_a_prompt_waits_for_its_owner(caller: Caller) -> None:
    phone = await by_hand(caller)
    checkout = (await caller.push(PhoneNumber=phone, Amount=30)).json()["CheckoutRequestID"]
    (shown,) = await caller.control("GET", f"/phones/{phone}/prompts")
    assert (shown["checkout_request_id"], shown["amount"]) == (checkout, "30.00")
    assert (shown["account_reference"], shown["state"]) == ("PLN12", "open")
    assert caller.receiver.arrived["/stk"].empty()
    told = (await answer(caller, phone, pin="4321")).json()
    assert told["state"] == "paid"
    assert told_by(await caller.receiver.told("/stk"))["ResultCode"] == 0
    assert await caller.control("GET", f"/phones/{phone}/prompts") == []
    assert str(await caller.balance(f"wallet:{phone}")) == "70.00"


@pytest.mark.parametrize(
    ("given", "code"), [({"pin": "0000"}, "TP40087"), ({"cancel": True}, 1032)]
)
async def test_an_owner_who_does_not_pay(
    caller: Caller, given: dict[str, Any], code: object
) -> None:
    phone = await by_hand(caller)
    await caller.push(PhoneNumber=phone)
    assert (await answer(caller, phone, **given)).json()["state"] == "failed"
    assert told_by(await caller.receiver.told("/stk"))["ResultCode"] == code
    assert (await answer(caller, phone, pin="4321")).status_code == 404
    assert str(await caller.balance(f"wallet:{phone}")) == "100.00"


async def test_one_of_two_prompts_is_answered(caller: Caller) -> None:
    phone = await by_hand(caller)
    first, second = [
        (await caller.push(PhoneNumber=phone)).json()["CheckoutRequestID"] for _ in range(2)
    ]
    told = (await answer(caller, phone, checkout_request_id=second, pin="4321")).json()
    assert told["checkout_request_id"] == second
    told = (await answer(caller, phone, cancel=True)).json()
    assert told["checkout_request_id"] == first


@pytest.mark.parametrize(
    "given", [{}, {"pin": "12"}, {"pin": "4321", "cancel": True}, {"cancel": False}, {"key": "1"}]
)
async def test_an_answer_is_one_deed(caller: Caller, given: dict[str, Any]) -> None:
    phone = await by_hand(caller)
    assert (await answer(caller, phone, **given)).status_code == 422


async def test_a_phone_must_have_a_wallet(caller: Caller) -> None:
    for path, body in (("mode", {"mode": "manual"}), ("answer", {"pin": "4321"})):
        answered = await caller.http.post(f"/_sandbox/phones/251799999999/{path}", json=body)
        assert answered.status_code == 404
    assert (await caller.http.get("/_sandbox/phones/251799999999/prompts")).status_code == 404


async def test_an_unanswered_prompt_expires(caller: Caller) -> None:
    await caller.control("PATCH", "/behaviour", prompt_life_ms=20)
    phone = await by_hand(caller)
    await caller.push(PhoneNumber=phone)
    assert told_by(await caller.receiver.told("/stk"))["ResultCode"] == 1037
    assert (await answer(caller, phone, pin="4321")).status_code == 404


async def test_a_prompt_that_expires_before_a_slow_customer_answers(caller: Caller) -> None:
    await caller.control("PATCH", "/behaviour", prompt_life_ms=10, answer_delay_ms=60_000)
    await caller.push()
    assert told_by(await caller.receiver.told("/stk"))["ResultCode"] == 1037


async def test_a_phone_with_a_prompt_is_busy_if_so_configured(caller: Caller) -> None:
    phone = await by_hand(caller)
    await caller.control("PATCH", "/behaviour", one_prompt_at_a_time=True)
    await caller.push(PhoneNumber=phone)
    await caller.push(PhoneNumber=phone)
    assert told_by(await caller.receiver.told("/stk"))["ResultCode"] == 1001
    assert (await answer(caller, phone, pin="4321")).json()["state"] == "paid"


async def test_two_answers_at_once_pay_once(caller: Caller) -> None:
    phone = await by_hand(caller)
    await caller.push(PhoneNumber=phone)
    answers = await asyncio.gather(*(answer(caller, phone, pin="4321") for _ in range(5)))
    assert sorted(given.status_code for given in answers) == [200, 404, 404, 404, 404]
    assert str(await caller.balance(f"wallet:{phone}")) == "80.00"


async def test_behaviour_is_changed_as_a_whole_or_not_at_all(caller: Caller) -> None:
    before = await caller.control("GET", "/behaviour")
    refused = await caller.http.patch(
        "/_sandbox/behaviour", json={"answer_delay_ms": 1, "envelope": "XX"}
    )
    assert refused.status_code == 422
    assert (await caller.http.patch("/_sandbox/behaviour", json={"x": 1})).status_code == 422
    assert await caller.control("GET", "/behaviour") == before


async def test_an_open_prompt_survives_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    async with (
        sandboxed(directory=tmp_path) as place,
        calling(place=place, receiver=receiver) as caller,
    ):
        phone = await by_hand(caller)
        await caller.push(MerchantRequestID="kept-1", PhoneNumber=phone)
        known = place.credentials
    async with (
        sandboxed(directory=tmp_path) as place,
        calling(place=place, receiver=receiver) as caller,
    ):
        assert place.credentials == known
        assert (await answer(caller, phone, pin="4321")).json()["state"] == "paid"
        assert told_by(await receiver.told("/stk"))["MerchantRequestID"] == "kept-1"


async def test_a_prompt_that_expired_while_the_sandbox_was_down(
    tmp_path: Path, receiver: Receiver
) -> None:
    async with (
        sandboxed(directory=tmp_path, clock=lambda: AT) as place,
        calling(place=place, receiver=receiver) as caller,
    ):
        phone = await by_hand(caller)
        await caller.push(MerchantRequestID="late-1", PhoneNumber=phone)
    assert receiver.arrived["/stk"].empty()
    async with sandboxed(directory=tmp_path, clock=lambda: AT + timedelta(hours=1)):
        told = told_by(await receiver.told("/stk"))
    assert (told["MerchantRequestID"], told["ResultCode"]) == ("late-1", 1037)


async def test_a_prompt_ends_once_whoever_ends_it() -> None:
    """A customer may answer in the moment in which the prompt expires."""
    kernel = Kernel.open(provider="mpesa", directory=None, clock=lambda: AT)
    journal = Journal(book=kernel.book)
    phones = Phones(
        kernel=kernel,
        journal=journal,
        behaviour=Behaviour(),
        short_code="600998",
        timers=Timers(),
    )
    kernel.book.open_wallet(
        msisdn="251712345678", name="Test", pin="4321", at=AT, balance=Money(5000)
    )
    prompt = Prompt(
        merchant_request_id="once-1",
        checkout_request_id="ws_CO_1",
        msisdn="251712345678",
        amount=Money(2000),
        account_reference="PLN12",
        callback_url="https://shop.example/stk",
        callback_copies=1,
        callback_delay_ms=0,
        created_at=AT,
        expires_at=AT + timedelta(minutes=1),
        state=PromptState.OPEN,
    )
    journal.add_prompt(prompt=prompt)
    paid = await phones.end(prompt, code=PAID)
    assert paid is not None
    assert paid.state is PromptState.PAID
    assert await phones.end(prompt, code=UNREACHABLE) is None
    assert await phones.enter_pin(prompt, pin="4321") is None
    assert journal.prompt(named="once-1") == paid
    assert kernel.book.wallet(msisdn="251712345678").balance == Money(3000)
    assert len(kernel.callbacks.log()) == 1
