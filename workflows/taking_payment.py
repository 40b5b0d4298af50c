"""An installment's money is with us: posted, counted against the limit, recorded as paid."""

from typing import NamedTuple

from temporalio import workflow

from activities.contracts import ledger
from meqenet.bnpl.events import InstallmentPaid, PlannedInstallment
from meqenet.bnpl.states import InstallmentState
from meqenet.calendar import addis_date
from meqenet.ledger.happenings import InstallmentCollected, RecoveryReceived
from meqenet.money import Money
from workflows.agenda import record_in_force
from workflows.asking import ask
from workflows.late_fees import ask_for_left_fees, take_back_early
from workflows.news import CollectionResult
from workflows.overpayment import keep_overpaid
from workflows.plan_desk import PlanDesk
from workflows.plan_life import InstallmentLife
from workflows.repayment import accrue_until_now, count_repayment, earned_with


class _Parts(NamedTuple):
    """What an attempt's money pays; ``part_before``: principal that parts had paid already.

    ``interest``: all that is left of it, earned by now or not.
    """

    part_before: Money
    principal: Money
    interest: Money
    late_fee: Money
    overpaid: Money


async def take_payment(
    desk: PlanDesk, installment: InstallmentLife, result: CollectionResult
) -> None:
    """Take in what a collection has brought.

    It pays what it was asked for: of an attempt from before a late fee was charged that is the
    schedule's amount, and the fee stays owed.
    """
    planned, attempt = installment.planned, result.attempt_id or ""
    parts = _parts(desk, planned, amount=result.amount)
    installment.state = InstallmentState.PAID
    await _post(desk, planned, result, parts)
    paid_at = desk.paid_at(result)
    await count_repayment(
        desk,
        attempt_id=attempt,
        principal=parts.principal,
        on_time=addis_date(at=paid_at) <= planned.due_on,
    )
    desk.life.account = desk.life.account.with_paid(number=planned.number, amount=parts.late_fee)
    await record_in_force(
        desk,
        InstallmentPaid(
            number=planned.number,
            attempt_id=attempt,
            amount=parts.interest + parts.principal + parts.late_fee + parts.overpaid,
            paid_at=paid_at,
            late_fee=parts.late_fee,
        ),
    )
    await take_back_early(desk, number=planned.number, paid_at=paid_at)
    if desk.life.account.fees_left(number=planned.number):
        ask_for_left_fees(desk)


def _parts(desk: PlanDesk, planned: PlannedInstallment, *, amount: Money | None) -> _Parts:
    """Principal and interest are paid whole; then the fees; more than that is the customer's."""
    nothing, history = Money.zero(), desk.life.account
    interest_before = history.interest_paid_in_part(number=planned.number)
    before = history.paid_in_part(number=planned.number) - interest_before
    principal, interest = planned.principal - before, planned.interest - interest_before
    beyond = nothing if amount is None else max(nothing, amount - principal - interest)
    late_fee = min(beyond, history.fees_left(number=planned.number))
    return _Parts(
        part_before=before,
        principal=principal,
        interest=interest,
        late_fee=late_fee,
        overpaid=beyond - late_fee,
    )


async def _post(
    desk: PlanDesk, planned: PlannedInstallment, result: CollectionResult, parts: _Parts
) -> None:
    is_lost = desk.life.account.charged_off is not None
    happening = (
        _recovered(desk, result, parts)
        if is_lost
        else await _collected(desk, planned, result, parts)
    )
    await ask(
        ledger.POST,
        ledger.Post(
            posting_id=result.attempt_id or "",
            happening=happening,
            effective_at=desk.clock.now(),
        ),
        summary=f"Post installment {planned.number}",
    )
    await keep_overpaid(desk, attempt_id=result.attempt_id or "", amount=parts.overpaid)


async def _collected(
    desk: PlanDesk, planned: PlannedInstallment, result: CollectionResult, parts: _Parts
) -> InstallmentCollected:
    accrued = await _accrue(desk, planned)
    return InstallmentCollected(
        plan_id=desk.plan_id,
        attempt_id=result.attempt_id or "",
        provider=result.provider or desk.application.wallet_provider,
        lender=desk.life.signed.lender_of_record,
        principal=parts.principal,
        interest=parts.interest - accrued.interest,
        accrued_interest=accrued.interest,
        late_fee=parts.late_fee,
        overpaid=parts.overpaid,
        merchant_fee=earned_with(
            planned,
            accrued=accrued,
            returned_before=parts.part_before,
            returned=parts.principal,
        ),
    )


def _recovered(desk: PlanDesk, result: CollectionResult, parts: _Parts) -> RecoveryReceived:
    """After a charge-off its interest is what the books had earned, and its fee is gone."""
    return RecoveryReceived(
        plan_id=desk.plan_id,
        attempt_id=result.attempt_id or "",
        provider=result.provider or desk.application.wallet_provider,
        lender=desk.life.signed.lender_of_record,
        principal=parts.principal,
        interest=parts.interest,
        late_fee=parts.late_fee,
        overpaid=parts.overpaid,
    )


async def _accrue(desk: PlanDesk, planned: PlannedInstallment) -> ledger.InstallmentAccrued:
    """Have the days that are over in the books before what they have earned is paid."""
    if not workflow.patched("accrue-before-collection"):
        # A run that is replayed from before: interest was earned as it was paid.
        return ledger.InstallmentAccrued(interest=Money.zero(), merchant_fee=Money.zero())
    return await accrue_until_now(desk, number=planned.number)
