"""Late fees of an active plan: charged on their day, and taken back where the money had come."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from temporalio import workflow

from activities.contracts import ledger
from meqenet.bnpl.delinquency_events import LateFeeCharged
from meqenet.bnpl.servicing.account import Account, LateFee
from meqenet.bnpl.servicing.late_fees import late_fees_due
from meqenet.bnpl.servicing_policy import LateFeePolicy
from meqenet.bnpl.staff_events import LateFeeWaived
from meqenet.calendar import addis_date, at_addis
from meqenet.identity import installment_id, late_fee_id, waiver_id
from meqenet.ledger import happenings as h
from meqenet.money import Money, total
from workflows.agenda import record_beside
from workflows.asking import ask
from workflows.plan_account import account, policy_of
from workflows.plan_desk import PlanDesk
from workflows.support import is_under_way

_PATCH = "late-fees-1"
_BY_ITSELF = "meqenet"
_DAY = timedelta(days=1)
_CAME_BEFORE = "the money had moved before the day of the fee"


async def charge_late_fees(desk: PlanDesk) -> bool:
    """Charge what is due by now; returns whether there was anything.

    To be called before a payment is taken in, as a fee follows from what is overdue until then. An
    attempt that is under way is awaited first: if it brings the money, lateness has cost nothing.
    """
    today = addis_date(at=desk.clock.now())
    due = [fee for fee in _due(desk, until=today) if not is_under_way(desk, number=fee.number)]
    for fee in due:
        desk.life.account = desk.life.account.charged(fee)
        charged = LateFeeCharged(number=fee.number, period=fee.period, on=fee.on, amount=fee.amount)
        await record_beside(desk, charged)
        await post_late_fee(desk, fee)
    return bool(due)


def next_late_fee(desk: PlanDesk) -> datetime | None:
    """When the plan has to charge one next, if nothing is paid until then."""
    days = (fee.on for fee in _due(desk, until=None) if not is_under_way(desk, number=fee.number))
    on = min(days, default=None)
    return None if on is None else at_addis(on=on, hour=0)


async def waive(desk: PlanDesk, *, number: int, amount: Money, who: str, why: str) -> None:
    """Take a part of an installment's unpaid late fees back, for good."""
    desk.life.account = desk.life.account.without(number=number, amount=amount)
    await record_beside(desk, LateFeeWaived(number=number, amount=amount, by=who, why=why))
    await post_waiver(desk, number=number, amount=amount)


async def take_back_early(desk: PlanDesk, *, number: int, paid_at: datetime) -> None:
    """An installment is paid: its fees of days after the money moved are not owed."""
    if desk.life.account.charged_off is not None:
        # The books have them as lost: whoever asks for them no more writes the rest off.
        return
    paid_on = addis_date(at=paid_at)
    after = total(
        fee.amount
        for fee in desk.life.account.late_fees
        if fee.number == number and fee.on > paid_on
    )
    amount = min(after, desk.life.account.fees_left(number=number))
    if amount:
        await waive(desk, number=number, amount=amount, who=_BY_ITSELF, why=_CAME_BEFORE)


def ask_for_left_fees(desk: PlanDesk) -> None:
    """Late fees that were left when their installment was paid are asked for once, by day."""
    hour, now = desk.life.signed.collection_hour, desk.clock.now()
    today = at_addis(on=addis_date(at=now), hour=hour)
    desk.life.fees_asked_at = today if now <= today else today + _DAY


async def post_late_fee(desk: PlanDesk, fee: LateFee) -> None:
    """Have the newest late fee in the books; done again, it changes nothing."""
    parent = installment_id(plan_id=desk.plan_id, number=fee.number)
    await ask(
        ledger.POST,
        ledger.Post(
            posting_id=late_fee_id(installment_id=parent, period=fee.period),
            happening=h.LateFeeCharged(
                plan_id=desk.plan_id,
                lender=desk.life.signed.lender_of_record,
                number=fee.number,
                amount=fee.amount,
            ),
            effective_at=desk.recorded_at or desk.clock.now(),
        ),
        summary=f"Post a late fee of installment {fee.number}",
    )


async def post_waiver(desk: PlanDesk, *, number: int, amount: Money) -> None:
    """Have the newest waiver in the books; done again, it changes nothing."""
    parent = installment_id(plan_id=desk.plan_id, number=number)
    await ask(
        ledger.POST,
        ledger.Post(
            posting_id=waiver_id(installment_id=parent, sequence=desk.life.sequence),
            happening=h.LateFeeWaived(
                plan_id=desk.plan_id,
                lender=desk.life.signed.lender_of_record,
                number=number,
                amount=amount,
            ),
            effective_at=desk.recorded_at or desk.clock.now(),
        ),
        summary=f"Post a waiver for installment {number}",
    )


async def finish_fee(desk: PlanDesk, *, newest: str) -> None:
    """What follows the newest event of a plan's log, where it is one of a late fee."""
    known = desk.life.account
    if newest == LateFeeCharged.kind:
        await post_late_fee(desk, known.late_fees[-1])
    elif newest == LateFeeWaived.kind:
        last = known.waived[-1]
        await post_waiver(desk, number=last.number, amount=last.amount)


def _due(desk: PlanDesk, *, until: date | None) -> tuple[LateFee, ...]:
    policy = _policy(desk)
    if policy is None:
        return ()
    return late_fees_due(account=_without_waiting(desk), policy=policy, until=until)


def _without_waiting(desk: PlanDesk) -> Account:
    """The account as if what waits for the end of a dispute were paid: it is not late."""
    held = account(desk)
    if desk.life.account.dispute is None:
        return held
    waiting = [row for row in held.installments if desk.life.waits(number=row.number)]
    return held.with_installments(*(replace(row, paid=row.owed) for row in waiting))


def _policy(desk: PlanDesk) -> LateFeePolicy | None:
    """None: lateness costs nothing, or a run from before is replayed, which charged nothing."""
    if desk.life.activated_on is None:
        return None
    policy = policy_of(desk).late_fee
    return policy if policy is not None and workflow.patched(_PATCH) else None
