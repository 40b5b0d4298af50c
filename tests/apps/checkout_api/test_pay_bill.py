"""A customer pays to our short code, at the real gateway's sandbox, with the plan's number."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio

from apps.checkout_api.parts import ApiParts
from integrations.mpesa.registration import register_pay_bill
from integrations.mpesa.settings import MpesaSettings
from integrations.mpesa.token import TokenSource
from tests.apps.checkout_api.conftest import Shop
from tests.apps.checkout_api.test_callbacks import kept
from tests.apps.checkout_api.test_plans import ACCEPT, offered, read
from tests.waiting import eventually
from workers.opening import Environment, utc_now

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


async def test_a_part_by_pay_bill_is_taken_by_the_plan_and_its_rest_is_owed(
    shop: Shop, till: _Till
) -> None:
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


async def test_a_number_that_is_no_plan_is_turned_away_before_anything_moves(till: _Till) -> None:
    answer = await till.pay("400", reference="NOPLANATALL2")
    assert answer.json()["ResponseCode"] == "C2B00012"


async def test_money_under_a_number_that_is_no_plan_is_kept_for_staff(
    http: httpx.AsyncClient, parts: ApiParts
) -> None:
    secret = parts.mpesa_callback_secret.get_secret_value()
    told = {"TransID": "RCH7BT9MZ1", "TransAmount": "10", "BillRefNumber": "ABCDEFGH2345"}
    body = json.dumps(told).encode()
    answer = await http.post(f"/v1/callbacks/mpesa/{secret}/pay-bill/confirmation", content=body)
    assert (answer.status_code, answer.json()["ResultCode"]) == (200, "0")
    assert await kept(parts, provider="mpesa", kind="pay-bill/RCH7BT9MZ1", body=body)
    stranger = await http.post("/v1/callbacks/mpesa/wrong/pay-bill/confirmation", content=body)
    assert stranger.status_code == 404
