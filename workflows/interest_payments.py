"""Money that pays a plan that bears interest beside its schedule: in part, early, or all of it.

What it pays, and the schedule after it, is recorded first, as one event; then it is posted, and the
installments are recorded as paid. Whoever goes on after a loss finds what was said.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from activities.contracts import ledger
from meqenet.bnpl.account_history import AccountHistory
from meqenet.bnpl.allocated_payment import (
    PaidInstallment,
    allocated_payment,
    paid_installment,
)
from meqenet.bnpl.events import InstallmentPaid, PlannedInstallment
from meqenet.bnpl.payment_events import (
    InstallmentPaidInPart,
    LateFeePaid,
    OwnPaymentAllocated,
    PaidShare,
)
from meqenet.bnpl.schedule_in_force import InstallmentInForce
from meqenet.bnpl.states import InstallmentState
from meqenet.calendar import addis_date
from meqenet.ledger.earning import EarningTerms, PaidPart, idle_between
from meqenet.money import Money, total
from workflows.agenda import record_in_force
from workflows.asking import ask
from workflows.late_fees import take_back_early
from workflows.news import CollectionResult
from workflows.overpayment import keep_overpaid
from workflows.plan_account import account, policy_of
from workflows.plan_desk import PlanDesk
from workflows.repayment import count_repayment

_SETTLED = (InstallmentState.PAID, InstallmentState.CANCELLED)


async def take_with_interest(
    desk: PlanDesk, result: CollectionResult, *, amount: Money, order: int, on: date
) -> bool:
    """Have money pay by the plan's rule; False where nothing is owed that it could pay.

    Args:
        desk: the plan's desk.
        result: what has brought it.
        amount: all of it.
        order: which payment of the plan it is.
        on: the Addis Ababa date as of which it pays.
    """
    attempt, before = result.attempt_id or "", account(desk)
    told = desk.life.account.allocation(attempt_id=attempt)
    if told is None:
        told = allocated_payment(
            account=before,
            policy=policy_of(desk),
            amount=amount,
            on=on,
            order=order,
            attempt_id=attempt,
        )
        if told is None:
            return False
        await record_in_force(desk, told)
        desk.life.account = desk.life.account.allocated(told)
        take_schedule(desk, installments=told.installments, touched=told)
    await _post(desk, told, result)
    paid_at = desk.paid_at(result)
    touched = [
        row.number for row in told.installments if told.share_of(number=row.number) is not None
    ]
    principal = total(each.principal for each in (*told.shares, *told.from_credit))
    if principal:
        on_time = all(
            addis_date(at=paid_at) <= row.due_on
            for row in told.installments
            if row.number in touched
        )
        await count_repayment(desk, attempt_id=attempt, principal=principal, on_time=on_time)
    for number in touched:
        await _tell_paid(desk, told, number=number, paid_at=paid_at)
    return True


def take_schedule(
    desk: PlanDesk,
    *,
    installments: Sequence[InstallmentInForce],
    touched: OwnPaymentAllocated | None = None,
) -> None:
    """Have the plan's installments ask for what the schedule says; what asks for nothing is over.

    Args:
        desk: the plan's desk.
        installments: the schedule in force.
        touched: the payment whose installments are told paid by events of their own.
    """
    life = desk.life
    for row in installments:
        installment = life.installment(number=row.number)
        # Of one that was paid before its time interest may be given back.
        installment.planned = PlannedInstallment(
            number=row.number, due_on=row.due_on, principal=row.principal, interest=row.interest
        )
        if installment.state in _SETTLED:
            continue
        is_touched = touched is not None and touched.share_of(number=row.number) is not None
        if not is_touched and row.planned <= life.account.paid_in_part(number=row.number):
            installment.state, installment.next_attempt_at = InstallmentState.CANCELLED, None


def earning_terms(desk: PlanDesk, *, without: Collection[int]) -> tuple[EarningTerms, ...]:
    """How installments earn by the schedule in force.

    Args:
        desk: of a plan that bears interest.
        without: those of which nothing changes.
    """
    held = account(desk)
    return tuple(
        EarningTerms(
            number=row.number,
            interest=row.owed.interest,
            carried=row.carried_interest,
            starts_on=row.starts_on,
            ends_on=row.due_on,
            idle_days=tuple(
                day
                for pause in held.pauses
                for day in idle_between(first=pause.first, last=pause.last)
                if row.starts_on <= day < row.due_on
            ),
        )
        for row in held.installments
        if row.number not in without
    )


async def _post(desk: PlanDesk, told: OwnPaymentAllocated, result: CollectionResult) -> None:
    history = desk.life.account
    await ask(
        ledger.TAKE_PAYMENT,
        ledger.TakePayment(
            plan_id=desk.plan_id,
            posting_id=told.attempt_id,
            provider=result.provider or desk.application.wallet_provider,
            lender=desk.life.signed.lender_of_record,
            from_credit=paid_parts(told=told, shares=told.from_credit, history=history),
            parts=paid_parts(told=told, shares=told.shares, history=history),
            overpaid=told.overpaid,
            earnings=_earnings(desk, told),
            at=desk.clock.now(),
        ),
        summary="Post the customer's payment",
    )
    overpaid = min(told.overpaid, told.amount)
    await keep_overpaid(desk, attempt_id=told.attempt_id, amount=overpaid)


def _earnings(desk: PlanDesk, told: OwnPaymentAllocated) -> tuple[EarningTerms, ...]:
    """Of all installments but those that were paid on their dates: nothing changes of these."""
    if not told.interest_saved:
        return ()
    paid_on_time = {
        number
        for number in desk.life.paid_numbers()
        if told.share_of(number=number) is None
        and desk.life.installment(number=number).planned.due_on <= told.on
    }
    return earning_terms(desk, without=paid_on_time)


def paid_parts(
    *, told: OwnPaymentAllocated, shares: Sequence[PaidShare], history: AccountHistory
) -> tuple[PaidPart, ...]:
    """As the books post them: all of an installment's principal, and what was paid before.

    Args:
        told: the payment.
        shares: what it pays, or what interest that is given back pays beside it.
        history: of the plan.
    """
    financed = {row.number: row.principal for row in told.installments}
    found = []
    for share in shares:
        paid = _paid(told, number=share.number, history=history)
        before = paid.principal_before
        if shares is told.shares:
            before += paid.share.principal - share.principal
        found.append(
            PaidPart(
                number=share.number,
                financed=financed[share.number],
                returned_before=before,
                principal=share.principal,
                interest=share.interest,
                late_fee=share.late_fee,
                is_whole=paid.is_whole,
            )
        )
    return tuple(found)


def _paid(told: OwnPaymentAllocated, *, number: int, history: AccountHistory) -> PaidInstallment:
    found = paid_installment(told=told, number=number, history=history)
    if found is None:
        raise ValueError(f"nothing is paid of installment {number}")
    return found


async def _tell_paid(
    desk: PlanDesk, told: OwnPaymentAllocated, *, number: int, paid_at: datetime
) -> None:
    """Record what is paid of an installment; what has been recorded is done."""
    history, attempt = desk.life.account, told.attempt_id
    paid = _paid(told, number=number, history=history)
    share, installment = paid.share, desk.life.installment(number=number)
    if not share.scheduled:
        if history.fees_left(number=number) >= share.late_fee:
            desk.life.account = history.with_paid(number=number, amount=share.late_fee)
            await record_in_force(
                desk,
                LateFeePaid(
                    number=number, attempt_id=attempt, amount=share.late_fee, paid_at=paid_at
                ),
            )
        return
    known = any(part.number == number and part.attempt_id == attempt for part in history.parts)
    if known or installment.state is InstallmentState.PAID:
        return
    if not paid.is_whole:
        part = InstallmentPaidInPart(
            number=number,
            attempt_id=attempt,
            amount=share.amount,
            paid_at=paid_at,
            late_fee=share.late_fee,
            interest=share.interest,
        )
        desk.life.account = history.with_part(part)
        await record_in_force(desk, part)
        return
    installment.state, installment.next_attempt_at = InstallmentState.PAID, None
    desk.life.account = history.with_paid(number=number, amount=share.late_fee)
    await record_in_force(
        desk,
        InstallmentPaid(
            number=number,
            attempt_id=attempt,
            amount=share.amount,
            paid_at=paid_at,
            late_fee=share.late_fee,
        ),
    )
    await take_back_early(desk, number=number, paid_at=paid_at)
