"""A plan that is not paid: given up as a loss, and in the end asked for no more.

What comes in between is a recovery. Automatic collection is over with the charge-off: every unpaid
installment waits for a person, whose retries bring the books what they had lost.
"""

from dataclasses import replace

from temporalio.exceptions import ApplicationError

from activities.contracts import credit, ledger
from meqenet.bnpl.loss_events import LostInstallment, PlanChargedOff, PlanWrittenOff
from meqenet.bnpl.servicing import delinquency
from meqenet.bnpl.servicing.account import InstallmentAccount
from meqenet.bnpl.servicing_policy import ChargeOffBy
from meqenet.bnpl.states import InstallmentState, PlanState
from meqenet.calendar import addis_date
from meqenet.identity import charge_off_id, write_off_id
from meqenet.ledger import happenings as h
from meqenet.money import Money, total
from workflows.agenda import next_step
from workflows.asking import ask
from workflows.dispute_rules import no_dispute_open
from workflows.ending import end_mandate
from workflows.messages import ChargeOff, WriteOff
from workflows.order_sums import still_authorised
from workflows.order_void import void_before_loss
from workflows.plan_account import account, policy_of
from workflows.plan_desk import PlanDesk
from workflows.repayment import accrue_until_now, earned_with
from workflows.stopping import stop_waiting
from workflows.support import (
    No,
    no_charge_off,
    no_write_off,
    refused,
)

_BY_ITSELF = "meqenet"


async def charge_off_if_due(desk: PlanDesk) -> None:
    """Give the plan up where its policy does so by itself, once nothing is under way."""
    standing = desk.life.delinquency
    if standing is None or not standing.charge_off_due or desk.life.account.charged_off:
        return
    if policy_of(desk).delinquency.charge_off_by is not ChargeOffBy.POLICY:
        return
    no = no_dispute_open(desk) or no_charge_off(desk, early=False, is_asked=False)
    if no is None:
        why = f"{standing.days_past_due} days past due, by the policy of its product"
        await _lose(desk, who=_BY_ITSELF, why=why, early=False)


async def give_up(desk: PlanDesk, deed: ChargeOff | WriteOff) -> ApplicationError | None:
    """Charge the plan off, or write it off; returns why not, where it is not safe any more.

    After a write-off the plan's end follows (:func:`end_written_off`).
    """
    if no := no_dispute_open(desk):
        return refused(no)
    if isinstance(deed, ChargeOff):
        no = no_charge_off(desk, early=deed.early, is_asked=False)
        no = no or await _lose(desk, who=deed.who, why=deed.why, early=deed.early)
    else:
        no = no_write_off(desk, is_asked=False) or await _write_off(desk, deed)
    return None if no is None else refused(no)


async def _lose(desk: PlanDesk, *, who: str, why: str, early: bool) -> No | None:
    """What was never delivered is no loss; without it nothing may be overdue any more."""
    was_authorised = still_authorised(desk)
    if no := await void_before_loss(desk, who=who, why=why):
        return no
    no = no_charge_off(desk, early=early, is_asked=False) if was_authorised else None
    return no or await _charge_off(desk, who=who, why=why)


async def _write_off(desk: PlanDesk, deed: WriteOff) -> No | None:
    if no := await stop_waiting(desk, numbers=list(desk.active), step="give the plan up"):
        return no
    left = account(desk).left
    told = PlanWrittenOff(
        on=addis_date(at=desk.clock.now()),
        principal=left.principal,
        interest=left.interest,
        late_fee=left.fees,
        by=deed.who,
        why=deed.why,
    )
    await desk.record(told, state=PlanState.WRITTEN_OFF, step="none")
    desk.life.account = desk.life.account.given_up(told)
    for installment in desk.life.installments:
        if installment.state is not InstallmentState.PAID:
            installment.state = InstallmentState.CANCELLED
    return None


async def end_written_off(desk: PlanDesk) -> None:
    """Take a plan that is written off out of the books and off the limit; again, nothing changes.

    Its mandate is cancelled: nothing is debited any more.
    """
    told = desk.life.account.written_off
    if told is None:
        raise ValueError("the plan has not been written off")
    await ask(
        ledger.POST,
        ledger.Post(
            posting_id=write_off_id(plan_id=desk.plan_id),
            happening=h.PlanWrittenOff(
                plan_id=desk.plan_id,
                principal=told.principal,
                interest=told.interest,
                late_fee=told.late_fee,
            ),
            effective_at=desk.recorded_at or desk.clock.now(),
        ),
        summary="Post the write-off",
    )
    await ask(
        credit.WRITE_OFF,
        credit.WriteOffDebt(plan_id=desk.plan_id, at=desk.recorded_at or desk.clock.now()),
        summary="It takes nothing of the limit any more",
    )
    await end_mandate(desk)


async def finish_charge_off(desk: PlanDesk, *, newest: str) -> None:
    """Have the loss in the books, where it is the newest event of a plan's log."""
    if newest == PlanChargedOff.kind:
        await _post_loss(desk)


async def _charge_off(desk: PlanDesk, *, who: str, why: str) -> No | None:
    if no := await stop_waiting(desk, numbers=list(desk.active), step="give the plan up"):
        return no
    today = addis_date(at=desk.clock.now())
    before = account(desk)
    earned, fees = [], list[Money]()
    for row in before.installments:
        if row.left.planned:
            books = await accrue_until_now(desk, number=row.number)
            earned.append(replace(row, accrued_interest=row.paid.interest + books.interest))
            fees.append(
                earned_with(
                    desk.life.installment(number=row.number).planned,
                    accrued=books,
                    returned_before=row.paid.principal,
                    returned=row.left.principal,
                )
            )
    lost = delinquency.charge_off(account=before.with_installments(*earned), on=today)
    told = PlanChargedOff(
        on=today,
        days_past_due=delinquency.days_past_due(account=before, on=today),
        principal=lost.principal,
        interest=lost.interest,
        late_fee=lost.late_fee,
        merchant_fee=total(fees),
        installments=tuple(
            _lost(row, before=was)
            for row, was in zip(lost.account.installments, before.installments, strict=True)
            if was.left.total
        ),
        by=who,
        why=why,
    )
    for part in told.installments:
        installment = desk.life.installment(number=part.number)
        planned = installment.planned
        interest = planned.interest - part.interest_not_owed
        installment.planned = replace(planned, interest=interest)
    for installment in desk.life.installments:
        if installment.state not in (InstallmentState.PAID, InstallmentState.CANCELLED):
            installment.state = InstallmentState.FAILED
            installment.failed, installment.postponed = 0, None
            installment.next_attempt_at = None
    desk.life.account = desk.life.account.given_up(told)
    step, step_at = next_step(desk)
    await desk.record(told, state=PlanState.PAST_DUE, step=step, step_at=step_at)
    await _post_loss(desk)
    return None


def _lost(row: InstallmentAccount, *, before: InstallmentAccount) -> LostInstallment:
    return LostInstallment(
        number=row.number,
        principal=row.left.principal,
        interest=row.left.interest,
        late_fee=row.left.fees,
        interest_not_owed=before.owed.interest - row.owed.interest,
    )


async def _post_loss(desk: PlanDesk) -> None:
    told = desk.life.account.charged_off
    if told is None:
        raise ValueError("the plan has not been charged off")
    await ask(
        ledger.POST,
        ledger.Post(
            posting_id=charge_off_id(plan_id=desk.plan_id),
            happening=h.PlanChargedOff(
                plan_id=desk.plan_id,
                lender=desk.life.signed.lender_of_record,
                principal=told.principal,
                interest=told.interest,
                late_fee=told.late_fee,
                merchant_fee=told.merchant_fee,
            ),
            effective_at=desk.recorded_at or desk.clock.now(),
        ),
        summary="Post the charge-off",
    )
