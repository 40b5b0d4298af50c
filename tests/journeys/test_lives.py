"""Whole lives of plans over HTTP, PostgreSQL, Valkey, Temporal and the providers' own wires."""

import asyncio
from typing import Any

import pytest

from apps.demo.customer import Customer
from apps.demo.shop import ShopProblem
from meqenet.identity import contract_number
from tests.journeys.conftest import Town
from tests.journeys.evidence import left_in_the_books, postings
from tests.waiting import eventually

LIVES = [
    ("pay_in_30", "telebirr", None, "2650.00", 31),
    ("pay_over_time", "mpesa", 6, "9999.99", 185),
    ("pay_in_full", "telebirr", None, "15500.00", 20),
]


@pytest.mark.parametrize(("option", "provider", "count", "amount", "days"), LIVES)
async def test_an_option_from_checkout_to_settlement(
    town: Town, option: str, provider: str, count: int | None, amount: str, days: int
) -> None:
    customer = await town.customer(provider=provider)
    clock = await town.clock()
    purchase = town.purchase(customer, option, amount=amount, count=count, clock=clock)
    plan_id = await town.active(customer, purchase)
    await town.days_pass(clock, days=days)
    await _has_completed(town, plan_id, customer=customer, provider=provider)
    accrued = await postings(town, plan_id, kinds=("interest_accrued",))
    assert bool(accrued) is (option == "pay_over_time")


async def _has_completed(town: Town, plan_id: str, *, customer: Customer, provider: str) -> None:
    """Each installment is paid once, and nothing is left in the books."""
    plan = await town.shop.plan(plan_id)
    assert plan["state"] == "completed"
    assert {row["state"] for row in plan["schedule"]} == {"paid"}
    lines = await town.statement(provider, customer)
    payments = [row for row in lines if row["kind"] == "payment"]
    assert len(payments) == len(plan["schedule"])
    assert sorted(row["amount"] for row in payments) == sorted(
        row["amount"] for row in plan["schedule"]
    )
    assert await left_in_the_books(town, plan_id) == {}


async def test_a_minor_is_declined_with_a_reason_and_nothing_is_collected(town: Town) -> None:
    customer = await town.customer(provider="telebirr", person="minor")
    plan = await town.shop.apply(town.purchase(customer, "pay_in_4"))
    await customer.log_in(plan["next_action"])
    plan = await town.shop.until(plan["id"], lambda found: found["state"] == "declined")
    assert [reason["code"] for reason in plan["decline_reasons"]] == ["under_age"]
    assert await town.statement("telebirr", customer) == []


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


async def test_cancelled_before_paying_releases_everything(town: Town) -> None:
    customer = await town.customer(provider="telebirr")
    plan_id = await town.offered(customer, town.purchase(customer, "pay_in_4"))
    plan = await town.shop.cancel(plan_id, reason="changed their mind")
    assert plan["state"] == "cancelled"
    with pytest.raises(ShopProblem) as refused:
        await town.shop.accept(plan_id)
    assert refused.value.status == 409


async def test_a_collection_that_fails_for_lack_of_funds_succeeds_at_its_second_attempt(
    town: Town,
) -> None:
    """The next attempt and its reason are seen before it happens, and the plan lives on."""
    customer = await town.customer(provider="mpesa")
    clock = await town.clock()
    purchase = town.purchase(customer, "pay_in_4", amount="999.99", clock=clock)
    plan_id = await town.active(customer, purchase)
    await customer.set_balance(provider="mpesa", amount="0.00")
    await town.days_pass(clock, days=14)
    row = (await town.shop.plan(plan_id))["schedule"][1]
    assert (row["state"], row["last_cause"]) == ("collecting", "no_funds")
    assert row["next_attempt_reason"] == "after_no_funds"
    assert row["next_attempt_at"].startswith("2026-12-16T07:")
    await customer.set_balance(provider="mpesa", amount="9000.00")
    await town.days_pass(clock, days=1)
    plan = await town.shop.plan(plan_id)
    assert [row["state"] for row in plan["schedule"]] == ["paid", "paid", "scheduled", "scheduled"]
    assert plan["state"] == "active"
    await town.days_pass(clock, days=28)
    await _has_completed(town, plan_id, customer=customer, provider="mpesa")


async def test_a_mandate_that_the_customer_has_cancelled_becomes_a_request(town: Town) -> None:
    customer = await town.customer(provider="telebirr")
    clock = await town.clock()
    plan_id = await town.active(customer, town.purchase(customer, "pay_in_4", clock=clock))
    contract_no = contract_number(plan_id=plan_id)
    cancel = f"{town.controls['telebirr']}/superapp/mandates/{contract_no}/cancel"
    (await town.http.post(cancel)).raise_for_status()
    await town.days_pass(clock, days=14)
    plan = await town.shop.plan(plan_id)
    assert plan["next_step"]["what"] == "the customer pays installment 2"
    await customer.pay(plan["next_action"])
    plan = await town.shop.until(plan_id, lambda found: found["schedule"][1]["state"] == "paid")
    assert plan["next_action"] is None
    assert len(await town.statement("telebirr", customer)) == 2


async def test_the_same_idempotency_key_answers_the_same_and_refuses_another_body(
    town: Town,
) -> None:
    customer = await town.customer(provider="mpesa")
    purchase = town.purchase(customer, "pay_in_4")
    first, second = await asyncio.gather(
        town.shop.apply(purchase, key="k1"), town.shop.apply(purchase, key="k1")
    )
    assert first["id"] == second["id"]
    other = town.purchase(customer, "pay_in_30")
    with pytest.raises(ShopProblem) as refused:
        await town.shop.apply(other, key="k1")
    assert refused.value.code == "idempotency_key_reused"
    again = await town.shop.apply(purchase, key="k2")
    assert again["id"] == first["id"]
    changed = town.purchase(customer, "pay_in_4", amount="4100.00")
    with pytest.raises(ShopProblem) as reused:
        await town.shop.apply(changed, key="k3")
    assert reused.value.code == "reference_reused"


async def test_a_merchant_sees_its_own_plans_only(town: Town) -> None:
    with pytest.raises(ShopProblem) as unknown:
        await town.shop.plan("pln_aaaaaaaaaaaaaaaaaaaa")
    assert unknown.value.status == 404


async def _until_prompted(town: Town, phone: str) -> list[Any]:
    async def prompts() -> list[Any]:
        found: list[Any] = (await town.http.get(f"{phone}/prompts")).json()
        return found

    return await eventually(prompts, bool)


async def test_a_payment_that_fails_at_checkout_is_tried_again(town: Town) -> None:
    customer = await town.customer(provider="mpesa", balance="10.00")
    plan_id = await town.offered(customer, town.purchase(customer, "pay_in_4"))
    await town.shop.accept(plan_id)
    plan = await town.shop.until(
        plan_id, lambda found: (found["next_action"] or {}).get("kind") == "retry_payment"
    )
    assert plan["state"] == "accepted"
    await customer.set_balance(provider="mpesa", amount="5000.00")
    await town.shop.accept(plan_id, key=f"again-{plan_id}")
    plan = await town.shop.until(plan_id, lambda found: found["state"] == "active")
    assert plan["next_step"]["what"] == "pay the merchant"
    assert len(await town.statement("mpesa", customer)) == 1
