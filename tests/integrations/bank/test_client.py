"""The client against the bank sandbox, over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI, Response
from pydantic import SecretStr, ValidationError

from apps.sandboxes.bank import app as bank
from apps.sandboxes.kernel.serve import RunningSandbox, Sandbox, running
from integrations.bank.client import BankClient
from integrations.bank.settings import BankSettings
from integrations.ports.banks import Bank
from meqenet.errors import Defect, OutcomeUnknown, Unavailable
from meqenet.identity import payout_id, plan_id
from meqenet.money import Money
from meqenet.settlement.transfer import CreditTransfer, PayoutAccount, TransferStatus

PAYOUT = payout_id(plan_id=plan_id(merchant_id="abeba", reference="17"), number=1)
ORDER = CreditTransfer(
    end_to_end_id=PAYOUT,
    creditor=PayoutAccount(bic="CBETETAA", account_number="1000123456789", account_name="አበባ ቡና"),
    amount=Money.from_birr("1250.50"),
    remittance="Meqenet payout",
)
PENDING, SETTLED = TransferStatus.PENDING, TransferStatus.SETTLED
REJECTED, NOT_FOUND = TransferStatus.REJECTED, TransferStatus.NOT_FOUND


@dataclass
class Clock:
    now: datetime = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass(kw_only=True)
class World:
    clock: Clock
    place: RunningSandbox
    http: httpx.AsyncClient
    settings: BankSettings

    def client(self, **changed: object) -> BankClient:
        settings = self.settings.model_copy(update=changed)
        return BankClient(settings=settings, http=self.http, clock=self.clock)

    async def plan(self, **fault: object) -> None:
        planned = await self.http.post(f"{self.place.control_url}/next", json=fault)
        assert planned.status_code == 201

    async def accepted(self) -> list[str]:
        rows = (await self.http.get(f"{self.place.control_url}/statement")).json()
        return [row["amount"] for row in rows if row["kind"] == "transfer-accepted"]


def settings_of(place: RunningSandbox) -> BankSettings:
    return BankSettings.model_validate({"base_url": place.base_url, **place.credentials})


@pytest.fixture
async def world() -> AsyncIterator[World]:
    clock = Clock()
    sandbox = bank.create(directory=None, strict=True, clock=clock)
    async with running(sandbox=sandbox) as place, httpx.AsyncClient() as http:
        yield World(clock=clock, place=place, http=http, settings=settings_of(place))


@pytest.fixture
def client(world: World) -> Bank:
    return world.client()


def to_account(number: str) -> CreditTransfer:
    return replace(ORDER, creditor=replace(ORDER.creditor, account_number=number))


async def test_a_transfer_is_pending_then_settled(world: World, client: Bank) -> None:
    taken = await client.send_transfer(order=ORDER)
    assert (taken.status, taken.end_to_end_id) == (PENDING, PAYOUT)
    assert taken.reason_code is None
    world.clock.now += timedelta(seconds=1)
    settled = await client.query_transfer(end_to_end_id=PAYOUT)
    assert settled.status is SETTLED
    assert settled.bank_reference == taken.bank_reference
    assert settled.bank_reference is not None
    again = await client.send_transfer(order=ORDER)
    assert again == settled
    assert await world.accepted() == ["1250.50"]


async def test_an_order_that_was_never_sent_is_not_found(client: Bank) -> None:
    assert (await client.query_transfer(end_to_end_id=PAYOUT)).status is NOT_FOUND


@pytest.mark.parametrize(
    ("number", "reason"),
    [("0000000000001", "AC01"), ("0000000000002", "AC04"), ("0000000000003", "AM04")],
)
async def test_a_rejection_is_an_answer_with_its_reason(
    client: Bank, number: str, reason: str
) -> None:
    answer = await client.send_transfer(order=to_account(number))
    assert (answer.status, answer.reason_code) == (REJECTED, reason)
    assert await client.query_transfer(end_to_end_id=PAYOUT) == answer


async def test_an_unknown_bank_is_rejected(client: Bank) -> None:
    order = replace(ORDER, creditor=replace(ORDER.creditor, bic="NOSUETAA"))
    assert (await client.send_transfer(order=order)).reason_code == "RC01"


async def test_a_late_rejection(world: World, client: Bank) -> None:
    assert (await client.send_transfer(order=to_account("0000000000004"))).status is PENDING
    world.clock.now += timedelta(seconds=1)
    answer = await client.query_transfer(end_to_end_id=PAYOUT)
    assert (answer.status, answer.reason_code) == (REJECTED, "AC04")


@pytest.mark.parametrize("outcome", ["timeout_after_commit", "error_after_commit"])
async def test_a_lost_answer_is_unknown_and_found_by_asking(
    world: World, client: Bank, outcome: str
) -> None:
    await world.plan(operation="credit_transfer", outcome=outcome)
    with pytest.raises(OutcomeUnknown) as caught:
        await client.send_transfer(order=ORDER)
    assert caught.value.code == "bank_outcome_unknown"
    assert (await client.query_transfer(end_to_end_id=PAYOUT)).status is PENDING
    assert (await client.send_transfer(order=ORDER)).status is PENDING
    assert await world.accepted() == ["1250.50"]


async def test_a_timeout_before_is_unknown_and_not_found_by_asking(
    world: World, client: Bank
) -> None:
    await world.plan(operation="credit_transfer", outcome="timeout_before")
    with pytest.raises(OutcomeUnknown):
        await client.send_transfer(order=ORDER)
    assert (await client.query_transfer(end_to_end_id=PAYOUT)).status is NOT_FOUND
    assert await world.accepted() == []


async def test_a_slow_answer_is_unknown(world: World) -> None:
    await world.plan(operation="credit_transfer", outcome="timeout_before", delay_ms=3_600_000)
    with pytest.raises(OutcomeUnknown):
        await world.client(answer_timeout_seconds=0.05).send_transfer(order=ORDER)


async def test_a_busy_bank_has_done_nothing(world: World, client: Bank) -> None:
    await world.plan(operation="credit_transfer", outcome="unavailable")
    with pytest.raises(Unavailable):
        await client.send_transfer(order=ORDER)
    assert await world.accepted() == []
    assert (await client.send_transfer(order=ORDER)).status is PENDING


@pytest.mark.parametrize(
    ("wish", "understood"),
    [("17", timedelta(seconds=17)), ("9" * 30, None), ("Mon, 23 Nov 2026 06:00:00 GMT", None)],
)
async def test_a_busy_bank_may_say_when_to_come_back(
    world: World, wish: str, understood: timedelta | None
) -> None:
    app = FastAPI()

    @app.post("/v1/credit-transfers")
    async def busy() -> Response:
        return Response(status_code=429, headers={"Retry-After": wish})

    async with running(sandbox=Sandbox(provider="busy", app=app, credentials={})) as place:
        with pytest.raises(Unavailable) as caught:
            await world.client(base_url=place.base_url).send_transfer(order=ORDER)
    assert caught.value.retry_after == understood


async def test_a_bank_that_is_down(world: World, client: Bank) -> None:
    await world.http.post(f"{world.place.control_url}/down")
    with pytest.raises(Unavailable):
        await client.send_transfer(order=ORDER)
    with pytest.raises(Unavailable):
        await client.query_transfer(end_to_end_id=PAYOUT)


async def test_a_bank_that_cannot_be_reached(world: World) -> None:
    with pytest.raises(Unavailable):
        await world.client(base_url="http://127.0.0.1:1").send_transfer(order=ORDER)


@pytest.mark.parametrize(
    "outcome",
    ["timeout_before", "timeout_after_commit", "unavailable", "error_after_commit"],
)
async def test_a_question_that_gets_no_answer_has_done_nothing(
    world: World, client: Bank, outcome: str
) -> None:
    await client.send_transfer(order=ORDER)
    await world.plan(operation="query_transfer", outcome=outcome)
    with pytest.raises(Unavailable):
        await client.query_transfer(end_to_end_id=PAYOUT)
    assert (await client.query_transfer(end_to_end_id=PAYOUT)).status is PENDING


async def test_refused_credentials_are_a_defect(world: World) -> None:
    for client, code in (
        (world.client(client_id="someone"), "UNKNOWN_CLIENT"),
        (world.client(secret=SecretStr("0" * 64)), "BAD_SIGNATURE"),
    ):
        with pytest.raises(Defect) as caught:
            await client.send_transfer(order=ORDER)
        assert caught.value.code == "bank_credentials_refused"
        assert caught.value.facts["code"] == code
        with pytest.raises(Defect):
            await client.query_transfer(end_to_end_id=PAYOUT)


async def test_a_clock_that_is_wrong_is_a_defect(world: World) -> None:
    late = BankClient(
        settings=world.settings,
        http=world.http,
        clock=lambda: world.clock.now + timedelta(hours=1),
    )
    with pytest.raises(Defect) as caught:
        await late.send_transfer(order=ORDER)
    assert caught.value.facts["code"] == "STALE_REQUEST"


async def test_refused_grammar_is_a_defect_without_private_data(client: Bank) -> None:
    order = replace(ORDER, creditor=replace(ORDER.creditor, bic="cbe"))
    with pytest.raises(Defect) as caught:
        await client.send_transfer(order=order)
    assert caught.value.code == "bank_request_refused"
    assert "አበባ" not in f"{caught.value} {caught.value.facts}"


async def test_the_same_id_for_another_order_is_a_defect_not_a_rejection(
    world: World, client: Bank
) -> None:
    await client.send_transfer(order=ORDER)
    with pytest.raises(Defect) as caught:
        await client.send_transfer(order=replace(ORDER, amount=Money(1)))
    assert caught.value.code == "bank_order_conflict"
    assert await world.accepted() == ["1250.50"]


@pytest.mark.parametrize("amount", [Money(0), Money(-1)])
async def test_nothing_is_sent_for_no_money(world: World, amount: Money) -> None:
    with pytest.raises(Defect, match="above zero"):
        await world.client().send_transfer(order=replace(ORDER, amount=amount))
    assert (await world.http.get(f"{world.place.control_url}/requests")).json() == []


@pytest.mark.parametrize("end_to_end_id", ["", "a b", "ሰላም", "x" * 36, "../../x"])
async def test_an_id_without_a_spelling_is_not_sent(world: World, end_to_end_id: str) -> None:
    with pytest.raises(Defect, match="end-to-end id"):
        await world.client().query_transfer(end_to_end_id=end_to_end_id)
    assert (await world.http.get(f"{world.place.control_url}/requests")).json() == []


async def test_the_same_order_sent_at_the_same_time_is_taken_once(
    world: World, client: Bank
) -> None:
    answers = await asyncio.gather(*(client.send_transfer(order=ORDER) for _ in range(5)))
    assert len(set(answers)) == 1
    assert await world.accepted() == ["1250.50"]


GARBLED = {
    "no JSON": b"<html>",
    "no object": b"[]",
    "another order": b'{"EndToEndId":"x","TxSts":"ACSC"}',
    "another amount": b'{"EndToEndId":"%s","TxSts":"ACSC","Amt":{"Ccy":"ETB","Value":"1.00"}}',
    "unknown status": b'{"EndToEndId":"%s","TxSts":"ZZZZ","Amt":{"Ccy":"ETB","Value":"1250.50"}}',
    "no reason": b'{"EndToEndId":"%s","TxSts":"RJCT","Amt":{"Ccy":"ETB","Value":"1250.50"}}',
}


@pytest.mark.parametrize("body", GARBLED.values(), ids=GARBLED.keys())
async def test_an_answer_that_says_nothing_settles_nothing(world: World, body: bytes) -> None:
    wire_id = PAYOUT.replace("_", "").replace("-", "").encode()
    content = body % wire_id if b"%s" in body else body
    app = FastAPI()

    @app.post("/v1/credit-transfers")
    async def answer() -> Response:
        return Response(content, media_type="application/json")

    async with running(sandbox=Sandbox(provider="odd", app=app, credentials={})) as place:
        client = world.client(base_url=place.base_url)
        with pytest.raises(OutcomeUnknown):
            await client.send_transfer(order=ORDER)
        with pytest.raises(Defect):  # a 404 that is not the bank's own "unknown id"
            await client.query_transfer(end_to_end_id=PAYOUT)


def test_settings_hide_the_secret_and_need_an_address(world: World) -> None:
    assert world.place.credentials["secret"] not in repr(world.settings)
    values = {"base_url": "bank", **world.place.credentials}
    with pytest.raises(ValidationError) as caught:
        BankSettings.model_validate(values)
    assert world.place.credentials["secret"] not in str(caught.value)


def test_settings_come_from_the_environment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEQENET_BANK_BASE_URL", f"{world.place.base_url}/")
    for name, value in world.place.credentials.items():
        monkeypatch.setenv(f"MEQENET_BANK_{name.upper()}", value)
    assert BankSettings() == world.settings
