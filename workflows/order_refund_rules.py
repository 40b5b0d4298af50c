"""Whether goods may go back now, what that would do, and why not."""

from meqenet.bnpl.servicing.order_refund import OrderRefund, refund_order
from meqenet.calendar import addis_date
from meqenet.errors import Refusal
from meqenet.money import Money
from workflows.dispute_rules import disputed, is_own_reference
from workflows.order_refund_messages import RefundedRow, RefundOutlook, TakeGoodsBack
from workflows.order_sums import is_captured_by_merchant, refundable
from workflows.plan_account import account, policy_of
from workflows.plan_desk import PlanDesk
from workflows.support import No, first_under_way, no_force, payment_under_way


def repeated(desk: PlanDesk, request: TakeGoodsBack) -> bool:
    """Whether it is a refund that has been made: the same again changes nothing."""
    return any(
        each.reference == request.reference and request.amount in (None, each.amount)
        for each in desk.life.account.goods_back()
    )


def outlook(desk: PlanDesk, request: TakeGoodsBack, *, is_asked: bool = True) -> OrderRefund | No:
    """What the refund would do now; or why it is refused.

    Args:
        desk: the plan's desk.
        request: the refund.
        is_asked: whether one that is asked for already is in the way.
    """
    if no := _no_refund(desk, request, is_asked=is_asked):
        return no
    try:
        return refund_order(
            account=account(desk),
            policy=policy_of(desk),
            amount=_left(desk, request) if request.amount is None else request.amount,
            on=addis_date(at=desk.clock.now()),
            returns_interest=request.gives_interest_back,
        )
    except Refusal as refusal:
        return No(refusal.code, refusal.text, refusal.field)


def shown(desk: PlanDesk, request: TakeGoodsBack) -> RefundOutlook:
    """What a merchant is shown of it."""
    return shown_outlook(desk, outlook(desk, request), most=_left(desk, request))


def shown_outlook(desk: PlanDesk, found: OrderRefund | No, *, most: Money) -> RefundOutlook:
    """What a merchant is shown of a refund, or of a void.

    Args:
        desk: the plan's desk.
        found: what it would do, or why it is refused.
        most: how much of the order's price might go.
    """
    on = addis_date(at=desk.clock.now())
    if isinstance(found, No):
        return RefundOutlook(on=on, code=found.code, text=found.text, field=found.field)
    return RefundOutlook(
        on=on,
        amount=found.amount,
        owed_less=found.owed_less,
        interest_saved=found.interest_saved,
        cash_back=found.cash_back,
        refundable=most,
        after=tuple(
            RefundedRow(
                number=row.number,
                due_on=row.due_on,
                principal=row.owed.principal,
                interest=row.owed.interest,
                left=row.left.total,
            )
            for row in found.account.installments
        ),
    )


def _left(desk: PlanDesk, request: TakeGoodsBack) -> Money:
    """What may go back; what is in dispute goes back by its end, and by nothing else."""
    left = refundable(desk)
    return left if request.settles is not None else left - disputed(desk)


def _no_reference(desk: PlanDesk, request: TakeGoodsBack) -> No | None:
    if any(each.reference == request.reference for each in desk.life.account.goods_back()):
        text = "reference: a refund of another amount has been made under it"
        return No("refund_reference_reused", text, "reference")
    if request.settles is None and is_own_reference(desk, request.reference):
        text = "reference: it is a dispute's; accept the dispute instead"
        return No("refund_reference_reserved", text, "reference")
    return None


def _no_refund(desk: PlanDesk, request: TakeGoodsBack, *, is_asked: bool) -> No | None:
    if no := _no_reference(desk, request):
        return no
    if no := no_force(desk, or_completed=True) or payment_under_way(desk):
        return no
    if no := _no_goods(desk, request):
        return no
    if is_asked and any(isinstance(asked.deed, TakeGoodsBack) for asked in desk.deeds):
        return No("refund_under_way", "Another refund of the plan is being made.")
    return first_under_way(desk)


def _no_goods(desk: PlanDesk, request: TakeGoodsBack) -> No | None:
    """No more goes back than was captured, has not gone back and is not in dispute."""
    left, by_merchant = _left(desk, request), is_captured_by_merchant(desk)
    waiting = disputed(desk)
    if not left and refundable(desk):
        return No("order_in_dispute", "All that is left of the order is in dispute: accept that.")
    if not left and by_merchant and not desk.life.account.captures:
        return No("nothing_captured", "Nothing of the order is captured; void it instead.")
    if not left:
        return No("order_refunded", "All of the order has gone back.")
    if request.amount is not None and request.amount > left:
        of = "what was captured" if by_merchant else "the order"
        text = f"amount: at most {left} birr, which is what is left of {of}"
        if waiting:
            text += f"; {waiting} birr of it are in dispute"
        code = "refund_above_captured" if by_merchant else "refund_above_order"
        return No(code, text, "amount")
    return None
