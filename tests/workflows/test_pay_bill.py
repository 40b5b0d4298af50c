"""A customer pays to our short code with the plan's number: believed when the provider says so."""

from temporalio.testing import WorkflowEnvironment

from meqenet.bnpl import events as e
from meqenet.bnpl.payment_events import InstallmentPaidInPart, OwnPaymentAsked, OwnPaymentEnded
from meqenet.ledger import happenings as h
from meqenet.money import Money
from meqenet.payments.rail import RailStatus
from tests.waiting import eventually
from tests.workflows.conftest import Bench
from tests.workflows.losing import DONE, losing
from tests.workflows.test_test_clock import advance, new_clock, plan_in_force
from workflows.messages import BillPaid
from workflows.plan import PaymentPlanWorkflow

_PART = Money.from_birr("1000.00")


async def test_a_bill_is_asked_about_taken_once_and_what_is_more_is_a_credit(bench: Bench) -> None:
    clock = await new_clock(bench)
    plan, handle = await plan_in_force(bench, clock, "pay_in_4")
    await advance(clock, days=1)

    async def ended(count: int) -> list[str]:
        async def kinds() -> list[str]:
            return bench.domains.kinds(plan)

        return await eventually(kinds, lambda found: found.count(OwnPaymentEnded.kind) == count)

    made_up = BillPaid(receipt="RCH7BT9MZ0", amount=_PART)
    bench.domains.query = lambda _order: (RailStatus.FAILED, "17")
    await handle.signal(PaymentPlanWorkflow.bill_paid, made_up)
    await ended(1)
    assert bench.domains.kinds(plan).count("installment_paid") == 1
    assert f"{plan}-x01-a1" not in bench.domains.postings

    bench.domains.query = lambda _order: RailStatus.SUCCEEDED
    first = BillPaid(receipt="RCH7BT9MZ1", amount=Money.from_birr("1400.00"))
    for _ in range(2):
        await handle.signal(PaymentPlanWorkflow.bill_paid, first)
    await ended(2)
    await handle.signal(PaymentPlanWorkflow.bill_paid, first)
    log = bench.domains.events[plan]
    told = [each.event for each in log]
    (_, asked) = (each for each in told if isinstance(each, OwnPaymentAsked))
    assert (asked.receipt, asked.installments) == (first.receipt, (2,))
    (part,) = (each for each in told if isinstance(each, InstallmentPaidInPart))
    assert (part.number, part.amount) == (3, Money.from_birr("400.00"))
    assert not [each for each in bench.domains.sent if "-x" in each]

    everything = BillPaid(receipt="RCH7BT9MZ2", amount=Money.from_birr("1750.00"))
    await handle.signal(PaymentPlanWorkflow.bill_paid, everything)
    await ended(3)
    last = bench.domains.postings[f"{plan}-x03-a1"].happening
    assert isinstance(last, h.InstallmentCollected)
    assert (last.principal, last.overpaid) == (
        Money.from_birr("1600.00"),
        Money.from_birr("150.00"),
    )
    assert bench.domains.overpaid == {f"{plan}-x03-a1": Money.from_birr("150.00")}
    await advance(clock, days=30)
    assert (await handle.result()).state == "completed"
    assert log[-1].event == e.PlanCompleted(collected=_PART * 4)
    await clock.terminate()


async def test_a_plan_that_is_lost_while_it_takes_a_bill_goes_on_and_takes_it_once(
    env: WorkflowEnvironment, unique: str
) -> None:
    steps = ("own_payment_asked", "installment_paid_in_part")
    async with losing(
        env, unique, *((f"bnpl.record_event {step}", 1, DONE) for step in steps)
    ) as lost:
        stores = lost.stores
        application = lost.bench.application("pay_in_30")
        plan = application.plan_id
        await lost.bench.in_force(application)
        stores.query = lambda _order: RailStatus.SUCCEEDED
        bill = BillPaid(receipt="RCH7BT9MZ4", amount=Money.from_birr("100.00"))
        await lost.handle(plan).signal(PaymentPlanWorkflow.bill_paid, bill)
        await lost.lose_own_payment(plan)
        await lost.handle(plan).signal(PaymentPlanWorkflow.bill_paid, bill)

        async def ended() -> list[object]:
            return [each.event for each in stores.events[plan]]

        log = await eventually(ended, lambda found: OwnPaymentEnded in map(type, found))
        assert len([each for each in log if isinstance(each, InstallmentPaidInPart)]) == 1
        assert log[-1] == OwnPaymentEnded(order=1, cause=None)
        posted = stores.postings[f"{plan}-x01-a1"].happening
        assert isinstance(posted, h.InstallmentCollected)
        assert (posted.principal, posted.overpaid) == (bill.amount, Money.zero())
        await lost.handle(plan).terminate()
