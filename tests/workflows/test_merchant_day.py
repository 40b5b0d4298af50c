"""A merchant's day: over the real stores of settlement and ledger, and over domains in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.contracts.settlement import RegisterTerms
from activities.ledger import LedgerActivities
from activities.merchant_books import MerchantBookActivities
from activities.merchant_settlement import MerchantSettlementActivities
from activities.settlement import SettlementActivities
from db.kernel.encryption import Keyring
from db.ledger.views import balance
from meqenet.errors import OutcomeUnknown
from meqenet.money import Money
from meqenet.payments.rail import RailStatus
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.transfer import PayoutAccount
from tests.backing import Databases
from tests.waiting import eventually
from tests.workflows.conftest import QUEUES, Bench
from tests.workflows.settling import Line
from tests.workflows.stores import Stores
from workers.queue_worker import WORKFLOW_QUEUE, worker_for
from workers.settling import schedule_settlement_days
from workflows.merchant_settlement import MerchantSettlementWorkflow
from workflows.messages import PayNow
from workflows.payday_messages import MerchantDayClosed, PayoutTold, settlement_workflow_id
from workflows.plan import PaymentPlanWorkflow
from workflows.settlement_day import (
    SETTLEMENT_DAY_ID,
    DayBegun,
    SettlementDay,
    SettlementDayWorkflow,
)

_STEP = timedelta(hours=1)
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Payday:
    """A bench whose settlement and ledger are real."""

    bench: Bench
    databases: Databases
    settlement: MerchantSettlementActivities
    terms: RegisterTerms

    async def left(self) -> dict[str, Money]:
        """What stands on the merchant's accounts."""
        left = {}
        async with self.databases["ledger"].read() as session:
            for name in ("payable", "settling", "reserve", "receivable"):
                account = f"merchant_{name}:{self.terms.merchant_id}"
                left[name] = await balance(session=session, prefix=account)
        return {name: amount for name, amount in left.items() if amount}


@pytest_asyncio.fixture(loop_scope="session")
async def payday(
    env: WorkflowEnvironment, databases: Databases, keyring: Keyring, unique: str
) -> AsyncIterator[Payday]:
    stores, store = Stores(), databases["settlement"]
    real: dict[str, list[object]] = {
        "settlement": [
            SettlementActivities(database=store, keyring=keyring),
            MerchantSettlementActivities(database=store, keyring=keyring),
        ],
        "ledger": [
            LedgerActivities(database=databases["ledger"]),
            MerchantBookActivities(database=databases["ledger"]),
        ],
    }
    terms = RegisterTerms(
        merchant_id=f"mer_{unique}",
        fee_basis_points={"pay_in_full": 150, "pay_in_30": 300},
        delay_days=1,
        account=PayoutAccount(bic="CBETETAA", account_number="1", account_name="Shop"),
        at=_LONG_AGO,
    )
    await SettlementActivities(database=store, keyring=keyring).register_terms(terms)
    async with AsyncExitStack() as stack:
        for queue in QUEUES:
            parts: list[object] = real.get(queue, [stores])
            await stack.enter_async_context(
                worker_for(client=env.client, queue=queue, activities=parts)
            )
        yield Payday(
            bench=Bench(env=env, domains=stores, merchant_id=terms.merchant_id),
            databases=databases,
            settlement=MerchantSettlementActivities(database=store, keyring=keyring),
            terms=terms,
        )


async def test_protected_money_is_released_proven_paid_once_and_posted(payday: Payday) -> None:
    bench = payday.bench
    application = bench.application("pay_in_full", amount="4000.00")
    handle = await bench.to_offer(application)
    await bench.accept(handle)
    await bench.live_out(handle)
    assert (await handle.result()).state == "completed"
    (payout,) = bench.domains.paid_out
    assert payout.startswith("pay_")
    assert await payday.left() == {}


async def test_an_unheard_transfer_is_asked_about_and_not_sent_again(bench: Bench) -> None:
    asked: list[str] = []

    def forgets(order: str) -> RailStatus:
        asked.append(order)
        return RailStatus.SUCCEEDED

    def goes_unheard(_order: str) -> RailStatus:
        raise OutcomeUnknown("bank_silent", "no answer came")

    bench.domains.transfer, bench.domains.query = goes_unheard, forgets
    plan = await _lived(bench, "pay_in_full")
    assert bench.domains.paid_out == [bench.domains.carrier_of(plan)]
    assert asked == bench.domains.paid_out


async def test_nothing_is_sent_before_lines_and_ledger_agree(bench: Bench) -> None:
    differing = ("pln_a: 970.00 by the lines, 0.00 by the ledger",)
    bench.domains.unproven = [differing] * 5
    plan = await _lived(bench, "pay_in_full")
    payout = bench.domains.carrier_of(plan)
    assert bench.domains.paid_out == [payout]
    assert [each.differences for each in bench.domains.told_unproven] == [differing] * 2


async def test_below_the_minimum_the_money_waits_for_another_day(bench: Bench) -> None:
    bench.domains.minimum = Money.from_birr("5000.00")
    application = bench.application("pay_in_full", amount="4000.00")
    handle = await bench.in_force(application)
    await bench.days_pass(handle, 20)
    assert bench.domains.paid_out == []
    assert "merchant_paid" not in bench.domains.kinds(application.plan_id)
    bench.domains.minimum = Money(1)
    await bench.live_out(handle)
    assert (await handle.result()).state == "completed"
    assert len(bench.domains.paid_out) == 1


@pytest.mark.parametrize("state", [PayoutState.SETTLED, PayoutState.REJECTED])
async def test_a_customer_who_is_asked_to_pay_stays_asked_when_the_merchant_is_paid(
    bench: Bench, state: PayoutState
) -> None:
    application = bench.application("pay_in_30")
    plan, handle = application.plan_id, await bench.in_force(application)
    bench.domains.answer = bench.domains.query = lambda _order: RailStatus.PENDING
    await handle.execute_update(PaymentPlanWorkflow.pay, PayNow())
    log = bench.domains.events[plan]
    asked = log[-1].next_action
    assert asked is not None
    told = PayoutTold(payout_id=f"{plan}-p1", amount=Money(388_000), state=state)
    await handle.signal(PaymentPlanWorkflow.payout_told, told)

    async def newest() -> str:
        return log[-1].event.kind

    await eventually(newest, lambda kind: kind.startswith("merchant_"))
    assert log[-1].next_action == asked
    await handle.terminate()


async def test_many_merchants_are_closed_side_by_side_and_a_failed_one_alone(
    bench: Bench, unique: str
) -> None:
    domains, due = bench.domains, datetime(2026, 11, 24, 6, tzinfo=UTC)
    merchants = [f"mer_{unique}_{number:02d}" for number in range(8)]
    broken = merchants[3]
    for merchant in merchants:
        domains.lines[f"pln_{merchant}"] = Line(
            merchant_id=merchant, clock=None, net=Money(97_000), due_at=due, protected=False
        )
    domains.refuses = {broken}
    begun = await bench.env.client.execute_workflow(
        SettlementDayWorkflow.run,
        SettlementDay(until=due),
        id=f"day-{unique}",
        task_queue=WORKFLOW_QUEUE,
    )
    assert begun == DayBegun(begun=8, at_work=0)

    def closes(merchant: str) -> WorkflowHandle[Any, MerchantDayClosed]:
        return bench.env.client.get_workflow_handle_for(
            MerchantSettlementWorkflow.run,
            settlement_workflow_id(merchant_id=merchant, test_clock_id=None),
        )

    ended = await asyncio.gather(
        *(closes(merchant).result() for merchant in merchants), return_exceptions=True
    )
    failed = [m for m, end in zip(merchants, ended, strict=True) if isinstance(end, Exception)]
    assert failed == [broken]
    assert len(domains.paid_out) == len(set(domains.paid_out)) == 7
    domains.refuses = set()
    again = await bench.env.client.execute_workflow(
        SettlementDayWorkflow.run,
        SettlementDay(until=due),
        id=f"day-{unique}-again",
        task_queue=WORKFLOW_QUEUE,
    )
    assert again == DayBegun(begun=1, at_work=0)
    await closes(broken).result()
    assert len(domains.paid_out) == 8


async def test_the_morning_is_scheduled_once_and_stays_paused(env: WorkflowEnvironment) -> None:
    schedule = env.client.get_schedule_handle(SETTLEMENT_DAY_ID)
    await schedule_settlement_days(client=env.client)
    await schedule.pause()
    await schedule_settlement_days(client=env.client)
    told = (await schedule.describe()).schedule
    assert told.state.paused
    assert told.spec.time_zone_name == "Africa/Addis_Ababa"
    assert [hour.start for hour in told.spec.calendars[0].hour] == [9]
    await schedule.delete()


async def _lived(bench: Bench, option: str) -> str:
    """A whole life; the close of its merchant's day does not skip with it, but by itself."""
    application = bench.application(option)
    handle = await bench.in_force(application)
    day = bench.env.client.get_workflow_handle(
        settlement_workflow_id(merchant_id=bench.merchant_id, test_clock_id=None)
    )

    async def taken() -> bool:
        return bench.domains.carrier_of(application.plan_id) is not None

    async def is_over() -> bool:
        return not await bench.env.fast_forward(day, _STEP)

    async def close() -> None:
        await eventually(taken, lambda is_taken: is_taken)
        # Step by step: a skip may be over before the next wait of the run has begun.
        await eventually(is_over, lambda over: over)

    await asyncio.gather(bench.live_out(handle), close())
    assert (await handle.result()).state == "completed"
    return application.plan_id
