"""An order is captured in parts, voided, refunded and disputed over HTTP, on real stores."""

import asyncio
from typing import Any

import httpx

from db.ledger.views import balance
from meqenet.auth.roles import Role
from meqenet.ledger.as_of import AsOf
from meqenet.money import Money, total
from tests.apps.checkout_api.conftest import Shop
from tests.apps.checkout_api.staff import FailedPlan, agent_of, failed_plan
from tests.apps.checkout_api.test_disputes import in_books, settled
from tests.apps.checkout_api.test_interest_payments import require_that_books_agree
from tests.apps.checkout_api.test_plans import read
from tests.backing import Databases
from tests.waiting import eventually

_OF_THE_PLAN = (
    "plan_receivable",
    "customer_credit",
    "merchant_fee_deferred",
    "merchant_authorised",
    "merchant_protected",
)


async def _sums(shop: Shop, plan_id: str) -> tuple[str, ...]:
    order = (await read(shop, plan_id))["order"]
    names = ("status", "captured", "voided", "refunded", "capturable")
    return tuple(str(order[name]) for name in names)


async def _captures(shop: Shop, plan_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await shop.get(f"/v1/plans/{plan_id}/captures")).json()[
        "captures"
    ]
    return found


async def _of_plan(databases: Databases, name: str, owner: str) -> Money:
    async with databases["ledger"].read() as session:
        return await balance(session=session, prefix=f"{name}:{owner}", as_of=AsOf())


async def _refused(shop: Shop, path: str, body: dict[str, Any]) -> tuple[int, str]:
    answer = await shop.post(path, body)
    return answer.status_code, answer.json()["code"]


async def test_a_thousand_are_authorised_and_captured_in_parts_until_the_time_is_over(
    shop: Shop, databases: Databases
) -> None:
    plan = await failed_plan(shop, days=1, balance="5000.00", capture="manual")
    path = f"/v1/plans/{plan.plan_id}"
    shown = await read(shop, plan.plan_id)
    assert shown["order"]["authorisation_expires_at"] == "2026-12-29T21:00:00Z"
    assert shown["settlement_due_at"] is None
    assert await _sums(shop, plan.plan_id) == ("authorised", "0.00", "0.00", "0.00", "1000.00")
    kept = await _of_plan(databases, "merchant_authorised", plan.plan_id)
    assert kept == Money.from_birr("970.00")
    assert not await _of_plan(databases, "merchant_payable", shop.merchant_id)
    nothing_yet = await _refused(shop, f"{path}/refunds", {"reference": "r0", "amount": "1.00"})
    assert nothing_yet == (409, "nothing_captured")

    await _capture_twice(shop, plan)
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    refund = {"reference": "return-1", "amount": "100.00"}
    assert (await shop.post(f"{path}/refunds", refund)).status_code == 200
    await require_that_books_agree(databases, plan_id=plan.plan_id)

    await plan.days_pass(22)
    expired = await read(shop, plan.plan_id)
    assert await _sums(shop, plan.plan_id) == ("captured", "700.00", "300.00", "100.00", "0.00")
    assert [row["owed"] for row in expired["schedule"]] == ["600.00"]
    late = await _refused(shop, f"{path}/captures", {"reference": "parcel-3"})
    assert late == (409, "authorisation_expired")
    voided = (await shop.get(f"{path}/voids")).json()["voids"]
    assert [(each["because"], each["amount"]) for each in voided] == [("expired", "300.00")]
    await plan.days_pass(10)
    assert (await read(shop, plan.plan_id))["state"] == "completed"
    assert (await read(shop, plan.plan_id))["merchant_paid"]
    assert [row["amount"] for row in await plan.debits()] == ["600.00"]
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    await _both_were_paid(shop, databases, plan)


async def _capture_twice(shop: Shop, plan: FailedPlan) -> None:
    path = f"/v1/plans/{plan.plan_id}/captures"
    first = {"reference": "parcel-1", "amount": "400.00"}
    made = await asyncio.gather(*(shop.post(path, first) for _ in range(2)))
    assert [each.status_code for each in made] == [200, 200]
    other = await _refused(shop, path, {"reference": "parcel-1", "amount": "1.00"})
    assert other == (422, "capture_reference_reused")
    above = await _refused(shop, path, {"reference": "parcel-2", "amount": "600.01"})
    assert above == (422, "capture_above_authorised")
    assert await _sums(shop, plan.plan_id) == (
        "partially_captured",
        "400.00",
        "0.00",
        "0.00",
        "600.00",
    )
    await plan.days_pass(6)
    assert (await read(shop, plan.plan_id))["merchant_paid"]
    second = {"reference": "parcel-2", "amount": "300.00"}
    assert (await shop.post(path, second)).status_code == 200
    assert not (await read(shop, plan.plan_id))["merchant_paid"]
    found = await _captures(shop, plan.plan_id)
    assert [(each["id"][-3:], each["fee"], each["net"], each["status"]) for each in found] == [
        ("-c1", "12.00", "388.00", "paid"),
        ("-c2", "9.00", "291.00", "captured"),
    ]


async def _both_were_paid(shop: Shop, databases: Databases, plan: FailedPlan) -> None:
    """What was refunded was taken from the part that was not paid out yet."""
    found = await _captures(shop, plan.plan_id)
    assert [(each["refunded"], each["status"]) for each in found] == [
        ("0.00", "paid"),
        ("100.00", "paid"),
    ]
    paid = (await shop.get("/v1/payouts")).json()["payouts"]
    assert sorted(each["amount"] for each in paid) == ["194.00", "388.00"]
    for name in _OF_THE_PLAN:
        assert not await _of_plan(databases, name, plan.plan_id), name
    assert not await _of_plan(databases, "merchant_payable", shop.merchant_id)
    assert not await _of_plan(databases, "merchant_receivable", shop.merchant_id)
    # A refund after its end goes to whoever has the money: the merchant owes it.
    answer = await shop.post(
        f"/v1/plans/{plan.plan_id}/refunds", {"reference": "return-2", "amount": "300.00"}
    )
    assert answer.status_code == 200, answer.text
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    owed = await _of_plan(databases, "merchant_receivable", shop.merchant_id)
    assert owed == Money.from_birr("291.00")
    assert total(Money.from_birr(each["refunded"]) for each in await _captures(shop, plan.plan_id))


async def test_what_is_protected_is_voided_captured_refunded_and_disputed_in_its_window(
    shop: Shop, http: httpx.AsyncClient, databases: Databases
) -> None:
    plan = await failed_plan(
        shop,
        days=1,
        balance="5000.00",
        option="pay_in_full",
        amount="1200.00",
        capture="manual",
    )
    path = f"/v1/plans/{plan.plan_id}"
    preview = (await shop.post(f"{path}/void/preview", {"amount": "200.00"})).json()
    assert (preview["voidable"], preview["cash_back"]) == ("1200.00", "200.00")
    voided = await shop.post(f"{path}/void", {"reference": "sold-out", "amount": "200.00"})
    assert voided.status_code == 200, voided.text
    again = await _refused(shop, f"{path}/void", {"reference": "sold-out", "amount": "1.00"})
    assert again == (422, "void_reference_reused")
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    for reference, amount in (("parcel-1", "500.00"), ("parcel-2", "200.00")):
        asked = {"reference": reference, "amount": amount}
        assert (await shop.post(f"{path}/captures", asked)).status_code == 200
        await plan.days_pass(3)
    states = [each["status"] for each in await _captures(shop, plan.plan_id)]
    assert states == ["protected", "protected"]
    refund = {"reference": "return-1", "amount": "300.00"}
    assert (await shop.post(f"{path}/refunds", refund)).status_code == 200
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    assert await _sums(shop, plan.plan_id) == (
        "partially_captured",
        "700.00",
        "200.00",
        "300.00",
        "300.00",
    )
    await _disputed_and_accepted(shop, databases, plan)
    # All is paid: the plan lives on for what may still be captured.
    assert (await read(shop, plan.plan_id))["state"] == "active"
    agent = await agent_of(http=http, databases=databases, role=Role.SUPERVISOR)
    told = await agent.post(f"/v1/support/plans/{plan.plan_id}/void", {"why": "shop has closed"})
    assert told.status_code == 200, told.text
    assert told.json()["order"]["status"] == "captured"
    found = (await shop.get(f"{path}/voids")).json()["voids"]
    assert [each["because"] for each in found] == ["merchant", "staff"]

    async def back() -> list[str]:
        voids = (await shop.get(f"{path}/voids")).json()["voids"]
        return [part["state"] for each in voids for part in each["money"]]

    await eventually(back, lambda found: found == ["succeeded", "succeeded"])
    await plan.days_pass(25)
    ended = await read(shop, plan.plan_id)
    assert (ended["state"], ended["merchant_paid"]) == ("completed", True)
    paid = (await shop.get("/v1/payouts")).json()["payouts"]
    assert [each["amount"] for each in paid] == ["98.50"]
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    for name in _OF_THE_PLAN:
        assert not await _of_plan(databases, name, plan.plan_id), name
    later = await _refused(shop, f"{path}/captures", {"reference": "parcel-4"})
    assert later == (409, "nothing_authorised")


async def _disputed_and_accepted(shop: Shop, databases: Databases, plan: FailedPlan) -> None:
    """All of the last capture and a part of the first wait, and go back; the rest stays put."""
    path, protected = f"/v1/plans/{plan.plan_id}/disputes", f"merchant_protected:{plan.plan_id}"
    asked = {"reference": "parcel-3", "amount": "200.00"}
    assert (await shop.post(f"/v1/plans/{plan.plan_id}/captures", asked)).status_code == 200
    assert await in_books(databases, protected) == "591.00"
    made = await shop.post(path, {"kind": "not_received", "amount": "500.00"})
    assert made.status_code == 201, made.text
    assert await in_books(databases, protected) == "98.50"
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    accepted = await shop.post(f"{path}/1/accept", {})
    assert accepted.status_code == 200, accepted.text
    await settled(shop, f"{path}/1")
    assert await in_books(databases, protected) == "98.50"
    await require_that_books_agree(databases, plan_id=plan.plan_id)
