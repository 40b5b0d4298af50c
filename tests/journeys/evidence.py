"""What our stores and the providers' sandboxes know of a plan, beside each other."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from apps.demo.customer import Customer
from db.ledger.views import entries_of
from db.payments.views import AttemptView, attempts_of, findings
from db.settlement.books import carriers_of
from meqenet.identity import wire_id
from meqenet.ledger.accounts import Side
from meqenet.money import Money
from meqenet.payments.attempts import OrderState
from tests.journeys.conftest import Town

PAYMENTS = ("checkout_payment_received", "installment_collected")
"""The kinds of postings by which money of the customer comes in."""


async def attempts(town: Town, plan_id: str) -> tuple[AttemptView, ...]:
    """The plan's attempts by the payments store."""
    async with town.store("payments").read() as session:
        return await attempts_of(session=session, plan_id=plan_id)


async def carriers(town: Town, plan_id: str) -> tuple[str, ...]:
    """The merchant's payouts that the plan's money was in, the first one first."""
    async with town.store("settlement").read() as session:
        return await carriers_of(session=session, plan_id=plan_id)


async def postings(town: Town, plan_id: str, *, kinds: Collection[str]) -> list[str]:
    """The ids of the plan's postings of these kinds."""
    async with town.store("ledger").read() as session:
        entries = await entries_of(session=session, plan_id=plan_id)
    return list(dict.fromkeys(entry.posting_id for entry in entries if entry.kind in kinds))


async def left_in_the_books(town: Town, plan_id: str) -> dict[str, Money]:
    """The plan's own accounts that have something on them: debits count up, credits down."""
    async with town.store("ledger").read() as session:
        entries = await entries_of(session=session, plan_id=plan_id)
    left: dict[str, Money] = {}
    for entry in entries:
        signed = entry.amount if entry.side is Side.DEBIT else -entry.amount
        left[entry.account_code] = left.get(entry.account_code, Money.zero()) + signed
    return {
        code: balance for code, balance in left.items() if balance and code.endswith(f":{plan_id}")
    }


@dataclass(frozen=True, kw_only=True)
class Paid:
    """What everybody says of a plan's payments, as lists of the provider's spelling of ids."""

    debited: list[str]
    succeeded: list[str]
    posted: list[str]
    contradictions: int


async def debits(town: Town, *, provider: str, customer: Customer) -> list[dict[str, Any]]:
    """The payments out of a customer's wallet by the provider's books."""
    statement = await town.statement(provider, customer)
    return [row for row in statement if row["kind"] == "payment"]


async def paid(town: Town, *, provider: str, customer: Customer, plan_id: str) -> Paid:
    """Ask the provider's statement, the payments store and the ledger for a plan's payments."""
    statement = await debits(town, provider=provider, customer=customer)
    tried = await attempts(town, plan_id)
    booked = await postings(town, plan_id, kinds=PAYMENTS)
    async with town.store("payments").read() as session:
        found = await findings(session=session, plan_id=plan_id)
    return Paid(
        debited=sorted(wire_id(meqenet_id=row["reference"]) for row in statement),
        succeeded=sorted(
            wire_id(meqenet_id=attempt.attempt_id)
            for attempt in tried
            if attempt.state is OrderState.SUCCEEDED
        ),
        posted=sorted(wire_id(meqenet_id=posting_id) for posting_id in booked),
        contradictions=len(found),
    )


async def require_paid_once_each(
    town: Town, *, provider: str, customer: Customer, plan_id: str, installments: int
) -> None:
    """So many installments were debited once, succeeded once and were posted once each."""
    told = await paid(town, provider=provider, customer=customer, plan_id=plan_id)
    assert len(set(told.debited)) == len(told.debited) == installments
    assert told.succeeded == told.debited
    assert told.posted == told.debited
    assert told.contradictions == 0
    plan = await town.shop.plan(plan_id)
    amounts = [row["amount"] for row in plan["schedule"] if row["state"] == "paid"]
    statement = await debits(town, provider=provider, customer=customer)
    assert sorted(row["amount"] for row in statement) == sorted(amounts)


async def callbacks_of(town: Town, *, provider: str, plan_id: str) -> list[dict[str, Any]]:
    """Every attempt of the sandbox to deliver a callback about the plan, oldest first."""
    sent = await town.http.get(f"{town.controls[provider]}/callbacks", params={"last": 1000})
    sent.raise_for_status()
    mine = wire_id(meqenet_id=plan_id)
    return [row for row in sent.json() if wire_id(meqenet_id=row["reference"]).startswith(mine)]
