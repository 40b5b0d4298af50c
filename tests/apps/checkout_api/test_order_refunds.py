"""Goods go back over HTTP, on real stores: the plan shrinks, cash returns, all books agree."""

import asyncio
from typing import Any

import httpx

from db.ledger.views import balance
from meqenet.auth.roles import Role
from meqenet.ledger.as_of import AsOf
from meqenet.money import Money
from tests.apps.checkout_api.conftest import Shop
from tests.apps.checkout_api.staff import agent_of, failed_plan
from tests.apps.checkout_api.test_disputes import in_books, settled
from tests.apps.checkout_api.test_interest_payments import require_that_books_agree
from tests.apps.checkout_api.test_plans import read
from tests.backing import Databases
from tests.waiting import eventually

_OF_THE_PLAN = (
    "plan_receivable",
    "interest_receivable",
    "customer_credit",
    "merchant_fee_deferred",
    "merchant_protected",
)


async def _refunds(shop: Shop, plan_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await shop.get(f"/v1/plans/{plan_id}/refunds")).json()["refunds"]
    return found


async def test_a_part_goes_back_on_day_fourteen_and_then_the_rest(
    shop: Shop, databases: Databases
) -> None:
    plan = await failed_plan(
        shop, days=14, option="pay_over_time", amount="6000.00", installment_count=6
    )
    path = f"/v1/plans/{plan.plan_id}/refunds"
    shown = (await shop.post(f"{path}/preview", {"amount": "1800.00"})).json()
    assert (shown["owed_less"], shown["cash_back"]) == ("1800.00", "0.00")
    made = await shop.post(path, {"reference": "return-1", "amount": "1800.00"})
    assert made.status_code == 200, made.text
    rows = made.json()["schedule"]
    assert [(row["principal"], row["interest"]) for row in rows] == [
        (row["principal"], row["interest"]) for row in shown["installments"]
    ]
    again = await shop.post(path, {"reference": "return-1", "amount": "1800.00"})
    assert again.status_code == 200
    other = await shop.post(path, {"reference": "return-1", "amount": "1.00"})
    assert (other.status_code, other.json()["code"]) == (422, "refund_reference_reused")
    too_much = await shop.post(path, {"reference": "return-2", "amount": "4200.01"})
    assert (too_much.status_code, too_much.json()["code"]) == (422, "refund_above_order")
    assert [each["amount"] for each in await _refunds(shop, plan.plan_id)] == ["1800.00"]
    await require_that_books_agree(databases, plan_id=plan.plan_id)

    await plan.top_up()
    await plan.days_pass(20)
    first = (await read(shop, plan.plan_id))["schedule"][0]
    assert first["state"] == "paid"
    rest = (await shop.post(f"{path}/preview", {})).json()
    # What the first installment has cost goes back whole: nothing of the order was kept.
    assert Money.from_birr(rest["cash_back"]) == Money.from_birr(
        first["principal"]
    ) + Money.from_birr(first["interest"])
    assert (await shop.post(path, {"reference": "return-2"})).status_code == 200

    async def money() -> list[str]:
        return [
            part["state"] for each in await _refunds(shop, plan.plan_id) for part in each["money"]
        ]

    await eventually(money, lambda found: found == ["succeeded"])

    async def state() -> str:
        return str((await read(shop, plan.plan_id))["state"])

    assert await eventually(state, lambda found: found == "completed") == "completed"
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    async with databases["ledger"].read() as session:
        for name in _OF_THE_PLAN:
            found = await balance(session=session, prefix=f"{name}:{plan.plan_id}", as_of=AsOf())
            assert found == Money.zero(), name


async def test_protected_money_goes_back_and_waits_and_what_is_left_of_it_is_paid_out(
    shop: Shop, http: httpx.AsyncClient, databases: Databases
) -> None:
    plan = await failed_plan(
        shop, days=3, balance="5000.00", option="pay_in_full", amount="1000.00"
    )
    path = f"/v1/plans/{plan.plan_id}/refunds"
    # M-PESA pays a part out, and refuses to at first.
    refused = {"operation": "b2c", "outcome": "refuse", "code": "2040"}
    (await shop.http.post(f"{shop.controls['mpesa']}/next", json=refused)).raise_for_status()
    made = await shop.post(path, {"reference": "return-1", "amount": "400.00"})
    assert made.status_code == 200, made.text

    async def money() -> list[tuple[str, str]]:
        return [
            (part["amount"], part["state"])
            for each in await _refunds(shop, plan.plan_id)
            for part in each["money"]
        ]

    await eventually(money, lambda found: found == [("400.00", "failed")])
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    agent = await agent_of(http=http, databases=databases, role=Role.FINANCE)
    again, why = f"/v1/support/plans/{plan.plan_id}/refunds/1/retry", {"why": "open again"}

    async def retried() -> int:
        return (await agent.post(again, why)).status_code

    await eventually(retried, lambda status: status == 200)
    await eventually(money, lambda found: found[1:] == [("400.00", "succeeded")])
    unasked = await agent.post(again, why)
    assert (unasked.status_code, unasked.json()["code"]) == (409, "cash_back_not_refused")
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    await _disputed_and_accepted(
        shop, databases, plan.plan_id, number=1, kind="unauthorised", amount="300.00"
    )
    await plan.days_pass(20)
    assert (await read(shop, plan.plan_id))["state"] == "completed"
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    async with databases["ledger"].read() as session:
        for name in _OF_THE_PLAN:
            found = await balance(session=session, prefix=f"{name}:{plan.plan_id}", as_of=AsOf())
            assert found == Money.zero(), name
    # A plan that is over is disputed too.
    await _disputed_and_accepted(
        shop, databases, plan.plan_id, number=2, kind="refund_not_processed", amount="100.00"
    )
    given_back = [each["amount"] for each in await _refunds(shop, plan.plan_id)]
    assert given_back == ["400.00", "300.00", "100.00"]
    assert await in_books(databases, f"merchant_disputed:{plan.plan_id}") == "0.00"
    await plan.days_pass(120)
    late = await shop.post(f"/v1/plans/{plan.plan_id}/disputes", {"kind": "duplicate"})
    assert (late.status_code, late.json()["code"]) == (409, "dispute_too_late")


async def _disputed_and_accepted(
    shop: Shop, databases: Databases, plan_id: str, *, number: int, kind: str, amount: str
) -> None:
    path = f"/v1/plans/{plan_id}/disputes"
    made = await shop.post(path, {"kind": kind, "amount": amount})
    assert made.status_code == 201, made.text
    await require_that_books_agree(databases, plan_id=plan_id)
    accepted = await shop.post(f"{path}/{number}/accept", {})
    assert accepted.json()["outcome"] == "merchant_accepted", accepted.text
    await settled(shop, f"{path}/{number}")
    await require_that_books_agree(databases, plan_id=plan_id)


async def test_a_merchant_that_was_paid_owes_what_goes_back(
    shop: Shop, databases: Databases
) -> None:
    plan = await failed_plan(shop, days=12)
    paid = await read(shop, plan.plan_id)
    assert paid["merchant_paid"], paid
    assert (paid["order"]["status"], paid["order"]["captured"]) == ("captured", "1000.00")
    for verb in ("captures", "void"):
        refused = await shop.post(f"/v1/plans/{plan.plan_id}/{verb}", {"reference": "x"})
        assert (refused.status_code, refused.json()["code"]) == (409, "captured_automatically")
    path = f"/v1/plans/{plan.plan_id}/refunds"
    made = await shop.post(path, {"reference": "return-1", "amount": "300.00"})
    assert [row["owed"] for row in made.json()["schedule"]] == ["700.00"]
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    async with databases["ledger"].read() as session:
        owed = await balance(
            session=session, prefix=f"merchant_receivable:{shop.merchant_id}", as_of=AsOf()
        )
    # 300.00, less its part of the fee.
    assert Money.zero() < owed < Money.from_birr("300.00")
    await plan.days_pass(19)
    late = await read(shop, plan.plan_id)
    assert (late["state"], late["schedule"][0]["failed_attempts"] > 0) == ("past_due", True)
    made = await shop.post(path, {"reference": "return-2", "amount": "200.00"})
    assert made.status_code == 200, made.text
    await plan.top_up()
    await plan.days_pass(10)
    assert (await read(shop, plan.plan_id))["state"] == "completed"
    # The collection that had waited for its next attempt asks for what is left.
    assert [row["amount"] for row in await plan.debits()] == ["500.00"]
    await _rest_goes_back_after_the_end(shop, databases, plan_id=plan.plan_id)


async def _rest_goes_back_after_the_end(shop: Shop, databases: Databases, *, plan_id: str) -> None:
    """Two ask at once for what is left of a plan that is completed: it goes back once."""
    path = f"/v1/plans/{plan_id}/refunds"
    shown = await shop.post(f"{path}/preview", {})
    assert (shown.json()["owed_less"], shown.json()["cash_back"]) == ("0.00", "500.00")
    too_much = await shop.post(path, {"reference": "return-3", "amount": "500.01"})
    assert (too_much.status_code, too_much.json()["code"]) == (422, "refund_above_order")
    made = await asyncio.gather(*(shop.post(path, {"reference": "return-3"}) for _ in range(2)))
    assert [each.status_code for each in made] == [200, 200]
    assert made[0].json()["state"] == "completed"

    async def money() -> list[tuple[str, str]]:
        return [
            (part["amount"], part["state"])
            for each in await _refunds(shop, plan_id)
            for part in each["money"]
        ]

    await eventually(money, lambda found: found == [("500.00", "succeeded")])
    assert len(await _refunds(shop, plan_id)) == 3
    last = await shop.post(path, {"reference": "return-4"})
    assert (last.status_code, last.json()["code"]) == (409, "order_refunded")
    await require_that_books_agree(databases, plan_id=plan_id)
