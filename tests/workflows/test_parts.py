"""An installment above what its wallet may pay at once: collected in parts, each of them once."""

from meqenet.bnpl import events as e
from meqenet.bnpl.payment_events import InstallmentPaidInPart
from meqenet.ledger import happenings as h
from meqenet.money import Money, total
from meqenet.payments.rail import RailStatus
from tests.meqenet.ledger.books import left_over
from tests.workflows.conftest import Bench
from tests.workflows.test_plan_life import attempt
from tests.workflows.test_test_clock import advance, new_clock, plan_in_force
from workflows.messages import PayNow
from workflows.plan import PaymentPlanWorkflow

_FOUR_HUNDRED = Money.from_birr("400.00")


async def test_parts_are_asked_for_in_turn_and_one_that_fails_is_tried_again(
    bench: Bench,
) -> None:
    clock = await new_clock(bench)
    plan, handle = await plan_in_force(bench, clock, "pay_over_time", amount="6000.00", count=6)
    domains, log = bench.domains, bench.domains.events[plan]
    domains.payment_max = _FOUR_HUNDRED
    second = attempt(plan, 1, 2)

    domains.answer = lambda order: (
        (RailStatus.FAILED, "1") if order == second else RailStatus.SUCCEEDED
    )
    await advance(clock, days=45)
    (signed,) = (each.event for each in log if isinstance(each.event, e.PlanActivated))
    first = signed.installments[0]
    parts = [each.event for each in log if isinstance(each.event, InstallmentPaidInPart)]
    paid = [each.event for each in log if isinstance(each.event, e.InstallmentPaid)]
    # The second part has failed once, and was asked for again as any attempt is.
    assert [each.attempt_id for each in parts] == [attempt(plan, 1, 1), attempt(plan, 1, 3)]
    assert [each.amount for each in parts] == [_FOUR_HUNDRED] * 2
    # Interest comes before principal.
    assert [each.interest for each in parts] == [first.interest, Money.zero()]
    assert [(each.number, each.attempt_id) for each in paid] == [(1, attempt(plan, 1, 4))]
    assert paid[0].amount == first.amount - _FOUR_HUNDRED * 2

    domains.payment_max = None
    await handle.execute_update(PaymentPlanWorkflow.pay, PayNow(amount=None))
    assert (await handle.result()).state == "completed"
    principal = total(
        each.principal
        for each in domains.happenings(plan)
        if isinstance(each, h.InstallmentCollected)
    )
    assert principal == Money.from_birr("6000.00")
    assert not [code for code in left_over(domains.happenings(plan)) if plan in code]
    await clock.terminate()
