"""Whether a customer may dispute an order now, and what waits meanwhile."""

from meqenet.disputes.dispute_ids import is_dispute_id
from meqenet.money import Money
from workflows.dispute_messages import DisputeOrder
from workflows.order_refund_messages import TakeGoodsBack
from workflows.plan_desk import PlanDesk
from workflows.support import No, no_force


def opened_by(desk: PlanDesk, request: DisputeOrder) -> str | None:
    """The dispute that the same request has opened before."""
    return next(
        (
            each.dispute_id
            for each in desk.life.account.disputes
            if each.opening_id == request.opening_id
        ),
        None,
    )


def no_dispute(desk: PlanDesk, request: DisputeOrder, *, is_asked: bool = True) -> No | None:
    """Why the order is not disputed now. How much and until when, the store of disputes says.

    Args:
        desk: the plan's desk.
        request: the dispute.
        is_asked: whether something that is asked for already is in the way.
    """
    if no := no_force(desk, or_completed=True) or _no_order_to_dispute(desk):
        return no
    asked = [each.deed for each in desk.deeds] if is_asked else []
    if any(isinstance(d, DisputeOrder) and d.opening_id != request.opening_id for d in asked):
        return No("dispute_under_way", "Another dispute of the plan is being opened.")
    if any(isinstance(deed, TakeGoodsBack) for deed in asked):
        return No("refund_under_way", "A refund of the plan is being made.")
    return None


def _no_order_to_dispute(desk: PlanDesk) -> No | None:
    if desk.life.account.charged_off is not None:
        text = "The plan was charged off: what its goods bring is settled with finance."
        return No("plan_charged_off", text)
    if no := no_dispute_open(desk):
        return No("dispute_under_way", no.text)
    payout = desk.life.payout
    if payout is None or not payout.by_day:
        text = "The plan is from before merchants were paid by the day; make a complaint."
        return No("dispute_unsupported", text)
    return None


def no_dispute_open(desk: PlanDesk) -> No | None:
    """What else would change the plan waits while a part of it is in dispute."""
    dispute = desk.life.account.dispute
    if dispute is None:
        return None
    text = (
        f"{dispute.amount} birr of the order are in dispute ({dispute.dispute_id}): end it first."
    )
    return No("order_in_dispute", text)


def disputed(desk: PlanDesk) -> Money:
    """What of the order is in dispute."""
    dispute = desk.life.account.dispute
    return Money.zero() if dispute is None else dispute.amount


def is_own_reference(desk: PlanDesk, reference: str) -> bool:
    """Whether it is the id of a dispute of the plan: a refund under it is made by its end alone."""
    return is_dispute_id(text=reference) and reference.startswith(f"{desk.plan_id}-")
