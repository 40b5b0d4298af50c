"""A payment was not what it had seemed: what came after it pays anew, and all books follow.

The event is recorded first; the rest follows from it, and is done again after a loss.
"""

from temporalio.exceptions import ApplicationError

from activities.contracts import credit, ledger, payment_replays
from meqenet.bnpl.events import PlannedInstallment
from meqenet.bnpl.replay_events import PaymentsReplayed, ReplayCause
from meqenet.bnpl.states import InstallmentState, PlanState
from meqenet.identity import replay_id
from meqenet.money import Money
from workflows.agenda import record_owing
from workflows.asking import ask
from workflows.delinquency import show_days_past_due, tell_lateness
from workflows.late_fees import ask_for_left_fees, charge_late_fees
from workflows.plan_desk import PlanDesk
from workflows.repayment import count_repayment
from workflows.replay_messages import ReplayPayment
from workflows.replay_postings import replay_command
from workflows.replay_rules import no_replay, outlook
from workflows.stopping import stop_waiting
from workflows.support import No, refused


async def replay_payment(desk: PlanDesk, deed: ReplayPayment) -> ApplicationError | None:
    """Replay the plan's payments; returns why not, where it is not safe any more."""
    await tell_lateness(desk)
    await charge_late_fees(desk)
    if no := no_replay(desk, deed, is_asked=False):
        return refused(no)
    told = await outlook(desk, deed.request, by=deed.who, why=deed.why, is_asked=False)
    if isinstance(told, No):
        return refused(told)
    if no := await stop_waiting(desk, numbers=_not_tried(desk, told), step="replay payments"):
        return refused(no)
    _take_on(desk, told)
    await _record(desk, told)
    await _tell_books(desk, told)
    if _left_fees(desk):
        ask_for_left_fees(desk)
    await tell_lateness(desk)
    show_days_past_due(desk)
    return None


async def _record(desk: PlanDesk, told: PaymentsReplayed) -> None:
    """A plan that is completed stays so while nothing is owed; else it is in force again."""
    owes = not desk.life.all_paid() or desk.life.account.fees_left()
    if desk.life.state is PlanState.COMPLETED and not owes:
        await desk.record(told, state=PlanState.COMPLETED, step="none")
        return
    await record_owing(desk, told)


async def finish_replay(desk: PlanDesk, *, newest: str) -> None:
    """Have the books follow a replay, where that is a log's newest event."""
    if newest == PaymentsReplayed.kind:
        await _tell_books(desk, desk.life.account.replays[-1])


def _not_tried(desk: PlanDesk, told: PaymentsReplayed) -> tuple[int, ...]:
    """Installments being collected that are paid by it."""
    return tuple(
        row.number
        for row in told.rows
        if row.number in desk.active and row.state is InstallmentState.PAID
    )


def _take_on(desk: PlanDesk, told: PaymentsReplayed) -> None:
    life = desk.life
    life.account = life.account.replayed(told)
    for row in told.rows:
        installment, in_force = life.installment(number=row.number), told.installments
        due_on = next(each.due_on for each in in_force if each.number == row.number)
        installment.planned = PlannedInstallment(
            number=row.number,
            due_on=due_on,
            principal=row.after.principal,
            interest=row.after.interest,
        )
        if installment.state is row.state:
            continue
        installment.state, installment.next_attempt_at = row.state, None
        installment.failed, installment.postponed, installment.asked = 0, None, None
        if life.reminders is not None:
            # Nobody is told any more of an attempt at what is paid.
            life.reminders.failures.pop(row.number, None)


def _left_fees(desk: PlanDesk) -> bool:
    """Fees of installments that are paid otherwise."""
    account = desk.life.account
    return any(account.fees_left(number=number) for number in desk.life.paid_numbers())


async def _tell_books(desk: PlanDesk, told: PaymentsReplayed) -> None:
    made_id = replay_id(plan_id=desk.plan_id, number=told.number)
    await _recount(desk, told, made_id=made_id)
    await ask(
        ledger.REPLAY_PAYMENTS,
        replay_command(desk, told),
        summary=f"Post what is {told.cause}, and what follows from it",
    )
    more, at = told.principal_owed_more, desk.recorded_at or desk.clock.now()
    if more > Money.zero():
        await ask(
            credit.REVERSE_REPAYMENT,
            credit.ReverseRepayment(
                plan_id=desk.plan_id, repayment_id=made_id, principal=more, at=at
            ),
            summary="The customer owes more",
        )
    elif more:
        await count_repayment(desk, attempt_id=made_id, principal=-more, on_time=True)


async def _recount(desk: PlanDesk, told: PaymentsReplayed, *, made_id: str) -> None:
    """Payments know by it that these attempts close no installment any more."""
    recounted = [
        payment_replays.RecountedMoney(attempt_id=each.attempt_id, credit=each.credit)
        for each in told.posted_anew
    ]
    gone = None
    if told.cause is ReplayCause.REVERSED:
        gone = payment_replays.ReversedMoney(attempt_id=told.attempt_id, by=told.by, why=told.why)
    elif told.cause is ReplayCause.REPEATED:
        recounted.append(
            payment_replays.RecountedMoney(attempt_id=told.attempt_id, credit=told.amount)
        )
    await ask(
        payment_replays.RECOUNT_PAYMENTS,
        payment_replays.RecountPayments(
            replay_id=made_id,
            recounted=tuple(recounted),
            at=desk.recorded_at or desk.clock.now(),
            gone=gone,
        ),
        summary="What became of the money of each payment",
    )
