"""What of an order's price is authorised, captured, voided and refunded, as a plan shows it."""

from datetime import datetime
from typing import Final

from pydantic.types import JsonValue

from apps.checkout_api.amounts import Birr
from apps.checkout_api.told import Told
from db.bnpl.views import PlanView
from meqenet.bnpl.order_money import CaptureMode, OrderStatus
from meqenet.bnpl.states import PlanState
from meqenet.money import Money

_NEVER: Final = (PlanState.DECLINED, PlanState.EXPIRED, PlanState.CANCELLED)
ORDER_EXAMPLE: Final[dict[str, JsonValue]] = {
    "status": "captured",
    "capture": "automatic",
    "authorised": "4000.00",
    "captured": "4000.00",
    "voided": "0.00",
    "refunded": "0.00",
    "capturable": "0.00",
    "authorisation_expires_at": None,
}


class OrderBlock(Told):
    """The order's money. `refunded <= captured` and `captured + voided <= authorised`."""

    status: OrderStatus
    capture: CaptureMode
    """`automatic`: all of it is captured as soon as the plan is active."""
    authorised: Birr
    """The order's price, once the plan is active."""
    captured: Birr
    voided: Birr
    """What will not be captured, because you or we said so, or because the time was over."""
    refunded: Birr
    """What of the captured has gone back with goods."""
    capturable: Birr
    """What may still be captured, or voided."""
    authorisation_expires_at: datetime | None
    """When what is not captured is voided by itself; null where all was captured at once."""


def order_block(plan: PlanView, /) -> OrderBlock:
    """The order's money as it stands."""
    order, nothing = plan.order, Money.zero()
    if order is None:
        never = plan.state in _NEVER
        return OrderBlock(
            status=OrderStatus.CANCELLED if never else OrderStatus.PENDING,
            capture=plan.capture,
            authorised=nothing,
            captured=nothing,
            voided=nothing,
            refunded=nothing,
            capturable=nothing,
            authorisation_expires_at=None,
        )
    return OrderBlock(
        status=order.status,
        capture=plan.capture,
        authorised=order.authorised,
        captured=order.captured,
        voided=order.voided,
        refunded=order.refunded,
        capturable=order.left,
        authorisation_expires_at=order.expires_at,
    )
