"""A customer pays to our short code, at the real gateway's sandbox, with the plan's number."""

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import httpx
import pytest_asyncio

from apps.checkout_api.parts import ApiParts
from apps.verify.sandbox_statements import SandboxStatement
from db.ledger.views import entries_of
from integrations.mpesa.registration import register_pay_bill
from integrations.mpesa.settings import MpesaSettings
from integrations.mpesa.token import TokenSource
from meqenet.auth.roles import Role
from meqenet.ledger.accounts import Side
from meqenet.money import Money
from tests.apps.checkout_api.conftest import Shop
from tests.apps.checkout_api.staff import agent_of
from tests.apps.checkout_api.test_callbacks import kept
from tests.apps.checkout_api.test_plans import ACCEPT, offered, read
from tests.apps.checkout_api.test_support_commands import run
from tests.backing import Databases
from tests.waiting import eventually
from tests.workers.verified import Quiet
from workers.opening import Environment, utc_now
from workers.verifying.findings import Scope
from workers.verifying.statements import check_statements

_PHONE = "251700000000"
"""Of a wallet that the sandbox opens with."""


class _Till:
    """Whoever pays at M-PESA."""

    def __init__(self, settings: MpesaSettings, http: httpx.AsyncClient) -> None:
        self._settings, self._http = settings, http
        self._tokens = TokenSource(settings=settings, http=http, clock=utc_now)

    async def pay(self, amount: str, *, reference: str) -> httpx.Response:
        return await self._http.post(
            f"{self._settings.base_url}/mpesa/b2c/simulatetransaction/v1/request",
            headers={"Authorization": f"Bearer {await self._tokens.token()}"},
            json={
                "CommandID": "CustomerPayBillOnline",
                "Amount": amount,
                "Msisdn": _PHONE,
                "BillRefNumber": reference,
                "ShortCode": self._settings.short_code,
            },
        )


@pytest_asyncio.fixture(loop_scope="session")
async def till(url: str, environment: Environment) -> AsyncIterator[_Till]:
    """Our addresses are known at the gateway, and the API listens at them."""
    del url
    settings = environment.read(MpesaSettings)
    async with httpx.AsyncClient(timeout=60) as http:
        await register_pay_bill(settings=settings, http=http)
        yield _Till(settings, http)


async def test_a_part_by_pay_bill_is_taken_and_what_is_too_much_of_the_rest_is_paid_out(
    shop: Shop, till: _Till, databases: Databases
) -> None:
    agent = await agent_of(http=shop.http, databases=databases, role=Role.SUPERVISOR)
    plan_id = (await offered(shop))["id"]
    await shop.post(f"/v1/plans/{plan_id}/accept", ACCEPT)
    asked = await shop.post(f"/v1/plans/{plan_id}/payments/preview", {"amount": "400.00"})
    (shown,) = asked.json()["payments"]
    assert (shown["installments"], shown["parts"]) == ([], [{"number": 1, "amount": "400.00"}])
    too_much = await shop.post(f"/v1/plans/{plan_id}/payments", {"amount": "1000.01"})
    assert (too_much.status_code, too_much.json()["code"]) == (422, "payment_too_much")

    number = plan_id.removeprefix("pln_")[:12].upper()
    assert (await till.pay("400", reference=number)).json()["ResponseCode"] == "0"

    async def paid() -> dict[str, Any]:
        plan = await read(shop, plan_id)
        (row,) = plan["schedule"]
        return dict(row)

    row = await eventually(paid, lambda found: found["paid"] == "400.00")
    assert (row["state"], row["owed"]) == ("scheduled", "600.00")
    rest = await shop.post(f"/v1/plans/{plan_id}/payments/preview", {})
    assert [each["amount"] for each in rest.json()["payments"]] == ["600.00"]

    await till.pay("750.00", reference=number)

    async def surplus() -> list[dict[str, Any]]:
        return list((await agent.plan(plan_id))["credits"])

    (credit,) = await eventually(surplus, lambda found: len(found) == 1)
    assert (credit["attempt"], credit["amount"], credit["state"]) == ("x02-a1", "150.00", "held")
    before = await _balance(shop)
    path = f"/v1/support/plans/{plan_id}/credits/x02-a1/return"
    answer = await agent.post(path)
    assert answer.status_code in (200, 202), answer.text
    await eventually(surplus, lambda found: found[0]["state"] == "returned")
    assert await _balance(shop) - before == Decimal("150.00")
    rows = [row for row in await _statement(shop) if row["reference"].lower() == number.lower()]
    assert [row["amount"] for row in rows] == ["400.00", "750.00"]
    assert len({row["receipt"] for row in rows}) == len(rows)
    (paid_out,) = [row for row in await _statement(shop) if row["reference"].startswith(plan_id)]
    assert (paid_out["kind"], paid_out["amount"]) == ("payout", "150.00")
    left = await _left_in_books(databases, plan_id)
    assert (left["provider_clearing:mpesa"], left[f"customer_credit:{plan_id}"]) == (
        Money.from_birr("1000.00"),
        Money.zero(),
    )
    statement = SandboxStatement(
        provider="mpesa", control_url=shop.controls["mpesa"], http=shop.http
    )
    checked = await check_statements(
        statements=statement,
        scope=Scope(stores={"payments": databases["payments"]}, plan_id=plan_id),
        patience_seconds=1,
        watch=Quiet(),
    )
    assert (checked.bad, checked.count) == (None, 3)


async def _statement(shop: Shop) -> list[dict[str, str]]:
    """What M-PESA has moved, by its own books."""
    rows: list[dict[str, str]] = (await shop.http.get(f"{shop.controls['mpesa']}/statement")).json()
    return rows


async def _balance(shop: Shop) -> Decimal:
    """Of the wallet that has paid."""
    wallets = (await shop.http.get(f"{shop.controls['mpesa']}/wallets")).json()
    (mine,) = [each for each in wallets if each["msisdn"] == _PHONE]
    return Decimal(mine["balance"])


async def _left_in_books(databases: Databases, plan_id: str) -> dict[str, Money]:
    async with databases["ledger"].read() as session:
        entries = await entries_of(session=session, plan_id=plan_id)
    left: dict[str, Money] = {}
    for entry in entries:
        signed = entry.amount if entry.side is Side.DEBIT else -entry.amount
        left[entry.account_code] = left.get(entry.account_code, Money.zero()) + signed
    return left


async def test_a_number_that_is_no_plan_is_turned_away_before_anything_moves(till: _Till) -> None:
    answer = await till.pay("400", reference="NOPLANATALL2")
    assert answer.json()["ResponseCode"] == "C2B00012"


async def test_money_under_a_number_that_is_no_plan_is_kept_for_staff_who_say_whose_it_is(
    shop: Shop, http: httpx.AsyncClient, parts: ApiParts, databases: Databases, url: str
) -> None:
    secret = parts.mpesa_callback_secret.get_secret_value()
    told = {
        "TransID": "RCH7BT9MZ1",
        "TransAmount": "10",
        "BillRefNumber": "ABCDEFGH2345",
        "MSISDN": _PHONE,
    }
    body = json.dumps(told).encode()
    answer = await http.post(f"/v1/callbacks/mpesa/{secret}/pay-bill/confirmation", content=body)
    assert (answer.status_code, answer.json()["ResultCode"]) == (200, "0")
    assert await kept(parts, provider="mpesa", kind="pay-bill/RCH7BT9MZ1", body=body)
    stranger = await http.post("/v1/callbacks/mpesa/wrong/pay-bill/confirmation", content=body)
    assert stranger.status_code == 404

    agent = await agent_of(http=http, databases=databases, role=Role.SUPERVISOR)
    listed = await agent.get("/v1/support/bills")
    (bill,) = [each for each in listed.json()["bills"] if each["receipt"] == "RCH7BT9MZ1"]
    assert bill["amount"] == "10.00"
    assert _PHONE not in listed.text
    shown = await run("bills", agent=agent, url=url)
    assert "RCH7BT9MZ1" in shown.output
    plan_id = (await offered(shop))["id"]
    why = ("--why", "the customer has shown the receipt")
    said = await run("assign-bill", "RCH7BT9MZ1", plan_id, *why, agent=agent, url=url)
    assert said.exit_code == 0, said.output
    other = (await offered(shop, reference=f"other-{shop.unique}"))["id"]
    elsewhere = {"why": why[1], "plan": other}
    twice = await agent.post("/v1/support/bills/RCH7BT9MZ1/assign", elsewhere)
    assert (twice.status_code, twice.json()["code"]) == (409, "bill_assigned")
    unknown = await agent.post(
        "/v1/support/bills/RCH7BT9MZ9/assign", {"why": why[1], "plan": other}
    )
    assert (unknown.status_code, unknown.json()["code"]) == (404, "bill_unknown")
    left = (await agent.get("/v1/support/bills")).json()["bills"]
    assert "RCH7BT9MZ1" not in {each["receipt"] for each in left}
