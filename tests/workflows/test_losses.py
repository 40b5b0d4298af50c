"""A plan that is not paid: given up as a loss, paid in part after all, and written off."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import date

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from meqenet.bnpl import events as e
from meqenet.bnpl.loss_events import PlanChargedOff, PlanWrittenOff
from meqenet.bnpl.products import ProductVersion
from meqenet.bnpl.servicing_policy import ChargeOffBy
from meqenet.ledger import happenings as h
from meqenet.money import Money
from meqenet.payments.rail import RailStatus
from tests.waiting import eventually
from tests.workflows.conftest import Bench, Handle, code_of
from tests.workflows.losing import DONE, losing
from tests.workflows.test_test_clock import advance, new_clock, plan_in_force
from workflows.messages import ChargeOff, PlanAnswer, RetryInstallment, WaiveFee, WriteOff
from workflows.plan import PaymentPlanWorkflow

_WHO, _WHY = "stf_sara", "cannot be found"
_LENDER = "partner_microfinance"
_NO_FUNDS = (RailStatus.FAILED, "1")
_RETRY = RetryInstallment(number=1, who="stf_abebe", why="the customer has called")


async def _charge_off(handle: Handle, *, early: bool = False) -> PlanAnswer:
    deed = ChargeOff(who=_WHO, why=_WHY, early=early)
    return await handle.execute_update(PaymentPlanWorkflow.charge_off, deed)


async def _write_off(handle: Handle) -> PlanAnswer:
    deed = WriteOff(who=_WHO, why=_WHY)
    return await handle.execute_update(PaymentPlanWorkflow.write_off, deed)


async def _retried(handle: Handle) -> None:
    await handle.execute_update(PaymentPlanWorkflow.retry_installment, _RETRY)


async def _why_not(asked: Awaitable[PlanAnswer]) -> str | None:
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await asked
    return code_of(refused)


def _birr(text: str) -> Money:
    return Money.from_birr(text)


async def test_a_plan_is_given_up_early_pays_in_part_after_all_and_is_written_off(
    bench: Bench,
) -> None:
    bench.domains.product_version = 2
    bench.domains.answer = lambda _order: _NO_FUNDS
    clock = await new_clock(bench)
    plan, handle = await plan_in_force(bench, clock, "pay_over_time", count=6)
    log, postings = bench.domains.events[plan], bench.domains.postings
    await advance(clock, days=20)
    assert await _why_not(_charge_off(handle, early=True)) == "plan_not_late"
    await advance(clock, days=25)
    assert await _why_not(_charge_off(handle)) == "charge_off_not_due"
    assert await _why_not(_write_off(handle)) == "plan_not_charged_off"

    answers = await asyncio.gather(
        *(_charge_off(handle, early=True) for _ in range(2)), return_exceptions=True
    )
    assert sum(isinstance(each, PlanAnswer) for each in answers) == 1
    (lost,) = (each.event for each in log if isinstance(each.event, PlanChargedOff))
    assert (lost.on, lost.days_past_due) == (date(2027, 1, 7), 15)
    assert (lost.by, lost.why) == (_WHO, _WHY)
    # Number, principal, interest, late fee, and the interest that is owed no more.
    assert [tuple(str(part) for part in vars(row).values()) for row in lost.installments] == [
        ("1", "636.76", "73.33", "14.20", "0.00"),
        ("2", "648.43", "28.77", "0.00", "32.89"),
        ("3", "660.32", "0.00", "0.00", "49.77"),
        ("4", "672.42", "0.00", "0.00", "37.67"),
        ("5", "684.75", "0.00", "0.00", "25.34"),
        ("6", "697.32", "0.00", "0.00", "12.78"),
    ]
    assert postings[f"{plan}-charge-off"].happening == h.PlanChargedOff(
        plan_id=plan,
        lender=_LENDER,
        principal=_birr("4000.00"),
        interest=_birr("102.10"),
        late_fee=_birr("14.20"),
        merchant_fee=_birr("120.00"),
    )
    waiver = WaiveFee(number=1, who=_WHO, why=_WHY)
    waived = handle.execute_update(PaymentPlanWorkflow.waive_fee, waiver)
    assert await _why_not(waived) == "plan_charged_off"

    tried = len(bench.domains.attempts)
    await advance(clock, days=40)
    assert len(bench.domains.attempts) == tried
    bench.domains.answer = lambda _order: RailStatus.SUCCEEDED
    await _retried(handle)

    async def paid() -> list[e.InstallmentPaid]:
        return [each.event for each in log if isinstance(each.event, e.InstallmentPaid)]

    (came,) = await eventually(paid, bool)
    assert came.amount == _birr("724.29")
    assert postings[came.attempt_id].happening == h.RecoveryReceived(
        plan_id=plan,
        attempt_id=came.attempt_id,
        provider="mpesa",
        lender=_LENDER,
        principal=_birr("636.76"),
        interest=_birr("73.33"),
        late_fee=_birr("14.20"),
    )

    await _is_written_off(bench, handle, plan)
    await clock.terminate()


async def _is_written_off(bench: Bench, handle: Handle, plan: str) -> None:
    log, postings = bench.domains.events[plan], bench.domains.postings
    await _write_off(handle)
    assert (await handle.result()).state == "written_off"
    assert log[-1].event == PlanWrittenOff(
        on=date(2027, 2, 16),
        principal=_birr("3363.24"),
        interest=_birr("28.77"),
        late_fee=Money.zero(),
        by=_WHO,
        why=_WHY,
    )
    assert postings[f"{plan}-write-off"].happening == h.PlanWrittenOff(
        plan_id=plan, principal=_birr("3363.24"), interest=_birr("28.77")
    )
    assert bench.domains.holds[plan] == "written_off"


async def test_a_plan_is_given_up_while_it_waits_for_its_next_attempt_not_while_one_may_bring_money(
    bench: Bench,
) -> None:
    bench.domains.product_version = 2
    bench.domains.answer = lambda _order: _NO_FUNDS
    clock = await new_clock(bench)
    plan, handle = await plan_in_force(bench, clock, "pay_in_30")
    await advance(clock, days=31)
    waiting = bench.domains.events[plan][-1]
    assert waiting.next_step == "try installment 1 again"
    bench.domains.answer = bench.domains.query = lambda _order: RailStatus.PENDING
    await _retried(handle)
    assert await _why_not(_charge_off(handle, early=True)) == "attempt_under_way"
    assert f"{plan}-charge-off" not in bench.domains.postings
    bench.domains.answer = bench.domains.query = lambda _order: _NO_FUNDS

    failed = bench.domains.kinds(plan).count("collection_attempt_failed")

    async def count_failed() -> int:
        return bench.domains.kinds(plan).count("collection_attempt_failed")

    await eventually(count_failed, lambda found: found > failed)
    await _charge_off(handle, early=True)
    told = bench.domains.events[plan][-1]
    assert isinstance(told.event, PlanChargedOff)
    assert (told.next_step, told.next_step_at) == (
        "charged off: nothing more is tried by itself",
        None,
    )
    tried = len(bench.domains.attempts)
    await advance(clock, days=10)
    assert len(bench.domains.attempts) == tried
    kinds = bench.domains.kinds(plan)
    assert kinds.count("plan_charged_off") == 1
    assert "late_fee_charged" not in kinds
    await clock.terminate()


def _by_itself(product: ProductVersion) -> ProductVersion:
    servicing = product.servicing_policy
    delinquency = replace(
        servicing.delinquency,
        charge_off_days=20,
        non_accrual_days=15,
        charge_off_by=ChargeOffBy.POLICY,
    )
    return replace(product, servicing=replace(servicing, delinquency=delinquency))


async def test_a_plan_that_is_lost_as_it_gives_itself_up_has_the_loss_once_and_may_be_written_off(
    env: WorkflowEnvironment, unique: str
) -> None:
    step = ("bnpl.record_event plan_charged_off", 1, DONE)
    async with losing(env, unique, step) as lost:
        stores = lost.stores
        stores.product_version, stores.sold_as = 2, _by_itself
        stores.answer = lambda _order: _NO_FUNDS
        application = lost.bench.application("pay_in_30")
        plan = application.plan_id
        await lost.live_until_lost(application)
        told = stores.events[plan][-1].event
        assert isinstance(told, PlanChargedOff)
        assert (told.by, told.days_past_due) == ("meqenet", 20)
        assert f"{plan}-charge-off" not in stores.postings
        assert (await lost.rehydrate()).begun == 1

        async def posted() -> bool:
            return f"{plan}-charge-off" in stores.postings

        await eventually(posted, lambda is_there: is_there)
        await _write_off(lost.handle(plan))
        assert (await lost.handle(plan).result()).state == "written_off"
        kinds = [type(each) for each in stores.happenings(plan)]
        assert kinds.count(h.PlanChargedOff) == kinds.count(h.PlanWrittenOff) == 1
