"""Merchants' days closed and paid a second, some held up at their bank, beside empty workflows.

``python -m apps.bench.settlement 10000`` closes the days of so many merchants.
"""

import asyncio
import sys
from datetime import timedelta
from typing import Final

from rich.console import Console
from sqlalchemy import func, select
from temporalio.client import Client

from activities.contracts.ledger import Post
from activities.contracts.settlement import OrderLine, RegisterTerms, ScheduleSettlement
from activities.ledger import LedgerActivities
from activities.settlement import SettlementActivities
from apps.bench.rates import Rate, rate_table, timed
from apps.bench.running import empty_workflows, in_turns, measured_running
from apps.runtime.addresses import Running
from db.kernel.engine import Database
from db.settlement.tables import MerchantPayout
from meqenet.calendar import addis_date
from meqenet.identity import payout_id
from meqenet.ledger.happenings import PlanBecameActive
from meqenet.money import Money
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.transfer import PayoutAccount
from workers.connecting import temporal_client
from workers.opening import Environment, database, keyring, utc_now
from workers.queue_worker import WORKFLOW_QUEUE
from workflows.settlement_day import SettlementDay, SettlementDayWorkflow

_MERCHANTS: Final = 1_000
_HELD_UP_EVERY: Final = 100
"""One in so many has an account at which a transfer hangs, or one at which it is refused."""
_AT_ONCE: Final = 16
_PRICE = Money(100_000)
_LOOK_SECONDS: Final = 0.5
_HANGS, _REFUSED, _PAID = "0000000000006", "0000000000002", "1000123456789"


async def measure(*, merchants: int) -> list[Rate]:
    """Run everything, sell for each merchant once, and close all days by the schedule's run."""
    return await measured_running(measure=lambda running: _measure(running, merchants=merchants))


async def _measure(running: Running, *, merchants: int) -> list[Rate]:
    environment = Environment(values=running.environment)
    client = await temporal_client(settings=environment.settings)
    idle = await empty_workflows(client=client, at_once=_AT_ONCE)
    store = database(settings=environment.settings, domain="settlement")
    try:
        await _sell(environment, store, merchants=merchants)
        paid = _paid(merchants)
        closed = await timed(
            f"days closed and paid, {merchants - paid} others refused or hanging",
            count=paid,
            work=lambda: _close(client, store, paid=paid),
            baseline=idle,
        )
    finally:
        await store.dispose()
    return [idle, closed]


def _account(number: int) -> str:
    if number % _HELD_UP_EVERY:
        return _PAID
    return _HANGS if number % (2 * _HELD_UP_EVERY) else _REFUSED


def _paid(merchants: int) -> int:
    return sum(_account(number) == _PAID for number in range(merchants))


async def _sell(environment: Environment, store: Database, *, merchants: int) -> None:
    """Each merchant has an order whose money is due."""
    settings = environment.settings
    books = database(settings=settings, domain="ledger")
    steps = SettlementActivities(database=store, keyring=keyring(settings=settings))
    ledger = LedgerActivities(database=books)
    now = utc_now()

    async def sell(number: int) -> None:
        merchant, plan = f"mer_{number:06d}", f"pln_{number:06d}"
        await steps.register_terms(
            RegisterTerms(
                merchant_id=merchant,
                fee_basis_points={"pay_in_4": 300},
                delay_days=1,
                account=PayoutAccount(
                    bic="CBETETAA", account_number=_account(number), account_name="Bench"
                ),
                at=now - timedelta(days=60),
            )
        )
        scheduled = await steps.schedule(
            ScheduleSettlement(
                plan_id=plan,
                merchant_id=merchant,
                payout_id=payout_id(plan_id=plan, number=1),
                option="pay_in_4",
                amount=_PRICE,
                activated_on=addis_date(at=now - timedelta(days=30)),
                protection_days=0,
                at=now,
                line=OrderLine(reference=f"order {number}"),
            )
        )
        sold = PlanBecameActive(
            plan_id=plan,
            merchant_id=merchant,
            lender="meqenet",
            amount=_PRICE,
            merchant_fee=scheduled.fee,
            paid_at_checkout=Money.zero(),
            protected=False,
        )
        await ledger.post(Post(posting_id=f"{plan}-active", happening=sold, effective_at=now))

    try:
        await in_turns(count=merchants, at_once=_AT_ONCE, deed=sell)
    finally:
        await books.dispose()


async def _close(client: Client, store: Database, *, paid: int) -> None:
    """Begin all days as the schedule does each morning; wait for whoever can be paid."""
    await client.execute_workflow(
        SettlementDayWorkflow.run, SettlementDay(), id="bench-day", task_queue=WORKFLOW_QUEUE
    )
    settled = select(func.count()).where(
        MerchantPayout.state == PayoutState.SETTLED, MerchantPayout.finished_at.is_not(None)
    )
    while True:
        async with store.read() as session:
            if await session.scalar(settled) == paid:
                return
        await asyncio.sleep(_LOOK_SECONDS)


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else _MERCHANTS
    Console().print(rate_table(title="Settlement", rates=asyncio.run(measure(merchants=wanted))))
