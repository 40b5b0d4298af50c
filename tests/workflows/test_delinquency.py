"""A plan whose customer does not pay, and then does: its class of lateness, and what it earns."""

from datetime import timedelta

from meqenet.bnpl.delinquency_events import (
    AccrualResumed,
    AccrualStopped,
    Bucket,
    BucketChanged,
    DelinquencyChange,
)
from meqenet.bnpl.events import PlanActivated
from meqenet.bnpl.states import PlanState
from meqenet.calendar import at_addis
from meqenet.payments.rail import RailStatus
from tests.workflows.conftest import Bench
from workflows.messages import RetryInstallment
from workflows.plan import PaymentPlanWorkflow
from workflows.plan_desk import DAYS_PAST_DUE


def _changes(bench: Bench, plan: str) -> list[DelinquencyChange]:
    return [
        each.event
        for each in bench.domains.events[plan]
        if isinstance(each.event, DelinquencyChange)
    ]


async def test_each_class_of_lateness_is_told_on_its_day_and_so_is_the_way_back(
    bench: Bench,
) -> None:
    application = bench.application("pay_in_30")
    plan, log = application.plan_id, bench.domains.events[application.plan_id]
    bench.domains.answer = lambda _order: (RailStatus.FAILED, "2006")
    handle = await bench.in_force(application)
    await bench.days_pass(handle, 30 + 92)

    (activated,) = (each.event for each in log if isinstance(each.event, PlanActivated))
    due_on = activated.installments[0].due_on
    days = [due_on + timedelta(days=days) for days in (1, 8, 31, 61, 90, 91)]
    over_90 = BucketChanged(
        on=days[5], days_past_due=91, before=Bucket.DAYS_61_90, after=Bucket.DAYS_OVER_90
    )
    told = _changes(bench, plan)
    assert [each.on for each in told] == days
    assert told[4:] == [AccrualStopped(on=days[4], days_past_due=90), over_90]
    for each in log:
        if isinstance(each.event, DelinquencyChange):
            since_midnight = each.at - at_addis(on=each.event.on, hour=0)
            assert timedelta(0) <= since_midnight < timedelta(minutes=5)
            assert each.state == PlanState.PAST_DUE
    assert bench.domains.suspended == {plan: at_addis(on=days[4], hour=0)}
    assert (await handle.describe()).typed_search_attributes[DAYS_PAST_DUE] == over_90.days_past_due

    bench.domains.answer = lambda _order: RailStatus.SUCCEEDED
    retry = RetryInstallment(number=1, who="staff_1", why="the customer has called")
    await handle.execute_update(PaymentPlanWorkflow.retry_installment, retry)
    assert (await handle.result()).state == "completed"
    back = _changes(bench, plan)[len(told) :]
    cured_on = back[0].on
    assert back == [
        BucketChanged(on=cured_on, days_past_due=0, before=over_90.after, after=Bucket.CURRENT),
        AccrualResumed(on=cured_on),
    ]
    assert bench.domains.suspended == {}
