"""A customer who pays by their own will: early, late, everything; and never twice."""

import asyncio

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from meqenet.bnpl import events as e
from meqenet.bnpl.payment_events import (
    FeePart,
    InstallmentPaidInPart,
    OwnPaymentAsked,
    OwnPaymentEnded,
    SchedulePart,
)
from meqenet.ledger import happenings as h
from meqenet.money import Money, total
from meqenet.payments.rail import RailStatus
from tests.waiting import eventually
from tests.workflows.conftest import Bench, Handle, code_of
from tests.workflows.losing import DONE, losing
from tests.workflows.test_test_clock import advance, new_clock, plan_in_force
from workflows.messages import BillPaid, Payable, PayNow, PlanAnswer
from workflows.plan import PaymentPlanWorkflow
from workflows.plan_life import PlanLife

_PART = Money.from_birr("1000.00")
_FEE = Money.from_birr("25.00")
_MORE = Money.from_birr("1300.00")


def test_a_plan_has_numbers_for_99_payments_and_money_that_waits_takes_one() -> None:
    life = PlanLife(payments=97, bills=[BillPaid(receipt="RCH7BT9MZ1", amount=_PART)])
    assert life.has_number_left()
    life.payments = 98
    assert not life.has_number_left()


async def _pay(handle: Handle, amount: Money | None = None) -> PlanAnswer:
    return await handle.execute_update(PaymentPlanWorkflow.pay, PayNow(amount=amount))


async def _payable(handle: Handle) -> Payable:
    return await handle.query(PaymentPlanWorkflow.payable)


async def _ended(bench: Bench, plan: str) -> None:
    async def kinds() -> list[str]:
        return bench.domains.kinds(plan)

    await eventually(kinds, lambda found: OwnPaymentEnded.kind in found)


async def test_what_is_late_is_paid_with_its_fee_and_a_part_leaves_the_rest_to_its_day(
    bench: Bench,
) -> None:
    """Later everything is paid, to the santim."""
    bench.domains.product_version = 2
    clock = await new_clock(bench)
    plan, handle = await plan_in_force(bench, clock, "pay_in_4")
    await advance(clock, days=1)
    bench.domains.answer = lambda _order: (RailStatus.FAILED, "1")
    await advance(clock, days=13 + 5)
    log = bench.domains.events[plan]
    found = await _payable(handle)
    assert [each.amount for each in found.payments] == [
        _PART + _FEE,
        _PART * 2 + _FEE,
        _PART * 3 + _FEE,
    ]
    assert [each.ends_plan for each in found.payments] == [False, False, True]
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await _pay(handle, _PART * 4)
    assert code_of(refused) == "payment_too_much"
    shown = await handle.query(PaymentPlanWorkflow.payable, PayNow(amount=_MORE))
    assert [(each.installments, each.ends_plan) for each in shown.payments] == [((2,), False)]

    bench.domains.answer = lambda _order: RailStatus.SUCCEEDED
    before = len(log)
    await _pay(handle, _MORE)
    await _ended(bench, plan)
    _is_paid_with_its_fee_and_a_part(bench, plan, told=[each.event for each in log[before:]])

    await advance(clock, days=13)
    (*_, third) = (each.event for each in log if isinstance(each.event, e.InstallmentPaid))
    left = _PART - (_MORE - _PART - _FEE)
    assert (third.number, third.amount) == (3, left)
    assert bench.domains.attempts[third.attempt_id].amount == left

    await _pay(handle)
    assert (await handle.result()).state == "completed"
    collected = bench.domains.postings[f"{plan}-x02-a1"].happening
    assert isinstance(collected, h.InstallmentCollected)
    assert (collected.principal, collected.late_fee) == (_PART, Money.zero())
    assert log[-1].event == e.PlanCompleted(collected=_PART * 4 + _FEE)
    posted = (
        each for each in bench.domains.happenings(plan) if isinstance(each, h.InstallmentCollected)
    )
    assert total(each.principal for each in posted) == _PART * 3
    await clock.terminate()


def _is_paid_with_its_fee_and_a_part(bench: Bench, plan: str, *, told: list[e.PlanEvent]) -> None:
    assert told[0] == OwnPaymentAsked(
        order=1,
        amount=_MORE,
        installments=(2,),
        late_fees=(FeePart(number=2, amount=_FEE),),
        parts=(SchedulePart(number=3, amount=_MORE - _PART - _FEE),),
    )
    (paid,) = (each for each in told if isinstance(each, e.InstallmentPaid))
    assert (paid.number, paid.attempt_id) == (2, f"{plan}-x01-a1")
    assert (paid.amount, paid.late_fee) == (_PART + _FEE, _FEE)
    (part,) = (each for each in told if isinstance(each, InstallmentPaidInPart))
    assert (part.number, part.amount, part.late_fee) == (3, _MORE - _PART - _FEE, Money.zero())
    assert OwnPaymentEnded(order=1, cause=None) in told
    assert not [each for each in bench.domains.sent if each.endswith("i02-a4")]
    own = bench.domains.postings[f"{plan}-x01-a1"].happening
    assert isinstance(own, h.InstallmentCollected)
    assert own.principal == _MORE - _FEE


async def test_a_payment_that_brings_nothing_leaves_the_waiting_collection_as_it_was(
    bench: Bench,
) -> None:
    bench.domains.product_version = 2
    clock = await new_clock(bench)
    plan, handle = await plan_in_force(bench, clock, "pay_in_30")
    bench.domains.answer = lambda _order: (RailStatus.FAILED, "1")
    await advance(clock, days=30)
    log = bench.domains.events[plan]
    before = next(
        each.next_step_at
        for each in reversed(log)
        if each.event.kind == "collection_attempt_failed"
    )
    await _pay(handle)
    await _ended(bench, plan)
    ended = log[-1]
    assert isinstance(ended.event, OwnPaymentEnded)
    assert ended.event.cause == "no_funds"
    assert ended.next_step_at == before
    bench.domains.answer = lambda _order: RailStatus.SUCCEEDED
    await advance(clock, days=2)
    assert (await handle.result()).state == "completed"
    assert len([each for each in bench.domains.sent if "-x" in each]) == 1
    await clock.terminate()


@pytest.mark.parametrize(
    ("steps", "cause"),
    [
        (("bnpl.record_event own_payment_asked",), "collection_lost"),
        (("mpesa.push_payment", "bnpl.record_event installment_paid"), None),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, tuple) else str(value),
)
async def test_a_plan_that_is_lost_while_its_customer_pays_goes_on_and_asks_once(
    env: WorkflowEnvironment, unique: str, steps: tuple[str, ...], cause: str | None
) -> None:
    async with losing(env, unique, *((step, 1, DONE) for step in steps)) as lost:
        stores = lost.stores
        application = lost.bench.application("pay_in_30")
        plan = application.plan_id
        await lost.bench.in_force(application)
        paying = asyncio.create_task(_pay(lost.handle(plan)))
        await lost.lose_own_payment(plan)
        await asyncio.gather(paying, return_exceptions=True)

        async def ended() -> list[object]:
            return [each.event for each in stores.events[plan]]

        log = await eventually(ended, lambda found: OwnPaymentEnded in map(type, found))
        assert log[-1] == OwnPaymentEnded(order=1, cause=cause)
        paid = [each for each in log if isinstance(each, e.InstallmentPaid)]
        assert len(paid) == (cause is None)
        assert [each for each in stores.sent if "-x" in each] == [f"{plan}-x01-a1"] * len(paid)
        assert (f"{plan}-x01-a1" in stores.postings) is (cause is None)
        await lost.handle(plan).terminate()
