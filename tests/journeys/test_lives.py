"""Lives of plans over HTTP, PostgreSQL, Valkey, Temporal and the providers' own wires.

Here are those that no other journey lives: the drawn ones go from checkout to settlement in every
way, and of the rehydrated ones some are declined, cancelled or tried again at checkout.
"""

from typing import Any

from meqenet.identity import contract_number
from tests.journeys.conftest import FourInstallments, Town
from tests.journeys.evidence import left_in_the_books, require_paid_once_each
from tests.waiting import eventually


async def test_cancelled_while_the_customer_pays_the_money_comes_back(town: Town) -> None:
    customer = await town.customer(provider="mpesa", balance="5000.00")
    phone = f"{town.controls['mpesa']}/phones/{customer.phone}"
    await town.http.post(f"{phone}/mode", json={"mode": "manual"})
    plan_id = await town.offered(customer, town.purchase(customer, "pay_in_4"))
    await town.shop.accept(plan_id)
    await _until_prompted(town, phone)
    plan = await town.shop.cancel(plan_id, reason="changed their mind")
    assert plan["state"] == "cancelled"
    (await town.http.post(f"{phone}/answer", json={"pin": "1234"})).raise_for_status()
    await town.temporal.get_workflow_handle(f"plan-{plan_id}").result()
    assert await town.wallet(customer, "mpesa") == "5000.00"


async def test_a_collection_that_fails_for_lack_of_funds_succeeds_at_its_second_attempt(
    four_installments: FourInstallments,
) -> None:
    """The next attempt and its reason are seen before it happens, and the plan lives on."""
    row = four_installments.failed["schedule"][1]
    assert (row["state"], row["last_cause"]) == ("collecting", "no_funds")
    assert row["next_attempt_reason"] == "after_no_funds"
    assert row["next_attempt_at"].startswith("2026-12-16T07:")
    plan = four_installments.mended
    assert [row["state"] for row in plan["schedule"]] == ["paid", "paid", "scheduled", "scheduled"]
    assert plan["state"] == "active"
    plan = four_installments.ended
    assert plan["state"] == "completed"
    assert {row["state"] for row in plan["schedule"]} == {"paid"}
    town, plan_id = four_installments.town, four_installments.plan_id
    await require_paid_once_each(
        town,
        provider="telebirr",
        customer=four_installments.customer,
        plan_id=plan_id,
        installments=4,
    )
    assert await left_in_the_books(town, plan_id) == {}


async def test_a_mandate_that_the_customer_has_cancelled_becomes_a_request(town: Town) -> None:
    customer = await town.customer(provider="telebirr")
    clock = await town.clock()
    plan_id = await town.active(customer, town.purchase(customer, "pay_in_30", clock=clock))
    assert (await town.shop.plan(plan_id))["next_step"]["what"] == "pay the merchant"
    contract_no = contract_number(plan_id=plan_id)
    cancel = f"{town.controls['telebirr']}/superapp/mandates/{contract_no}/cancel"
    (await town.http.post(cancel)).raise_for_status()
    await town.days_pass(clock, days=30)
    plan = await town.shop.plan(plan_id)
    assert plan["next_step"]["what"] == "the customer pays installment 1"
    await customer.pay(plan["next_action"])
    plan = await town.shop.until(plan_id, lambda found: found["schedule"][0]["state"] == "paid")
    assert plan["next_action"] is None
    assert len(await town.statement("telebirr", customer)) == 1


async def _until_prompted(town: Town, phone: str) -> list[Any]:
    async def prompts() -> list[Any]:
        found: list[Any] = (await town.http.get(f"{phone}/prompts")).json()
        return found

    return await eventually(prompts, bool)
