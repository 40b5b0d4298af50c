"""Goods go back: the plan shrinks, the books follow, and what was paid beyond goes back.

The event is recorded first; the rest follows from it, and is done again after a loss.
"""

from collections.abc import Callable

from temporalio import workflow
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

from activities.contracts import ledger
from meqenet.bnpl.news import NOTICE_BY_EVENT
from meqenet.bnpl.refund_events import Gone, order_refunded
from meqenet.bnpl.servicing.order_refund import OrderRefund
from meqenet.ledger.earning import GonePart
from meqenet.money import total
from workflows.agenda import record_in_force
from workflows.asking import ask
from workflows.cash_back import CashBackWorkflow
from workflows.cash_back_messages import CashBack, cash_back_workflow_id
from workflows.delinquency import tell_lateness
from workflows.interest_payments import earning_terms, take_schedule
from workflows.late_fees import charge_late_fees
from workflows.merchant_side import gone_id, take_from_merchant
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
    number = len(desk.life.account.goods_back()) + 1
    no = await take_off_price(
        desk,
        refund,
        step="take goods back",
        tell=lambda: order_refunded(
            before=account(desk), refund=refund, number=number, reference=deed.reference
        ),
    )
    return None if no is None else refused(no)


async def take_off_price(
    desk: PlanDesk, refund: OrderRefund, *, step: str, tell: Callable[[], Gone]
) -> No | None:
    """Have the plan ask for less, as it was looked at, and do what follows from that.

    Args:
        desk: the plan's desk.
        refund: what becomes of the plan.
        step: what operators are shown while collections are stopped.
        tell: the event, of the account before it.
    """
    settled = [
        row.number
        for row in refund.account.installments
        if row.number in desk.active and not row.left.planned
    ]
    if no := await stop_waiting(desk, numbers=settled, step=step):
        return no
    told = tell()
    desk.life.account = desk.life.account.refunded(told)
    take_schedule(desk, installments=told.installments)
    await record_in_force(desk, told)
    await _tell_books(desk, told)
    await _return_money(desk, told)
    await desk.tell_merchant(NOTICE_BY_EVENT[told.kind])
    await tell_lateness(desk)
    return None


async def finish_refunds(desk: PlanDesk, *, newest: str) -> None:
    """Do again what follows from refunds, for a run that was lost; what is done changes nothing."""
    for told in desk.life.account.refunds:
        if newest == told.kind and told is desk.life.account.refunds[-1]:
            await _tell_books(desk, told)
            await desk.tell_merchant(NOTICE_BY_EVENT[told.kind])
        await _return_money(desk, told)


async def _tell_books(desk: PlanDesk, told: Gone) -> None:
    """The merchant's side first: it says where the money is that the merchant gives back."""
    refund_id = gone_id(desk, told)
    at = desk.recorded_at or desk.clock.now()
    side = await take_from_merchant(desk, told, at=at)
    paid = desk.life.paid_numbers()
    await ask(
        ledger.REFUND_ORDER,
        ledger.RefundOrder(
            plan_id=desk.plan_id,
            merchant_id=desk.application.merchant_id,
            posting_id=refund_id,
            lender=desk.life.signed.lender_of_record,
            amount=told.amount,
            taken_from=side.taken_from,
            fee_back=side.fee_back,
            parts=gone_parts(told),
            interest_back=total(part.amount for part in told.interest_back if part.number in paid),
            earnings=earning_terms(desk, without=paid) if bears_interest(desk) else (),
            at=at,
            also_payable=side.also_payable,
            also_paid_out=side.also_paid_out,
        ),
        summary=f"Post that {told.amount} birr are not owed",
    )
    if told.owed_less:
        await count_repayment(desk, attempt_id=refund_id, principal=told.owed_less, on_time=True)


def gone_parts(told: Gone, /) -> tuple[GonePart, ...]:
    """Principal that is gone, as the books are told of it."""
    return tuple(
        GonePart(number=each.number, financed=each.financed, returned=each.returned, gone=each.gone)
        for each in told.gone
    )


async def _return_money(desk: PlanDesk, told: Gone) -> None:
    """Have what was paid go back; its run outlives the plan."""
    if not told.cash_back:
        return
    refund_id = gone_id(desk, told)
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
