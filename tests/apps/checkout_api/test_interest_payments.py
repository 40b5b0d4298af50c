"""A plan that bears interest, paid early over HTTP: what is shown is charged and booked."""

from typing import Any

from db.kernel.engine import Database
from db.ledger.views import balance
from meqenet.ledger.as_of import AsOf
from meqenet.money import Money, total
from tests.apps.checkout_api.conftest import Shop
from tests.apps.checkout_api.staff import failed_plan
from tests.apps.checkout_api.test_plans import read
from tests.backing import Databases
from tests.waiting import eventually
from tests.workers.verified import Quiet
from workers.settings import DOMAINS, Domain
from workers.verifying.findings import Scope
from workers.verifying.plans import check_plans

_OF_THE_PLAN = (
    "plan_receivable",
    "interest_receivable",
    "fee_receivable",
    "customer_credit",
    "customer_deposits",
    "merchant_fee_deferred",
)


async def require_that_books_agree(databases: Databases, *, plan_id: str) -> None:
    """Every store says the same of the plan; the read models aside, which nobody keeps here."""
    stores: dict[Domain, Database] = {
        domain: databases[domain] for domain in DOMAINS if domain != "analytics"
    }
    checked = await check_plans(
        scope=Scope(stores=stores, plan_id=plan_id), patience_seconds=5, watch=Quiet()
    )
    assert (checked.bad, checked.count) == (None, 1)


async def test_a_plan_is_paid_in_part_then_paid_off_and_every_account_of_it_is_at_nothing(
    shop: Shop, databases: Databases
) -> None:
    plan = await failed_plan(
        shop, days=10, option="pay_over_time", amount="6000.00", installment_count=6
    )
    await plan.top_up()
    path = f"/v1/plans/{plan.plan_id}/payments"

    async def previewed(amount: str | None) -> list[dict[str, Any]]:
        answer = await shop.post(f"{path}/preview", {} if amount is None else {"amount": amount})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["payments"]
        return found

    async def paid() -> Money:
        return total(Money.from_birr(row["amount"]) for row in await plan.debits())

    (shown,) = await previewed("1500.00")
    assert (shown["installments"], [part["number"] for part in shown["parts"]]) == ([1], [2])
    assert Money.from_birr(shown["interest_saved"]) > Money.zero()
    assert (await shop.post(path, {"amount": "1500.00"})).status_code == 200
    await eventually(paid, lambda found: found == Money.from_birr("1500.00"))

    async def first() -> str:
        return str((await read(shop, plan.plan_id))["schedule"][0]["state"])

    await eventually(first, lambda found: found == "paid")
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    await plan.days_pass(12)
    quote = (await previewed(None))[-1]
    assert quote["ends_plan"]
    await plan.customer.set_balance(provider="mpesa", amount="9000.00")
    assert (await shop.post(path, {})).status_code == 200

    async def state() -> str:
        return str((await read(shop, plan.plan_id))["state"])

    all_of_it = Money.from_birr("1500.00") + Money.from_birr(quote["amount"])
    await eventually(paid, lambda found: found == all_of_it)
    await plan.days_pass(10)
    assert await eventually(state, lambda found: found == "completed") == "completed"
    async with databases["ledger"].read() as session:
        for name in _OF_THE_PLAN:
            found = await balance(session=session, prefix=f"{name}:{plan.plan_id}", as_of=AsOf())
            assert found == Money.zero(), name
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    # Principal and interest is all that the customer has paid.
    rows = (await read(shop, plan.plan_id))["schedule"]
    scheduled = total(
        Money.from_birr(row[part]) for row in rows for part in ("principal", "interest")
    )
    assert scheduled == all_of_it
