"""A dispute is over: the plan follows its outcome, and what has waited goes on.

The merchant's money is the merchant's again; where the outcome favours the customer the disputed
part is then refunded, by the rules of every refund. All of it is done once, whoever asks again.
"""

from temporalio import workflow
from temporalio.exceptions import FailureError

from activities.contracts import ledger
from meqenet.bnpl.dispute_events import OrderDisputed, OrderDisputeEnded
from meqenet.bnpl.events import PlannedInstallment
from meqenet.bnpl.schedule_in_force import in_force
from meqenet.bnpl.servicing.account import Account
from meqenet.bnpl.servicing.dispute_wait import due_again
from meqenet.bnpl.states import InstallmentState
from meqenet.calendar import addis_date
from meqenet.money import total
from workflows.agenda import record_in_force
from workflows.asking import ask
from workflows.delinquency import tell_lateness
from workflows.dispute_messages import OutcomeHeard, OutcomeKnown, dispute_workflow_id
from workflows.disputing import hold_money, release_money
from workflows.interest_payments import earning_terms
from workflows.order_refund import take_goods_back
from workflows.order_refund_messages import TakeGoodsBack
from workflows.plan_account import account, bears_interest
from workflows.plan_desk import PlanDesk
from workflows.stopping import stop_waiting
from workflows.support import first_under_way

_SETTLED = (InstallmentState.PAID, InstallmentState.CANCELLED)


async def take_outcomes(desk: PlanDesk) -> None:
    """Follow what disputes have told; what a payment is in the way of is taken up after it."""
    if not desk.outcomes and not (desk.deferred and is_quiet(desk)):
        return
    told = {**desk.deferred, **{known.dispute_id: known for known in desk.outcomes}}
    desk.outcomes.clear()
    desk.deferred.clear()
    for known in told.values():
        is_done = await _follow(desk, known)
        if not is_done and not is_quiet(desk):
            desk.deferred[known.dispute_id] = known
        await _tell(known, is_done=is_done)


def is_quiet(desk: PlanDesk) -> bool:
    """Whether nothing is under way that may bring money, or is being stopped."""
    return desk.is_quiet() and first_under_way(desk) is None


async def _follow(desk: PlanDesk, known: OutcomeKnown) -> bool:
    """Whether nothing is left to do. A dispute that the plan does not wait for is none of its."""
    dispute = desk.life.account.dispute
    if dispute is None or dispute.dispute_id != known.dispute_id:
        return True
    if not is_quiet(desk):
        return False
    # A run that was lost may not have come to it: nothing is given back that has not waited.
    await hold_money(desk, dispute)
    await release_money(desk, dispute)
    if known.outcome.favours_customer and not await _give_back(desk, dispute):
        return False
    today = addis_date(at=desk.clock.now())
    before = account(desk)
    after = due_again(
        account=before, waiting=dispute.waiting, on=today, after_days=dispute.due_again_days
    )
    moved = () if after is None else _moved(before, after)
    stopped = [number for number in moved if number in desk.active]
    if await stop_waiting(desk, numbers=stopped, step="end the dispute") is not None:
        return False
    told = OrderDisputeEnded(
        dispute_id=dispute.dispute_id,
        outcome=known.outcome,
        on=today,
        amount=dispute.amount,
        installments=() if after is None else tuple(in_force(row=r) for r in after.installments),
        arrears_moved=before.arrears_moved,
        paid=total(row.paid.planned for row in before.installments),
    )
    _take_on(desk, told)
    await record_in_force(desk, told)
    await _tell_books(desk, told)
    await desk.tell_merchant("plan.dispute_ended")
    await tell_lateness(desk)
    return True


async def finish_end(desk: PlanDesk, *, newest: str) -> None:
    """Do again what follows from the end of a dispute, where that is a log's newest event."""
    if newest == OrderDisputeEnded.kind:
        await _tell_books(desk, desk.life.account.disputes_ended[-1])
        await desk.tell_merchant("plan.dispute_ended")


async def _tell_books(desk: PlanDesk, told: OrderDisputeEnded) -> None:
    """Have periods that begin later earn later, of a plan that bears interest."""
    if not told.installments or not bears_interest(desk):
        return
    await ask(
        ledger.REPLAN_EARNINGS,
        ledger.ReplanEarnings(
            plan_id=desk.plan_id,
            change_id=f"{told.dispute_id}-again",
            installments=earning_terms(desk, without=desk.life.paid_numbers()),
            at=desk.recorded_at or desk.clock.now(),
        ),
        summary="Earn by the later dates",
    )


async def _give_back(desk: PlanDesk, dispute: OrderDisputed) -> bool:
    """Refund the disputed part, once: its reference is the dispute's id."""
    deed = TakeGoodsBack(
        reference=dispute.dispute_id, amount=dispute.amount, settles=dispute.dispute_id
    )
    if (no := await take_goods_back(desk, deed)) is not None:
        workflow.logger.warning("the disputed part is not given back yet: %s", no.type)
        return False
    return True


def _moved(before: Account, after: Account) -> tuple[int, ...]:
    pairs = zip(before.installments, after.installments, strict=True)
    return tuple(was.number for was, now in pairs if was.due_on != now.due_on)


def _take_on(desk: PlanDesk, told: OrderDisputeEnded) -> None:
    """What is due on another day is collected anew then."""
    desk.life.account = desk.life.account.disputed(told)
    for row in told.installments:
        installment = desk.life.installment(number=row.number)
        is_moved = installment.planned.due_on != row.due_on
        installment.planned = PlannedInstallment(
            number=row.number, due_on=row.due_on, principal=row.principal, interest=row.interest
        )
        if not is_moved or installment.state in _SETTLED:
            continue
        installment.state = InstallmentState.SCHEDULED
        installment.failed, installment.postponed = 0, None
        installment.next_attempt_at, installment.asked = None, None
        if desk.life.reminders is not None:
            desk.life.reminders.failures.pop(row.number, None)


async def _tell(known: OutcomeKnown, *, is_done: bool) -> None:
    run = workflow.get_external_workflow_handle(dispute_workflow_id(dispute_id=known.dispute_id))
    try:
        await run.signal("outcome_heard", OutcomeHeard(is_done=is_done))
    except FailureError:
        workflow.logger.info("the dispute's run is not there to be told")
