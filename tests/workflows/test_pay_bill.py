"""A customer pays to our short code with the plan's number: believed when the provider says so."""

from meqenet.bnpl import events as e
from meqenet.bnpl.payment_events import InstallmentPaidInPart, OwnPaymentAsked, OwnPaymentEnded
from meqenet.ledger import happenings as h
from meqenet.money import Money
from meqenet.payments.rail import RailStatus
from tests.waiting import eventually
from tests.workflows.conftest import Bench
from tests.workflows.test_test_clock import active_plan, advance, new_clock
from workflows.messages import BillPaid
from workflows.plan import PaymentPlanWorkflow

_PART = Money.from_birr("1000.00")


async def test_a_bill_is_asked_about_taken_once_and_what_is_more_is_a_credit(bench: Bench) -> None:
    clock = await new_clock(bench)
    plan, handle = await active_plan(bench, clock, "pay_in_4")
    await advance(clock, days=1)

    async def ended(count: int) -> list[str]:
        async def kinds() -> list[str]:
            return bench.domains.kinds(plan)

        return await eventually(kinds, lambda found: found.count(OwnPaymentEnded.kind) == count)

    bench.domains.query = lambda _order: RailStatus.SUCCEEDED
    first = BillPaid(receipt="RCH7BT9MZ1", amount=Money.from_birr("1400.00"))
    for _ in range(2):
        await handle.signal(PaymentPlanWorkflow.bill_paid, first)
    await ended(1)
    await handle.signal(PaymentPlanWorkflow.bill_paid, first)
    log = bench.domains.events[plan]
    told = [each.event for each in log]
    (asked,) = (each for each in told if isinstance(each, OwnPaymentAsked))
    assert (asked.receipt, asked.installments) == (first.receipt, (2,))
    (part,) = (each for each in told if isinstance(each, InstallmentPaidInPart))
    assert (part.number, part.amount) == (3, Money.from_birr("400.00"))
    assert not [each for each in bench.domains.sent if "-x" in each]

    everything = BillPaid(receipt="RCH7BT9MZ2", amount=Money.from_birr("1750.00"))
    await handle.signal(PaymentPlanWorkflow.bill_paid, everything)
    await ended(2)
    last = bench.domains.postings[f"{plan}-x02-a1"].happening
    assert isinstance(last, h.InstallmentCollected)
    assert (last.principal, last.overpaid) == (
        Money.from_birr("1600.00"),
        Money.from_birr("150.00"),
    )
    await advance(clock, days=30)
    assert (await handle.result()).state == "completed"
    assert log[-1].event == e.PlanCompleted(collected=_PART * 4)
    await clock.terminate()


async def test_a_bill_that_the_provider_does_not_know_pays_nothing(bench: Bench) -> None:
    clock = await new_clock(bench)
    plan, handle = await active_plan(bench, clock, "pay_in_4")
    await advance(clock, days=1)
    bench.domains.query = lambda _order: (RailStatus.FAILED, "17")
    await handle.signal(PaymentPlanWorkflow.bill_paid, BillPaid(receipt="RCH7BT9MZ3", amount=_PART))

    async def kinds() -> list[str]:
        return bench.domains.kinds(plan)

    await eventually(kinds, lambda found: OwnPaymentEnded.kind in found)
    assert bench.domains.kinds(plan).count("installment_paid") == 1
    assert f"{plan}-x01-a1" not in bench.domains.postings
    await handle.terminate()
    await clock.terminate()
