"""What of an order's price is authorised, captured, voided and refunded.

``refunded <= captured`` and ``captured + voided <= authorised``, at any time.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from meqenet.bnpl.account_history import AccountHistory
from meqenet.bnpl.refund_events import AuthorisationExpired
from meqenet.errors import Defect
from meqenet.money import Money, total


class CaptureMode(StrEnum):
    """Who says that an order is delivered."""

    AUTOMATIC = "automatic"
    """Nobody: all of it is captured as soon as the plan is active."""
    MANUAL = "manual"
    """The merchant captures, at once or in parts, until the authorisation expires."""


class OrderStatus(StrEnum):
    """Where an order's money is in its life."""

    PENDING = "pending"
    """The plan is not active yet: nothing is authorised."""
    AUTHORISED = "authorised"
    """All that is not voided may still be captured, and nothing has been."""
    PARTIALLY_CAPTURED = "partially_captured"
    """A part is captured, and more may be."""
    CAPTURED = "captured"
    """What was captured is all that there will be."""
    VOIDED = "voided"
    """Nothing was captured, and nothing will be: it was voided."""
    EXPIRED = "expired"
    """Nothing was captured, and the time to do so is over."""
    CANCELLED = "cancelled"
    """The plan never became active, and will not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderMoney:
    """The sums, each of the order's price.

    Attributes:
        authorised: what the merchant may, or might, capture.
        captured: what it has.
        voided: what it will not capture any more.
        refunded: what of the captured has gone back with goods.
        expires_at: when what is not captured is voided by itself; None where all of it is captured
            at once.
        is_expired: some of it was.

    Raises:
        Defect: ``order_money_impossible``: a sum is more than what it is a part of.
    """

    authorised: Money
    captured: Money
    voided: Money
    refunded: Money
    expires_at: datetime | None = None
    is_expired: bool = False

    def __post_init__(self) -> None:
        nothing = Money.zero()
        fits = nothing <= self.refunded <= self.captured and nothing <= self.voided
        if not fits or self.captured + self.voided > self.authorised:
            raise Defect(
                "order_money_impossible",
                "refunded <= captured and captured + voided <= authorised does not hold",
            )

    @property
    def left(self) -> Money:
        """What may still be captured, or voided."""
        return self.authorised - self.captured - self.voided

    @property
    def refundable(self) -> Money:
        """What of the captured has not gone back yet."""
        return self.captured - self.refunded

    @property
    def status(self) -> OrderStatus:
        """Where it is in its life, once the plan is active."""
        if self.left:
            return OrderStatus.PARTIALLY_CAPTURED if self.captured else OrderStatus.AUTHORISED
        if self.captured:
            return OrderStatus.CAPTURED
        return OrderStatus.EXPIRED if self.is_expired else OrderStatus.VOIDED


def order_money(
    *, price: Money, history: AccountHistory, expires_at: datetime | None
) -> OrderMoney:
    """The sums of an order whose plan is active.

    Args:
        price: the order's.
        history: what has happened to the plan.
        expires_at: when the authorisation does; None where all of it was captured at once.
    """
    voids = history.voids()
    captured = total(each.amount for each in history.captures)
    return OrderMoney(
        authorised=price,
        captured=price if expires_at is None else captured,
        voided=total(each.amount for each in voids),
        refunded=total(each.amount for each in history.goods_back()),
        expires_at=expires_at,
        is_expired=any(isinstance(each, AuthorisationExpired) for each in voids),
    )
