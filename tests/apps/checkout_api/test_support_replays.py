"""Payments that were not what they had seemed, over HTTP: seen, then done; all books agree."""

from datetime import datetime
from typing import Any

import httpx

from db.ledger.views import balance
from meqenet.auth.roles import Role
from meqenet.ledger.as_of import AsOf
from meqenet.money import Money
from tests.apps.checkout_api.conftest import Shop
from tests.apps.checkout_api.staff import Agent, FailedPlan, agent_of, failed_plan
from tests.apps.checkout_api.test_interest_payments import require_that_books_agree
from tests.apps.checkout_api.test_plans import read
from tests.apps.checkout_api.test_support_commands import run
from tests.backing import Databases
from tests.waiting import eventually

_WITH_FEES = datetime.fromisoformat("2027-01-04T09:00:00+00:00")
"""From this year on lateness costs a fee."""
_OF_THE_PLAN = (
    "plan_receivable",
    "interest_receivable",
    "fee_receivable",
    "customer_credit",
    "customer_deposits",
    "merchant_fee_deferred",
)
_WHY = "found on the provider's statement"


async def _previewed(agent: Agent, plan: FailedPlan, attempt: str, **body: str) -> dict[str, Any]:
    answer = await agent.post(f"{plan.path}/payments/{attempt}/replay/preview", body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _replayed(
    agent: Agent, plan: FailedPlan, databases: Databases, attempt: str, **body: str
) -> dict[str, Any]:
    """Done as it was shown, and every account as it was shown to become."""
    shown = await _previewed(agent, plan, attempt, **body)
    before = await _books(databases, shown)
    path = f"{plan.path}/payments/{attempt}/replay"
    answer = await agent.post(path, {**body, "why": _WHY}, key=f"{attempt}-{body['cause']}")
    assert answer.status_code == 200, answer.text
    again = await agent.post(path, {**body, "why": _WHY}, key=f"{attempt}-{body['cause']}")
    assert again.json() == answer.json()
    rows = (await read(plan.shop, plan.plan_id))["schedule"]
    left = [row["after"]["left"] for row in shown["installments"]]
    assert [row["owed"] for row in rows] == left
    assert [row["state"] for row in rows] == [row["state"] for row in shown["installments"]]
    after = await _books(databases, shown)
    for line in shown["books"]:
        if line["account"].startswith("interest_"):
            continue  # the days that are over are posted with it, as they would be anyway
        moved = after[line["account"]] - before[line["account"]]
        change = Money.from_birr(line["debit"]) - Money.from_birr(line["credit"])
        assert moved in (change, -change), line
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    return shown


async def _refused(agent: Agent, plan: FailedPlan, attempt: str, code: str, **body: str) -> None:
    refused = await agent.post(f"{plan.path}/payments/{attempt}/replay/preview", body)
    assert refused.json()["code"] == code


async def _books(databases: Databases, shown: dict[str, Any]) -> dict[str, Money]:
    async with databases["ledger"].read() as session:
        return {
            line["account"]: await balance(session=session, prefix=line["account"], as_of=AsOf())
            for line in shown["books"]
        }


async def _all_at_nothing(databases: Databases, plan: FailedPlan) -> None:
    async with databases["ledger"].read() as session:
        for name in _OF_THE_PLAN:
            found = await balance(session=session, prefix=f"{name}:{plan.plan_id}", as_of=AsOf())
            assert found == Money.zero(), name


def _left(shown: dict[str, Any], when: str) -> list[str]:
    return [row[when]["left"] for row in shown["installments"]]


async def test_a_payment_is_dated_back_then_reversed_and_another_was_a_repetition(
    shop: Shop, http: httpx.AsyncClient, databases: Databases
) -> None:
    plan = await failed_plan(
        shop,
        starts_at=_WITH_FEES,
        days=19,
        balance="1000.00",
        option="pay_in_4",
        amount="4000.00",
    )
    agent = await agent_of(http=http, databases=databases, role=Role.SUPERVISOR)
    await plan.top_up()
    paid = await shop.post(f"/v1/plans/{plan.plan_id}/payments", {"amount": "1025.00"})
    assert paid.status_code == 200, paid.text

    async def second() -> str:
        return str((await read(shop, plan.plan_id))["schedule"][1]["state"])

    await eventually(second, lambda found: found == "paid")
    await plan.days_pass(9)
    other = await agent_of(http=http, databases=databases, role=Role.SUPPORT)
    await _refused(other, plan, "x01-a1", "role_not_allowed", cause="reversed")
    await _refused(agent, plan, "i09-a1", "payment_unknown", cause="reversed")
    await _refused(agent, plan, "i01-a1", "payment_at_checkout", cause="reversed")
    late = {"cause": "backdated", "value_date": "2027-02-09"}
    await _refused(agent, plan, "x01-a1", "value_date_invalid", **late)
    await _refused(agent, plan, "x01-a1", "repeated_payment_unknown", cause="repeated")

    shown = await _replayed(
        agent, plan, databases, "x01-a1", cause="backdated", value_date="2027-01-18"
    )
    # The fee of lateness is taken off, and what had paid it pays the next installment.
    assert (shown["late_fees_more"], shown["principal_more"]) == ("-25.00", "-25.00")
    assert _left(shown, "before") == ["0.00", "0.00", "0.00", "1000.00"]
    assert _left(shown, "after") == ["0.00", "0.00", "0.00", "975.00"]

    shown = await _replayed(agent, plan, databases, "x01-a1", cause="reversed")
    assert (shown["days_past_due_before"], shown["days_past_due_after"]) == (0, 14)
    # Late since 18 January after all; the money of 1 February pays that first.
    assert _left(shown, "after") == ["0.00", "25.00", "1000.00", "1000.00"]
    now = await read(shop, plan.plan_id)
    assert (now["state"], now["schedule"][1]["state"]) == ("past_due", "failed")
    gone = await agent.post(f"{plan.path}/payments/x01-a1/replay", {"cause": "reversed", **_why()})
    assert (gone.status_code, gone.json()["code"]) == (422, "payment_taken_out")

    shown = await _replayed(agent, plan, databases, "i03-a1", cause="repeated", repeats="i01-a1")
    assert shown["credit_more"] == "1000.00"
    await _credit_goes_back(agent, plan, "i03-a1", amount="1000.00")
    await require_that_books_agree(databases, plan_id=plan.plan_id)

    await plan.customer.set_balance(provider="mpesa", amount="9000.00")
    for number in (2, 3):
        again = await agent.post(f"{plan.path}/installments/{number}/retry")
        assert again.status_code == 200, again.text
    await plan.days_pass(16)

    async def state() -> str:
        return str((await read(shop, plan.plan_id))["state"])

    assert await eventually(state, lambda found: found == "completed") == "completed"
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    await _all_at_nothing(databases, plan)


async def _credit_goes_back(agent: Agent, plan: FailedPlan, attempt: str, *, amount: str) -> None:
    (credit,) = (await agent.plan(plan.plan_id))["credits"]
    assert (credit["attempt"], credit["amount"]) == (attempt, amount)
    back = await agent.post(f"{plan.path}/credits/{attempt}/return")
    assert back.status_code == 200, back.text

    async def returned() -> list[bool]:
        found = (await agent.plan(plan.plan_id))["credits"]
        return [each["returned_at"] is not None for each in found]

    await eventually(returned, lambda found: found == [True])


def _why() -> dict[str, str]:
    return {"why": _WHY}


async def test_interest_and_the_books_follow_what_is_known_of_payments(
    shop: Shop, http: httpx.AsyncClient, databases: Databases
) -> None:
    plan = await failed_plan(
        shop,
        starts_at=_WITH_FEES,
        days=40,
        option="pay_over_time",
        amount="6000.00",
        installment_count=6,
    )
    agent = await agent_of(http=http, databases=databases, role=Role.FINANCE)
    await plan.top_up()
    paid = await shop.post(f"/v1/plans/{plan.plan_id}/payments", {"amount": "2400.00"})
    assert paid.status_code == 200, paid.text

    async def first() -> str:
        return str((await read(shop, plan.plan_id))["schedule"][0]["state"])

    await eventually(first, lambda found: found == "paid")
    await plan.days_pass(25)
    second = (await read(shop, plan.plan_id))["schedule"][1]
    assert second["state"] == "paid"
    shown = await _replayed(
        agent, plan, databases, "x01-a1", cause="backdated", value_date="2027-01-25"
    )
    assert Money.from_birr(shown["interest_more"].removeprefix("-")) > Money.zero()
    assert shown["interest_more"].startswith("-")
    assert (shown["days_past_due_before"], shown["days_past_due_after"]) == (0, 0)
    assert shown["late_fees_more"].startswith("-")

    shown = await _replayed(agent, plan, databases, "x01-a1", cause="reversed")
    assert not shown["interest_more"].startswith("-")
    assert shown["days_past_due_after"] > 0
    await plan.days_pass(3)
    await require_that_books_agree(databases, plan_id=plan.plan_id)

    await plan.customer.set_balance(provider="mpesa", amount="9000.00")
    off = await shop.post(f"/v1/plans/{plan.plan_id}/payments", {})
    assert off.status_code == 200, off.text

    async def state() -> str:
        return str((await read(shop, plan.plan_id))["state"])

    assert await eventually(state, lambda found: found == "completed") == "completed"
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    await _all_at_nothing(databases, plan)


async def test_a_completed_plan_whose_money_is_gone_is_in_force_again_until_it_is_paid(
    shop: Shop, http: httpx.AsyncClient, databases: Databases, url: str
) -> None:
    plan = await failed_plan(shop, days=33, balance="1000.00")
    agent = await agent_of(http=http, databases=databases, role=Role.FINANCE)

    async def state() -> str:
        return str((await read(shop, plan.plan_id))["state"])

    assert await eventually(state, lambda found: found == "completed") == "completed"
    words = ("payment", "reverse", plan.plan_id, "i01-a1")
    seen = await run(*words, "--preview", agent=agent, url=url)
    assert seen.exit_code == 0, seen.output
    for part in ("1000.00 birr: reversed", "failed", f"plan_receivable:{plan.plan_id}"):
        assert part in seen.stdout
    assert "--why: give the reason" in (await run(*words, agent=agent, url=url)).output
    other = ("payment", "repeated", plan.plan_id, "i01-a1", "--of", "i01-a1", "--preview")
    assert "repeated_payment_unknown" in (await run(*other, agent=agent, url=url)).output
    early = ("payment", "backdate", plan.plan_id, "i01-a1", "--to", "2020-01-01", "--preview")
    assert "value_date_invalid" in (await run(*early, agent=agent, url=url)).output
    shown = await _replayed(agent, plan, databases, "i01-a1", cause="reversed")
    assert _left(shown, "after") == ["1000.00"]
    assert await state() == "past_due"
    await plan.top_up()

    async def retried() -> int:
        return (await agent_retry.post(f"{plan.path}/installments/1/retry")).status_code

    agent_retry = await agent_of(http=http, databases=databases, role=Role.SUPPORT)
    await eventually(retried, lambda status: status == 200)
    assert await eventually(state, lambda found: found == "completed") == "completed"
    await require_that_books_agree(databases, plan_id=plan.plan_id)
    await _all_at_nothing(databases, plan)
    paid = [row["reference"] for row in await plan.debits()]
    assert len(paid) == 2, paid
