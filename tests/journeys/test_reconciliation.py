"""Statements of the running providers: what they have and we did not know of reaches its plan."""

import asyncio
from datetime import date, datetime
from typing import Any

from apps.sandboxes.kernel.statement import Slip
from db.payments.views import ItemView, lines_of_day
from meqenet.calendar import addis_date
from meqenet.identity import attempt_id, installment_id, wire_id
from meqenet.payments.attempts import OrderState
from tests.journeys import evidence
from tests.journeys.conftest import Town
from tests.waiting import eventually
from workers.reconciling import reconcile_day
from workflows.reconciliation import ProviderReconciled, reconciliation_workflow_id

_DUE_DAYS = 30
SLIPS = {
    Slip.REPEAT: ["duplicate", "matched"],
    Slip.OTHER_AMOUNT: ["amount_differs"],
    Slip.LEAVE_OUT: [],
}
"""How a statement can be wrong about a payment, and what its lines are found to be then."""


async def _reconcile(town: Town, provider: str, day: date) -> ProviderReconciled:
    return await reconcile_day(
        client=town.temporal, provider=provider, day=day, kept=None, pending_hours_max=36
    )


async def _line(town: Town, provider: str, day: date, order: str) -> list[ItemView]:
    async with town.store("payments").read() as session:
        lines = await lines_of_day(session=session, provider=provider, day=day)
    return [line for line in lines if line.order_id == order]


async def _slip(town: Town, provider: str, order: str, slip: Slip) -> None:
    answer = await town.http.put(
        f"{town.controls[provider]}/statement/slips",
        json={"reference": wire_id(meqenet_id=order), "slip": slip},
    )
    answer.raise_for_status()


async def _mend(town: Town, provider: str) -> None:
    answer = await town.http.delete(f"{town.controls[provider]}/statement/slips")
    answer.raise_for_status()


def _day_of(row: dict[str, Any]) -> date:
    return addis_date(at=datetime.fromisoformat(row["at"]))


async def test_a_payment_that_nobody_told_us_of_is_found_on_the_statement(town: Town) -> None:
    """The answer is lost after the debit, the callback never comes, no question is answered."""
    customer = await town.customer(provider="telebirr")
    clock = await town.clock()
    plan_id = await town.active(customer, town.purchase(customer, "pay_in_30", clock=clock))
    order = attempt_id(installment_id=installment_id(plan_id=plan_id, number=1), number=1)
    for outcome in ("timeout_after_commit", "drop_callback"):
        await town.fault(
            "telebirr", operation="disburseOrder", outcome=outcome, subject=customer.phone
        )
    await town.fault(
        "telebirr",
        operation="queryOrder",
        outcome="unavailable",
        subject=wire_id(meqenet_id=order),
        times=10_000,
    )
    due = asyncio.create_task(town.days_pass(clock, days=_DUE_DAYS))

    async def state() -> OrderState | None:
        found = {each.attempt_id: each.state for each in await evidence.attempts(town, plan_id)}
        return found.get(order)

    await eventually(state, lambda found: found is OrderState.UNKNOWN)
    debits = await evidence.debits(town, provider="telebirr", customer=customer)
    day = _day_of(debits[-1])
    done = await _reconcile(town, "telebirr", day)

    await due
    assert await state() is OrderState.SUCCEEDED
    (line,) = await _line(town, "telebirr", day, order)
    assert line.verdict == "matched"
    assert done.days[0].day == day
    await evidence.require_paid_once_each(
        town, provider="telebirr", customer=customer, plan_id=plan_id, installments=1
    )


async def test_a_wrong_statement_is_seen_and_a_right_one_mends_it(town: Town) -> None:
    """Whether it has a payment twice, with another amount, or not at all."""
    customer = await town.customer(provider="telebirr")
    purchase = town.purchase(customer, "pay_in_full", amount="15500.00")
    plan_id = await town.active(customer, purchase)
    (debit,) = await evidence.debits(town, provider="telebirr", customer=customer)
    day = _day_of(debit)
    order = attempt_id(installment_id=installment_id(plan_id=plan_id, number=1), number=1)
    for slip, verdicts in SLIPS.items():
        await _slip(town, "telebirr", order, slip)
        await _reconcile(town, "telebirr", day)
        found = await _line(town, "telebirr", day, order)
        assert sorted(line.verdict for line in found) == verdicts
        await _mend(town, "telebirr")
        await _reconcile(town, "telebirr", day)
        found = await _line(town, "telebirr", day, order)
        assert [line.verdict for line in found] == ["matched"]


async def test_every_provider_is_on_the_schedule(town: Town) -> None:
    for provider in ("telebirr", "mpesa", "bank"):
        schedule_id = reconciliation_workflow_id(provider=provider)
        found = await town.temporal.get_schedule_handle(schedule_id).describe()
        assert found.schedule.spec.time_zone_name == "Africa/Addis_Ababa"
        assert not found.schedule.state.paused
        assert found.info.next_action_times
