"""A plan that bears interest is paid in part, before its time, and paid off to the santim."""

from datetime import date

from temporalio.testing import WorkflowEnvironment

from meqenet.bnpl import events as e
from meqenet.bnpl.hardship_events import PlanChanged
from meqenet.bnpl.payment_events import (
    InstallmentPaidInPart,
    OwnPaymentAllocated,
    OwnPaymentEnded,
)
from meqenet.bnpl.servicing.account import HardshipKind
from meqenet.calendar import addis_date
from meqenet.ledger import happenings as h
from meqenet.money import Money, total
from meqenet.payments.rail import RailStatus
from tests.meqenet.ledger.books import left_over
from tests.waiting import eventually
from tests.workflows.conftest import Bench
from tests.workflows.losing import DONE, losing
from tests.workflows.test_test_clock import advance, new_clock, plan_in_force
from workflows.hardship_messages import GrantHardship, Hardship
from workflows.messages import BillPaid, PayNow
from workflows.plan import PaymentPlanWorkflow


async def test_what_is_paid_early_saves_interest_and_the_quote_pays_the_plan_off(
    bench: Bench,
) -> None:
    clock = await new_clock(bench)
    plan, handle = await plan_in_force(bench, clock, "pay_over_time", amount="6000.00", count=6)
    log = bench.domains.events[plan]
    (signed,) = (each.event for each in log if isinstance(each.event, e.PlanActivated))
    first, second = signed.installments[:2]
    await advance(clock, days=10)

    async def pay(amount: Money | None, *, order: int) -> None:
        await handle.execute_update(PaymentPlanWorkflow.pay, PayNow(amount=amount))

        async def ended() -> list[int]:
            return [each.event.order for each in log if isinstance(each.event, OwnPaymentEnded)]

        await eventually(ended, lambda found: order in found)

    amount = first.amount + Money.from_birr("500.00")
    await pay(amount, order=1)
    told = [each.event for each in log]
    (allocated,) = (each for each in told if isinstance(each, OwnPaymentAllocated))
    assert allocated.interest_saved > Money.zero()
    (whole,) = (each for each in told if isinstance(each, e.InstallmentPaid))
    assert (whole.number, whole.amount) == (1, first.amount)
    (part,) = (each for each in told if isinstance(each, InstallmentPaidInPart))
    # The second period has not begun: it is principal that is paid of it.
    assert (part.number, part.scheduled, part.interest) == (
        2,
        Money.from_birr("500.00"),
        Money.zero(),
    )
    await advance(clock, days=60)
    paid = {
        each.event.number: each.event for each in log if isinstance(each.event, e.InstallmentPaid)
    }
    lower = allocated.installments[1]
    assert lower.interest < second.interest
    assert paid[2].amount == lower.planned - part.scheduled
    shown = await handle.query(PaymentPlanWorkflow.payable)
    quote = shown.payments[-1]
    assert quote.ends_plan
    assert quote.interest_saved > Money.zero()
    await pay(None, order=2)
    assert bench.domains.attempts[f"{plan}-x02-a1"].amount == quote.amount
    await advance(clock, days=1)
    assert (await handle.result()).state == "completed"

    posted = [
        each.happening
        for each in bench.domains.postings.values()
        if isinstance(each.happening, h.InstallmentCollected)
    ]
    assert total(each.principal for each in posted) == Money.from_birr("6000.00")
    came = total(each.amount for each in bench.domains.attempts.values())
    assert log[-1].event == e.PlanCompleted(collected=came)
    await clock.terminate()


async def test_a_plan_that_is_paid_in_part_and_extended_is_paid_by_its_new_schedule(
    bench: Bench,
) -> None:
    bench.domains.product_version = 2
    clock = await new_clock(bench)
    plan, handle = await plan_in_force(bench, clock, "pay_over_time", amount="6000.00", count=6)
    log = bench.domains.events[plan]
    bench.domains.answer = lambda _order: (RailStatus.FAILED, "1")
    await advance(clock, days=35)
    assert await handle.query(PaymentPlanWorkflow.state) == "past_due"
    bench.domains.answer = lambda _order: RailStatus.SUCCEEDED
    part = PayNow(amount=Money.from_birr("300.00"))
    await handle.execute_update(PaymentPlanWorkflow.pay, part)

    async def kinds() -> list[str]:
        return bench.domains.kinds(plan)

    await eventually(kinds, lambda found: OwnPaymentEnded.kind in found)
    (told,) = (each.event for each in log if isinstance(each.event, InstallmentPaidInPart))
    # What fell due has earned its interest, and that is paid before its principal.
    assert (told.number, told.interest > Money.zero()) == (1, True)

    change = Hardship(kind=HardshipKind.MOVE_DUE_DATE, number=2, to=date(2027, 2, 2))
    shown = await handle.query(PaymentPlanWorkflow.hardship, change)
    assert shown.code is None
    assert shown.cost
    deed = GrantHardship(change=change, who="stf_sara", why="lost the job", approved=True)
    await handle.execute_update(PaymentPlanWorkflow.grant_hardship, deed)
    (changed,) = (each.event for each in log if isinstance(each.event, PlanChanged))
    assert changed.cost == shown.cost
    await advance(clock, days=75)
    paid_on = {
        each.event.number: addis_date(at=each.at)
        for each in log
        if isinstance(each.event, e.InstallmentPaid)
    }
    due_on = {row.number: row.due_on for row in changed.installments}
    assert due_on[2] == date(2027, 2, 2)
    assert [paid_on[number] for number in (2, 3)] == [due_on[number] for number in (2, 3)]
    await handle.execute_update(PaymentPlanWorkflow.pay, PayNow(amount=None))
    assert (await handle.result()).state == "completed"
    principal = total(
        each.principal
        for each in bench.domains.happenings(plan)
        if isinstance(each, h.InstallmentCollected)
    )
    assert principal == Money.from_birr("6000.00")
    assert not [code for code in left_over(bench.domains.happenings(plan)) if plan in code]
    await clock.terminate()


async def test_a_plan_that_is_lost_while_it_takes_money_goes_on_and_takes_it_once(
    env: WorkflowEnvironment, unique: str
) -> None:
    steps = ("own_payment_allocated", "installment_paid_in_part")
    async with losing(
        env, unique, *((f"bnpl.record_event {step}", 1, DONE) for step in steps)
    ) as lost:
        stores = lost.stores
        application = lost.bench.application("pay_over_time", amount="6000.00", count=6)
        plan = application.plan_id
        await lost.bench.in_force(application)
        stores.query = lambda _order: RailStatus.SUCCEEDED
        bill = BillPaid(receipt="RCH7BT9MZ5", amount=Money.from_birr("1500.00"))
        await lost.handle(plan).signal(PaymentPlanWorkflow.bill_paid, bill)
        await lost.lose_own_payment(plan)

        async def ended() -> list[object]:
            return [each.event for each in stores.events[plan]]

        log = await eventually(ended, lambda found: OwnPaymentEnded in map(type, found))
        kinds = [
            type(each).__name__
            for each in log
            if isinstance(each, OwnPaymentAllocated | e.InstallmentPaid | InstallmentPaidInPart)
        ]
        # On the day of activation no period has begun: all of it is principal.
        assert kinds == ["OwnPaymentAllocated", "InstallmentPaidInPart", "InstallmentPaidInPart"]
        posted = stores.postings[f"{plan}-x01-a1"].happening
        assert isinstance(posted, h.InstallmentCollected)
        assert posted.principal == bill.amount
        await lost.handle(plan).terminate()
