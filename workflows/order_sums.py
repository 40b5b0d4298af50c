"""What of a plan's order is captured, voided and refunded, as its workflow knows it."""

from meqenet.bnpl.order_money import OrderMoney, order_money
from meqenet.money import Money
from workflows.plan_desk import PlanDesk


def is_captured_by_merchant(desk: PlanDesk) -> bool:
    """Whether the merchant of an active plan says itself when it has delivered."""
    return desk.life.authorised_until is not None


def sums_of(desk: PlanDesk) -> OrderMoney:
    """The sums of an active plan."""
    return order_money(
        price=desk.application.amount,
        history=desk.life.account,
        expires_at=desk.life.authorised_until,
    )


def still_authorised(desk: PlanDesk) -> Money:
    """What may still be captured, or voided; nothing where all was captured at once."""
    return sums_of(desk).left


def refundable(desk: PlanDesk) -> Money:
    """What of the order's price is captured, and has not gone back yet."""
    return sums_of(desk).refundable
