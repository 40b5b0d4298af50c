"""A customer pays a part: what is left is collected, reminded of and posted, to the santim."""

from meqenet.bnpl import events as e
from meqenet.bnpl.payment_events import InstallmentPaidInPart, OwnPaymentEnded
from meqenet.ledger import happenings as h
from meqenet.money import Money
from meqenet.payments.rail import RailStatus
from tests.waiting import eventually
from tests.workflows.conftest import Bench
from tests.workflows.test_test_clock import advance, new_clock, plan_in_force
from workflows.messages import PayNow
from workflows.plan import PaymentPlanWorkflow

_PART = Money.from_birr("1000.00")
_PAID = Money.from_birr("1300.00")
_FEE = Money.from_birr("25.00")


async def test_what_a_part_has_left_is_collected_on_its_day(bench: Bench) -> None:
    bench.domains.product_version = 2
    clock = await new_clock(bench)
    plan, handle = await plan_in_force(bench, clock, "pay_in_4")
    await advance(clock, days=1)
    bench.domains.answer = lambda _order: (RailStatus.FAILED, "1")
    await advance(clock, days=13 + 5)
    log = bench.domains.events[plan]
    asked = PayNow(amount=_PAID)
    shown = await handle.query(PaymentPlanWorkflow.payable, asked)
    assert [(each.installments, each.ends_plan) for each in shown.payments] == [((2,), False)]

    bench.domains.answer = lambda _order: RailStatus.SUCCEEDED
    await handle.execute_update(PaymentPlanWorkflow.pay, asked)

    async def kinds() -> list[str]:
        return bench.domains.kinds(plan)

    await eventually(kinds, lambda found: OwnPaymentEnded.kind in found)
    told = [each.event for each in log]
    (part,) = (each for each in told if isinstance(each, InstallmentPaidInPart))
    assert (part.number, part.amount, part.late_fee) == (
        3,
        _PAID - _PART - _FEE,
        Money.zero(),
    )
    await advance(clock, days=60)
    assert (await handle.result()).state == "completed"
    paid = {
        each.event.number: each.event for each in log if isinstance(each.event, e.InstallmentPaid)
    }
    assert paid[2].amount == _PART + _FEE
    assert paid[3].amount == _PART - part.amount
    assert bench.domains.attempts[paid[3].attempt_id].amount == _PART - part.amount
    assert log[-1].event == e.PlanCompleted(collected=_PART * 4 + _FEE)
    posted = [
        each.happening
        for each in bench.domains.postings.values()
        if isinstance(each.happening, h.InstallmentCollected)
    ]
    own = bench.domains.postings[f"{plan}-x01-a1"].happening
    assert isinstance(own, h.InstallmentCollected)
    assert own.principal == _PAID - _FEE
    assert sum(each.principal.santim for each in posted) == 3 * _PART.santim
    await clock.terminate()
