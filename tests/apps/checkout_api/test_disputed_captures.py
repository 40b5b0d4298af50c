"""Orders that are captured in parts and disputed, over HTTP, on real stores."""

import httpx

from meqenet.auth.roles import Role
from meqenet.money import Money
from tests.apps.checkout_api.conftest import Shop
from tests.apps.checkout_api.staff import FailedPlan, agent_of, failed_plan
from tests.apps.checkout_api.test_disputes import in_books, settled
from tests.apps.checkout_api.test_interest_payments import require_that_books_agree
from tests.apps.checkout_api.test_plans import read
from tests.backing import Databases


async def _captured(shop: Shop, plan: FailedPlan, reference: str, amount: str) -> None:
    path = f"/v1/plans/{plan.plan_id}/captures"
    made = await shop.post(path, {"reference": reference, "amount": amount})
    assert made.status_code == 200, made.text


async def _disputed(shop: Shop, plan: FailedPlan, amount: str | None) -> None:
    path = f"/v1/plans/{plan.plan_id}/disputes"
    made = await shop.post(path, {"kind": "not_received", "amount": amount})
    assert made.status_code == 201, made.text


async def test_captures_that_are_paid_out_and_that_are_not_wait_each_where_its_money_is(
    shop: Shop, http: httpx.AsyncClient, databases: Databases
) -> None:
    # Late in its life: until the customer has paid, what the merchant owes is looked at each day.
    plan = await failed_plan(shop, days=22, balance="5000.00", capture="manual")
    path = f"/v1/plans/{plan.plan_id}"
    nothing = await shop.post(f"{path}/disputes", {"kind": "not_received"})
    assert (nothing.status_code, nothing.json()["code"]) == (422, "nothing_to_dispute")
    await _captured(shop, plan, "parcel-1", "400.00")
    await plan.days_pass(6)
    await _captured(shop, plan, "parcel-2", "300.00")
    waiting, payable = f"merchant_disputed:{plan.plan_id}", f"merchant_payable:{shop.merchant_id}"
    owed_back = f"merchant_receivable:{shop.merchant_id}"
    assert await in_books(databases, payable) == "291.00"
    # All of the second capture, which is payable, and half of the first, which was paid out.
    await _disputed(shop, plan, "500.00")
    assert await in_books(databases, waiting) == "485.00"
    assert await in_books(databases, payable) == "0.00"
    assert await in_books(databases, owed_back) == "194.00"
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    above = await shop.post(f"{path}/refunds", {"reference": "r-1", "amount": "200.01"})
    assert (above.status_code, above.json()["code"]) == (422, "refund_above_captured")
    # What is not captured can be captured and voided meanwhile.
    await _captured(shop, plan, "parcel-3", "100.00")
    void = await shop.post(f"{path}/void", {"reference": "sold-out", "amount": "200.00"})
    assert void.status_code == 200, void.text
    await require_that_books_agree(databases, plan_id=plan.plan_id)

    assert (await shop.post(f"{path}/disputes/1/accept", {})).status_code == 200
    await settled(shop, f"{path}/disputes/1")
    assert await in_books(databases, waiting) == "0.00"
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    order = (await read(shop, plan.plan_id))["order"]
    assert (order["captured"], order["refunded"], order["voided"]) == ("800.00", "500.00", "200.00")

    await _lost(shop, http, databases, plan)
    await plan.days_pass(16)
    # The customer has paid; the merchant owes more than the last capture brings, and waits for it.
    shown = await read(shop, plan.plan_id)
    assert [row["state"] for row in shown["schedule"]] == ["paid"]
    assert (shown["state"], shown["merchant_paid"]) == ("active", False)
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    paid = (await shop.get("/v1/payouts")).json()["payouts"]
    # 800 less 500 that went back, less the fee of 3 %; the merchant has had more, and owes it.
    assert [each["amount"] for each in paid] == ["388.00"]
    sides = [Money.from_birr(await in_books(databases, code)) for code in (payable, owed_back)]
    assert Money.from_birr("388.00") + sides[0] - sides[1] == Money.from_birr("291.00")


async def _lost(
    shop: Shop, http: httpx.AsyncClient, databases: Databases, plan: FailedPlan
) -> None:
    """The rest is disputed as well, and staff decide for the merchant."""
    disputes = f"/v1/plans/{plan.plan_id}/disputes"
    await _disputed(shop, plan, None)
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    assert (await shop.post(f"{disputes}/2/answer", {})).status_code == 200
    boss = await agent_of(http=http, databases=databases, role=Role.SUPERVISOR)
    support = f"/v1/support/plans/{plan.plan_id}/disputes/2/decide"
    decided = await boss.post(support, {"outcome": "lost", "why": "signed for it"})
    assert decided.status_code == 200, decided.text
    await settled(shop, f"{disputes}/2")
    await require_that_books_agree(databases, plan_id=plan.plan_id)
