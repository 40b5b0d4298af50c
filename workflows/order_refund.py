"""Goods go back: the plan shrinks, the books follow, and what was paid beyond goes back.

The event is recorded first; the rest follows from it, and is done again after a loss.
"""

from temporalio import workflow
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

from activities.contracts import ledger, merchant_settlement
from meqenet.bnpl.refund_events import OrderRefunded, order_refunded
from meqenet.identity import order_refund_id
from meqenet.ledger.accruals import fee_earned
from meqenet.ledger.earning import GonePart
from meqenet.ledger.merchant_money import MerchantMoney
from meqenet.money import Money, total
from meqenet.settlement.lines import LineKind, LineMoney
from workflows.agenda import record_in_force
from workflows.asking import ask
from workflows.cash_back import CashBackWorkflow
from workflows.cash_back_messages import CashBack, cash_back_workflow_id
from workflows.delinquency import tell_lateness
from workflows.interest_payments import earning_terms, take_schedule
from workflows.late_fees import charge_late_fees
from workflows.order_refund_messages import TakeGoodsBack
from workflows.order_refund_rules import outlook, repeated
from workflows.plan_account import account, bears_interest
from workflows.plan_desk import PlanDesk
from workflows.repayment import count_repayment
from workflows.stopping import stop_waiting
from workflows.support import No, refused


async def take_goods_back(desk: PlanDesk, deed: TakeGoodsBack) -> ApplicationError | None:
    """Refund the order, or a part; returns why not, where it is not safe any more."""
    if repeated(desk, deed):
        return None
    await tell_lateness(desk)
    await charge_late_fees(desk)
    refund = outlook(desk, deed, is_asked=False)
    if isinstance(refund, No):
        return refused(refund)
    settled = [
        row.number
        for row in refund.account.installments
        if row.number in desk.active and not row.left.planned
    ]
    if no := await stop_waiting(desk, numbers=settled, step="take goods back"):
        return refused(no)
    told = order_refunded(
        before=account(desk),
        refund=refund,
        number=len(desk.life.account.refunds) + 1,
        reference=deed.reference,
    )
    desk.life.account = desk.life.account.refunded(told)
    take_schedule(desk, installments=told.installments)
    await record_in_force(desk, told)
    await _tell_books(desk, told)
    await _return_money(desk, told)
    await desk.tell_merchant("plan.refunded")
    await tell_lateness(desk)
    return None


async def finish_refunds(desk: PlanDesk, *, newest: str) -> None:
    """Do again what follows from refunds, for a run that was lost; what is done changes nothing."""
    for told in desk.life.account.refunds:
        if newest == OrderRefunded.kind and told is desk.life.account.refunds[-1]:
            await _tell_books(desk, told)
            await desk.tell_merchant("plan.refunded")
        await _return_money(desk, told)


async def _tell_books(desk: PlanDesk, told: OrderRefunded) -> None:
    """The merchant's side first: it says where the money is that the merchant gives back."""
    refund_id = order_refund_id(plan_id=desk.plan_id, number=told.number)
    at = desk.recorded_at or desk.clock.now()
    fee_back = _fee_back(desk, told)
    line = await ask(
        merchant_settlement.ADD_LINE,
        merchant_settlement.AddLine(
            line_id=refund_id,
            merchant_id=desk.application.merchant_id,
            plan_id=desk.plan_id,
            kind=LineKind.REFUND,
            gross=-told.amount,
            fee=-fee_back,
            tax=Money.zero(),
            available_at=at,
            at=at,
            follows=_released(desk, told),
        ),
        summary=f"Take {told.amount - fee_back} birr off what the merchant gets",
    )
    paid = desk.life.paid_numbers()
    await ask(
        ledger.REFUND_ORDER,
        ledger.RefundOrder(
            plan_id=desk.plan_id,
            merchant_id=desk.application.merchant_id,
            posting_id=refund_id,
            lender=desk.life.signed.lender_of_record,
            amount=told.amount,
            taken_from=_taken_from(line),
            fee_back=fee_back,
            parts=tuple(
                GonePart(
                    number=each.number,
                    financed=each.financed,
                    returned=each.returned,
                    gone=each.gone,
                )
                for each in told.gone
            ),
            interest_back=total(part.amount for part in told.interest_back if part.number in paid),
            earnings=earning_terms(desk, without=paid) if bears_interest(desk) else (),
            at=at,
        ),
        summary=f"Post a refund of {told.amount} birr",
    )
    if told.owed_less:
        await count_repayment(desk, attempt_id=refund_id, principal=told.owed_less, on_time=True)


def _released(desk: PlanDesk, told: OrderRefunded) -> str | None:
    """Of a refund by the end of a dispute: the line by which the money has come back before."""
    ids = (each.dispute_id for each in desk.life.account.disputes)
    return f"{told.reference}-released" if told.reference in ids else None


def _taken_from(line: merchant_settlement.LineAdded) -> MerchantMoney:
    if line.money is LineMoney.RECEIVABLE:
        return MerchantMoney.PAID_OUT
    return MerchantMoney.PROTECTED if line.is_protected else MerchantMoney.PAYABLE


async def _return_money(desk: PlanDesk, told: OrderRefunded) -> None:
    """Have what was paid go back; its run outlives the plan."""
    if not told.cash_back:
        return
    refund_id = order_refund_id(plan_id=desk.plan_id, number=told.number)
    try:
        _ = await workflow.start_child_workflow(
            CashBackWorkflow.run,
            CashBack(
                plan_id=desk.plan_id,
                cash_back_id=refund_id,
                amount=told.cash_back,
                at=desk.recorded_at or desk.clock.now(),
            ),
            id=cash_back_workflow_id(cash_back_id=refund_id),
            parent_close_policy=ParentClosePolicy.ABANDON,
            static_summary=f"Return {told.cash_back} birr to the customer",
        )
    except WorkflowAlreadyStartedError:
        workflow.logger.info("the money of the refund is on its way already")


def _fee_back(desk: PlanDesk, told: OrderRefunded) -> Money:
    """Of the merchant's fee as much as of the order: what all refunds come to, less the others."""
    payout = desk.life.payout
    if payout is None:
        return Money.zero()
    before = total(each.amount for each in desk.life.account.refunds if each.number < told.number)
    return fee_earned(
        fee=payout.scheduled.fee,
        financed=desk.application.amount,
        returned_before=before,
        returned=told.amount,
    )
