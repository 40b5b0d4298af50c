"""Installments that wait for the end of a dispute: none is collected, and none is late."""

from datetime import date

from meqenet.bnpl.dispute_events import CollectionSetAside
from meqenet.bnpl.states import InstallmentState
from meqenet.calendar import addis_date
from meqenet.identity import OWN_PAYMENT_FROM
from workflows.agenda import next_step, record_in_force
from workflows.collection_end import attempt_unheard
from workflows.news import CollectionResult
from workflows.plan_desk import PlanDesk
from workflows.support import is_waiting


async def set_waiting_aside(desk: PlanDesk) -> None:
    """Stop collections that wait for their next attempt; one that is under way is let finish."""
    for number in list(desk.active):
        if number > OWN_PAYMENT_FROM or not desk.life.waits(number=number):
            continue
        if is_waiting(desk, number=number):
            installment = desk.life.installment(number=number)
            desk.moved[number] = installment.next_attempt_at or desk.clock.now()
            installment.next_attempt_at = None
            await desk.stop_collection(number=number)


async def take_set_aside(desk: PlanDesk, result: CollectionResult) -> None:
    """A collection has stopped because its installment is in dispute."""
    desk.moved.pop(result.number, None)
    desk.unmoved.discard(result.number)
    installment = desk.life.installment(number=result.number)
    failed = attempt_unheard(installment, result, next_attempt_at=None)
    if failed is not None:
        step, step_at = next_step(desk)
        await desk.record(failed, state=desk.life.state, step=step, step_at=step_at)
    installment.state = InstallmentState.SCHEDULED
    installment.failed, installment.postponed = 0, None
    installment.next_attempt_at, installment.asked = None, None
    dispute = desk.life.account.dispute
    dispute_id = "" if dispute is None else dispute.dispute_id
    await record_in_force(desk, CollectionSetAside(number=result.number, dispute_id=dispute_id))


def has_late_waiting(desk: PlanDesk, *, today: date | None = None) -> bool:
    """Whether the date of something that waits has passed: it is not late, and not paid."""
    day = today or addis_date(at=desk.clock.now())
    return any(
        each.planned.due_on < day and desk.life.waits(number=each.planned.number)
        for each in desk.life.installments
        if each.state not in (InstallmentState.PAID, InstallmentState.CANCELLED)
    )
