"""A plan whose version has a late fee: charged on its day, asked for, paid, never twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from meqenet.bnpl import events as e
from meqenet.bnpl.delinquency_events import LateFeeCharged
from meqenet.bnpl.staff_events import LateFeeWaived
from meqenet.calendar import addis_date
from meqenet.ledger import happenings as h
from meqenet.money import Money
from meqenet.payments.rail import RailStatus
from tests.waiting import eventually
from tests.workflows.conftest import Bench, Handle, code_of
from tests.workflows.losing import DONE, losing
from tests.workflows.test_test_clock import Clock, advance, new_clock, plan_in_force
from workflows.messages import PlanAnswer, RetryInstallment, WaiveFee
from workflows.plan import PaymentPlanWorkflow
from workflows.test_clock import TestClockWorkflow
from workflows.test_clock_messages import Advance

_FEE = Money.from_birr("25.00")
_PRICE = Money.from_birr("4000.00")
_WHY = "our page was down"
_NO_FUNDS = (RailStatus.FAILED, "1")


@asynccontextmanager
async def _late(bench: Bench, *, days: int) -> AsyncIterator[tuple[Clock, Handle, str, date]]:
    """A plan of one installment whose wallet is empty, so many days after the due date."""
    bench.domains.product_version = 2
    bench.domains.answer = lambda _order: _NO_FUNDS
    clock = await new_clock(bench)
    plan_id, handle = await plan_in_force(bench, clock, "pay_in_30")
    log = bench.domains.events[plan_id]
    (activated,) = (each.event for each in log if isinstance(each.event, e.PlanActivated))
    due_on = activated.installments[0].due_on
    await advance(clock, days=30 + days)
    yield clock, handle, plan_id, due_on
    await clock.terminate()


def _asked(bench: Bench, plan: str) -> list[tuple[date, Money]]:
    mine = [each for each in bench.domains.attempts.values() if each.plan_id == plan]
    return [(addis_date(at=each.at), each.amount) for each in mine]


async def test_a_late_fee_is_charged_on_its_day_and_asked_for_next_when_it_is_not_waived(
    bench: Bench,
) -> None:
    async with _late(bench, days=4) as (clock, handle, plan, due_on):
        log = bench.domains.events[plan]
        fee_on = due_on + timedelta(days=4)
        (charged,) = (each for each in log if isinstance(each.event, LateFeeCharged))
        assert charged.event == LateFeeCharged(number=1, period=1, on=fee_on, amount=_FEE)
        assert addis_date(at=charged.at) == fee_on
        fee = h.LateFeeCharged(plan_id=plan, lender="meqenet", number=1, amount=_FEE)
        assert bench.domains.postings[f"{plan}-i01-f1"].happening == fee
        before = _asked(bench, plan)
        assert [amount for _, amount in before] == [_PRICE, _PRICE, _PRICE]

        bench.domains.answer = bench.domains.query = lambda _order: RailStatus.PENDING
        view = await clock.query(TestClockWorkflow.view)
        await clock.execute_update(
            TestClockWorkflow.advance, Advance(to=view.now + timedelta(days=2))
        )

        async def sent() -> int:
            return len(bench.domains.sent)

        await eventually(sent, lambda count: count > len(before))
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await _waive(handle)
        assert code_of(refused) == "attempt_under_way"
        bench.domains.query = lambda _order: RailStatus.SUCCEEDED
        assert (await handle.result()).state == "completed"
        ((_, amount),) = _asked(bench, plan)[len(before) :]
        assert amount == _PRICE + _FEE
        (paid,) = (each.event for each in log if isinstance(each.event, e.InstallmentPaid))
        assert (paid.amount, paid.late_fee) == (_PRICE + _FEE, _FEE)
        collected = bench.domains.postings[paid.attempt_id].happening
        assert isinstance(collected, h.InstallmentCollected)
        assert (collected.principal, collected.late_fee) == (_PRICE, _FEE)
        assert collected.overpaid == Money.zero()
        assert log[-1].event == e.PlanCompleted(collected=_PRICE + _FEE)
        assert bench.domains.kinds(plan).count("late_fee_charged") == 1


async def test_two_who_waive_a_fee_at_once_make_one_waiver_and_the_next_attempt_asks_for_less(
    bench: Bench,
) -> None:
    async with _late(bench, days=4) as (clock, handle, plan, _):
        ((at, step),) = {
            (each.next_step_at, each.next_step)
            for each in bench.domains.events[plan]
            if isinstance(each.event, LateFeeCharged)
        }
        answers = await asyncio.gather(
            *(_waive(handle, who=who) for who in ("stf_abebe", "stf_sara")),
            return_exceptions=True,
        )
        (refused,) = (each for each in answers if isinstance(each, WorkflowUpdateFailedError))
        assert isinstance(refused.cause, ApplicationError)
        assert refused.cause.type in ("waiver_asked_already", "no_fee_to_waive")
        log = bench.domains.events[plan]
        (waived,) = (each for each in log if isinstance(each.event, LateFeeWaived))
        assert isinstance(waived.event, LateFeeWaived)
        assert (waived.event.amount, waived.event.why) == (_FEE, _WHY)
        assert waived.event.by in ("stf_abebe", "stf_sara")
        assert (waived.next_step_at, waived.next_step) == (at, step)
        posted = bench.domains.postings[f"{plan}-i01-v{waived.sequence}"].happening
        assert posted == h.LateFeeWaived(plan_id=plan, lender="meqenet", number=1, amount=_FEE)

        found = await handle.query(PaymentPlanWorkflow.support)
        assert "waive_fee" not in [each.deed for each in found.deeds]
        bench.domains.answer = lambda _order: RailStatus.SUCCEEDED
        await advance(clock, days=2)
        assert (await handle.result()).state == "completed"
        assert _asked(bench, plan)[-1][1] == _PRICE
        assert log[-1].event == e.PlanCompleted(collected=_PRICE)
        kinds = bench.domains.kinds(plan)
        assert (kinds.count("late_fee_charged"), kinds.count("next_attempt_moved")) == (1, 0)


async def _waive(handle: Handle, *, who: str = "stf_abebe") -> PlanAnswer:
    return await handle.execute_update(
        PaymentPlanWorkflow.waive_fee, WaiveFee(number=1, who=who, why=_WHY)
    )


async def test_a_plan_that_is_lost_while_it_charges_a_fee_has_it_in_its_books_once_and_asks_for_it(
    env: WorkflowEnvironment, unique: str
) -> None:
    step = ("bnpl.record_event late_fee_charged", 1, DONE)
    async with losing(env, unique, step) as lost:
        stores = lost.stores
        stores.product_version = 2
        stores.answer = lambda _order: _NO_FUNDS
        application = lost.bench.application("pay_in_30")
        plan = application.plan_id
        await lost.bench.in_force(application)
        life = asyncio.create_task(lost.bench.days_pass(lost.handle(plan), 30 + 4))
        await lost.lose(plan)
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)
        assert f"{plan}-i01-f1" not in stores.postings
        assert (await lost.rehydrate()).begun == 1

        async def posted() -> bool:
            return f"{plan}-i01-f1" in stores.postings

        await eventually(posted, lambda is_there: is_there)
        retry = RetryInstallment(number=1, who="stf_abebe", why=_WHY)
        handle = lost.handle(plan)
        await handle.execute_update(PaymentPlanWorkflow.retry_installment, retry)

        async def asked() -> Money:
            return stores.planned[-1].amount

        await eventually(asked, lambda amount: amount == _PRICE + _FEE)
        assert stores.kinds(plan).count("late_fee_charged") == 1
        await handle.terminate()
