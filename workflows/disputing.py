"""A customer disputes the order of a plan: installments wait, and the merchant's money.

The event is recorded first; the rest follows from it, and is done again after a loss.
"""

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    FailureError,
    WorkflowAlreadyStartedError,
)
from temporalio.workflow import ParentClosePolicy

from activities.contracts import ledger, merchant_books
from activities.contracts.disputes import OPEN_DISPUTE, DisputeStanding, OpenDispute
from meqenet.bnpl.dispute_events import DisputedCapture, OrderDisputed
from meqenet.bnpl.servicing.dispute_wait import waiting_installments
from meqenet.calendar import addis_date
from meqenet.disputes.dispute_ids import dispute_id as dispute_id_of
from meqenet.disputes.dispute_states import DisputeKind
from meqenet.errors import Refusal
from meqenet.ledger.accruals import fee_earned
from meqenet.ledger.dispute_happenings import DisputeHeld, DisputeReleased
from meqenet.ledger.merchant_money import MerchantMoney
from meqenet.money import Money, total
from meqenet.settlement.lines import LineKind
from workflows.agenda import record_in_force
from workflows.asking import ask, passed_on, report_of
from workflows.clock import ClockReading
from workflows.delinquency import tell_lateness
from workflows.dispute_lines import add_lines, disputed_captures
from workflows.dispute_messages import DisputeOrder, DisputeRun, dispute_workflow_id
from workflows.dispute_rules import no_dispute, opened_by
from workflows.late_fees import charge_late_fees
from workflows.messages import test_clock_workflow_id
from workflows.order_sums import refundable, sums_of
from workflows.plan_account import account, policy_of
from workflows.plan_desk import PlanDesk
from workflows.support import No, refused
from workflows.test_clock_messages import PlanJoined


async def open_dispute(desk: PlanDesk, deed: DisputeOrder) -> ApplicationError | None:
    """Have the plan wait for a dispute; returns why not, where it may not be disputed.

    Asked again, it does again what a run that was lost may have left undone.
    """
    known, still_open = opened_by(desk, deed), desk.life.account.dispute
    if known is not None:
        if still_open is not None and still_open.dispute_id == known:
            await hold_money(desk, still_open)
            await _begin_run(desk, still_open)
        return None
    await tell_lateness(desk)
    await charge_late_fees(desk)
    if no := no_dispute(desk, deed, is_asked=False):
        return refused(no)
    amount = refundable(desk) if deed.amount is None else deed.amount
    number = len(desk.life.account.disputes) + 1
    dispute_id = dispute_id_of(plan_id=desk.plan_id, number=number)
    try:
        standing = await _on_file(desk, deed, dispute_id=dispute_id, amount=amount)
        parts = await disputed_captures(desk, amount=standing.amount)
        told = _told(desk, deed, dispute_id=dispute_id, standing=standing, parts=parts)
    except ActivityError as error:
        return passed_on(report_of(error))
    except Refusal as refusal:
        return refused(No(refusal.code, refusal.text, refusal.field))
    desk.life.account = desk.life.account.disputed(told)
    await record_in_force(desk, told)
    await _hold(desk, told)
    await tell_lateness(desk)
    return None


async def finish_dispute(desk: PlanDesk, *, newest: str) -> None:
    """Do again what follows from a dispute, where that is a log's newest event."""
    dispute = desk.life.account.dispute
    if dispute is not None and newest == OrderDisputed.kind:
        await _hold(desk, dispute)


async def hold_money(desk: PlanDesk, told: OrderDisputed) -> None:
    """Have the merchant's money of the part wait; again, nothing changes."""
    if not told.held:
        return
    lines = await add_lines(desk, told, kind=LineKind.DISPUTE, line_id=f"{told.dispute_id}-held")
    await ask(
        merchant_books.HOLD_DISPUTED,
        merchant_books.HoldDisputed(
            posting_id=f"{told.dispute_id}-held",
            held=DisputeHeld(
                plan_id=desk.plan_id,
                merchant_id=desk.application.merchant_id,
                dispute_id=told.dispute_id,
                amount=told.held,
                taken_from=lines.first,
                also_payable=lines.also_payable,
                also_paid_out=lines.also_paid_out,
            ),
            effective_at=desk.recorded_at or desk.clock.now(),
        ),
        summary=f"Post that {told.held} birr wait",
    )


async def release_money(desk: PlanDesk, told: OrderDisputed) -> None:
    """What has waited of the merchant's money is the merchant's again."""
    if not told.held:
        return
    at = desk.clock.now()
    lines = await add_lines(desk, told, kind=LineKind.DISPUTE_RELEASED, line_id=released_id(told))
    await ask(
        ledger.POST,
        ledger.Post(
            posting_id=released_id(told),
            happening=DisputeReleased(
                plan_id=desk.plan_id,
                merchant_id=desk.application.merchant_id,
                dispute_id=told.dispute_id,
                amount=told.held,
                is_protected=lines.first is MerchantMoney.PROTECTED,
                also_payable=lines.also_payable,
            ),
            effective_at=at,
        ),
        summary=f"Post that {told.held} birr wait no more",
    )


def released_id(told: OrderDisputed) -> str:
    """The line, and the posting, by which the merchant's money is the merchant's again."""
    return f"{told.dispute_id}-released"


async def _on_file(
    desk: PlanDesk, deed: DisputeOrder, *, dispute_id: str, amount: Money
) -> DisputeStanding:
    sums, now = sums_of(desk), desk.clock.now()
    return await ask(
        OPEN_DISPUTE,
        OpenDispute(
            dispute_id=dispute_id,
            merchant_id=desk.application.merchant_id,
            kind=deed.kind,
            amount=amount,
            captured=sums.captured,
            refunded=sums.refunded,
            activated_on=desk.life.activated_on or addis_date(at=now),
            by=deed.by,
            at=now,
            test_clock_id=desk.application.test_clock_id,
        ),
        summary=f"Put it on file: {deed.kind}, {amount} birr",
    )


def _told(
    desk: PlanDesk,
    deed: DisputeOrder,
    *,
    dispute_id: str,
    standing: DisputeStanding,
    parts: tuple[DisputedCapture, ...],
) -> OrderDisputed:
    today = addis_date(at=desk.clock.now())
    waiting = waiting_installments(
        account=account(desk), policy=policy_of(desk), amount=standing.amount, on=today
    )
    return OrderDisputed(
        dispute_id=dispute_id,
        opening_id=deed.opening_id,
        reason=deed.kind,
        on=today,
        amount=standing.amount,
        held=standing.amount - _fee(desk, amount=standing.amount, parts=parts),
        waiting=waiting,
        due_again_days=standing.due_again_days,
        by=deed.by,
        captures=parts,
    )


def _fee(desk: PlanDesk, *, amount: Money, parts: tuple[DisputedCapture, ...]) -> Money:
    """The merchant's fee on the part: as if it were the last that goes back of the order.

    Refunds of the rest take their fees from the first on. So what waits and what goes back never
    come to more than the merchant's money, to the santim.
    """
    if parts:
        return total(part.fee for part in parts)
    payout = desk.life.payout
    if payout is None:
        return Money.zero()
    return fee_earned(
        fee=payout.scheduled.fee,
        financed=desk.application.amount,
        returned_before=desk.application.amount - amount,
        returned=amount,
    )


async def _hold(desk: PlanDesk, told: OrderDisputed) -> None:
    """The merchant's money first; then the dispute's own run, and the merchant is told."""
    await hold_money(desk, told)
    await _begin_run(desk, told)
    await desk.tell_merchant("plan.disputed")


async def _begin_run(desk: PlanDesk, told: OrderDisputed) -> None:
    """The dispute's life is its own: it outlives the plan, and tells it of its end."""
    run_id = dispute_workflow_id(dispute_id=told.dispute_id)
    clock_id, reading = desk.application.test_clock_id, desk.clock.reading
    try:
        _ = await workflow.start_child_workflow(
            "DisputeWorkflow",
            DisputeRun(
                dispute_id=told.dispute_id,
                plan_id=desk.plan_id,
                merchant_id=desk.application.merchant_id,
                kind=DisputeKind(told.reason),
                is_held=True,
                test_clock_id=clock_id,
                clock=None if reading is None else ClockReading(now=reading.now, turn=0),
            ),
            id=run_id,
            parent_close_policy=ParentClosePolicy.ABANDON,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            static_summary=f"Dispute, {told.reason}: {told.amount} birr of {desk.plan_id}",
        )
    except WorkflowAlreadyStartedError:
        await _signal(run_id, "held")
        return
    if clock_id is not None:
        # Whoever moves the clock next waits for the dispute as well.
        clock = workflow.get_external_workflow_handle(test_clock_workflow_id(clock_id=clock_id))
        try:
            await clock.signal("plan_joined", PlanJoined(plan_id=told.dispute_id))
        except FailureError:
            workflow.logger.warning("the test clock could not be told")


async def _signal(workflow_id: str, name: str) -> None:
    try:
        await workflow.get_external_workflow_handle(workflow_id).signal(name)
    except FailureError:
        workflow.logger.info("the dispute's run has ended meanwhile")
