"""A schedule that is changed for a customer who cannot pay as agreed.

What was earned stays earned. From the change on a plan earns interest by its new dates, and the
merchant's fee with the same principal on other days.
"""

from dataclasses import replace

from temporalio.exceptions import ApplicationError

from activities.contracts import ledger
from meqenet.bnpl.events import PlannedInstallment
from meqenet.bnpl.hardship_events import FeeShare, PlanChanged, plan_changed
from meqenet.bnpl.servicing.account import InstallmentAccount
from meqenet.bnpl.servicing.hardship import HardshipPreview
from meqenet.bnpl.states import InstallmentState
from meqenet.calendar import addis_date
from meqenet.identity import change_id
from meqenet.ledger.accruals import fee_earned, shares_of
from meqenet.ledger.happenings import LateFeeCharged
from meqenet.money import Money
from workflows.agenda import record_in_force
from workflows.asking import ask
from workflows.delinquency import tell_lateness
from workflows.hardship_messages import GrantHardship
from workflows.hardship_rules import OTHER_AMOUNTS, change_of, no_hardship, outlook
from workflows.interest_payments import earning_terms
from workflows.late_fees import charge_late_fees
from workflows.plan_account import bears_interest
from workflows.plan_desk import PlanDesk
from workflows.plan_life import InstallmentLife
from workflows.repayment import accrue_until_now
from workflows.stopping import stop_waiting
from workflows.support import No, refused


async def grant_hardship(desk: PlanDesk, deed: GrantHardship) -> ApplicationError | None:
    """Put the change in force; returns why not, where it is not safe any more."""
    await tell_lateness(desk)
    await charge_late_fees(desk)
    if no := no_hardship(desk, deed, is_asked=False):
        return refused(no)
    preview = outlook(desk, deed.change, is_asked=False)
    if isinstance(preview, No):
        return refused(preview)
    numbers = _set_aside(desk, preview)
    if no := await stop_waiting(desk, numbers=numbers, step="change the schedule"):
        return refused(no)
    told = plan_changed(
        preview=preview,
        change=change_of(deed.change),
        on=addis_date(at=desk.clock.now()),
        by=deed.who,
        why=deed.why,
        fee_shares=await _fee_shares(desk, preview) if preview.kind in OTHER_AMOUNTS else (),
    )
    _take_on(desk, told)
    await record_in_force(desk, told)
    await _tell_books(desk, told)
    await tell_lateness(desk)
    return None


async def finish_change(desk: PlanDesk, *, newest: str) -> None:
    """Have the books earn by a change, where that is a log's newest event."""
    if newest == PlanChanged.kind:
        await _tell_books(desk, desk.life.account.changes[-1])


def _set_aside(desk: PlanDesk, preview: HardshipPreview) -> tuple[int, ...]:
    """Installments being collected that are due otherwise after the change."""
    return tuple(
        row.number
        for row in preview.after.installments
        if row.number in desk.active and not _stays(preview, row)
    )


def _stays(preview: HardshipPreview, row: InstallmentAccount) -> bool:
    before = preview.before.installment(number=row.number)
    return before is not None and (before.due_on, before.owed) == (row.due_on, row.owed)


async def _fee_shares(desk: PlanDesk, preview: HardshipPreview) -> tuple[FeeShare, ...]:
    """What was not earned of the merchant's fee is earned with the principal of the new rows."""
    rest, kept = Money.zero(), list[FeeShare]()
    for was in preview.before.installments:
        if not was.left.planned:
            continue
        books = await accrue_until_now(desk, number=was.number)
        earned = fee_earned(
            fee=books.merchant_fee,
            financed=was.owed.principal,
            returned_before=Money.zero(),
            returned=was.paid.principal,
        )
        rest += books.merchant_fee - earned
        kept.append(FeeShare(number=was.number, merchant_fee=earned))
    rows = [row for row in preview.after.installments if row.left.planned]
    parts = shares_of(fee=rest, principals=[row.owed.principal for row in rows])
    anew = {row.number: part for row, part in zip(rows, parts, strict=True)}
    settled = tuple(share for share in kept if share.number not in anew)
    return (*settled, *(FeeShare(number=n, merchant_fee=part) for n, part in anew.items()))


def _take_on(desk: PlanDesk, told: PlanChanged) -> None:
    life = desk.life
    life.account = life.account.changed(told)
    for row in told.installments:
        planned = PlannedInstallment(
            number=row.number, due_on=row.due_on, principal=row.principal, interest=row.interest
        )
        if row.number > len(life.installments):
            life.installments.append(InstallmentLife(planned=planned))
            continue
        installment = life.installment(number=row.number)
        is_moved = installment.planned.due_on != row.due_on
        installment.planned = planned
        if installment.state is InstallmentState.PAID:
            continue
        is_settled = planned.amount == life.account.paid_in_part(number=row.number)
        if is_moved or is_settled:
            installment.state = (
                InstallmentState.CANCELLED if is_settled else InstallmentState.SCHEDULED
            )
            installment.failed, installment.postponed = 0, None
            installment.next_attempt_at, installment.asked = None, None
            if life.reminders is not None:
                # Nobody is told any more of an attempt at what is not due.
                life.reminders.failures.pop(row.number, None)


async def _tell_books(desk: PlanDesk, told: PlanChanged) -> None:
    if told.fee:
        await _post_fee(desk, told)
    if bears_interest(desk):
        await _replan_earnings(desk, told)
    else:
        await _share_fee(desk, told)


async def _post_fee(desk: PlanDesk, told: PlanChanged) -> None:
    number = next(row.number for row in told.installments if row.late_fee)
    await ask(
        ledger.POST,
        ledger.Post(
            posting_id=f"{_change_id(desk)}-fee",
            happening=LateFeeCharged(
                plan_id=desk.plan_id,
                lender=desk.life.signed.lender_of_record,
                number=number,
                amount=told.fee,
            ),
            effective_at=desk.recorded_at or desk.clock.now(),
        ),
        summary="Post what the change costs",
    )


async def _replan_earnings(desk: PlanDesk, told: PlanChanged) -> None:
    shares = {each.number: each.merchant_fee for each in told.fee_shares}
    await ask(
        ledger.REPLAN_EARNINGS,
        ledger.ReplanEarnings(
            plan_id=desk.plan_id,
            change_id=_change_id(desk),
            installments=tuple(
                replace(terms, merchant_fee=shares.get(terms.number))
                for terms in earning_terms(desk, without=desk.life.paid_numbers())
            ),
            at=desk.recorded_at or desk.clock.now(),
        ),
        summary="Earn by the changed schedule",
    )


def _change_id(desk: PlanDesk) -> str:
    return change_id(plan_id=desk.plan_id, number=len(desk.life.account.changes))


async def _share_fee(desk: PlanDesk, told: PlanChanged) -> None:
    if not told.fee_shares:
        return
    await ask(
        ledger.SHARE_FEE,
        ledger.ShareFee(
            plan_id=desk.plan_id,
            shares=tuple((each.number, each.merchant_fee) for each in told.fee_shares),
        ),
        summary="Earn the merchant's fee with the changed installments",
    )
