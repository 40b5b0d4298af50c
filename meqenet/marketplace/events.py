"""What can happen to merchants and their orders."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from meqenet.event_types import EventData, EventTypes, types_of
from meqenet.money import Money


class OrderOutcome(StrEnum):
    """How an order ended."""

    APPROVED = "approved"
    """The plan is active."""
    DECLINED = "declined"
    """There will be no plan."""
    EXPIRED = "expired"
    """The customer did not finish in time."""
    CANCELLED = "cancelled"
    """Cancelled before activation."""


@dataclass(frozen=True, kw_only=True)
class MerchantRegistered(EventData):
    """A merchant was taken on."""

    event_type = "merchant_registered"
    wants_notices: bool
    """Whether a webhook is on file, so that the merchant is told of news."""


@dataclass(frozen=True, kw_only=True)
class OrderPlaced(EventData):
    """A merchant's order is to be paid by a plan."""

    event_type = "order_placed"
    merchant_id: str
    """Whose order it is."""
    reference: str
    """The merchant's own number of the order."""
    amount: Money
    """The order's price."""


@dataclass(frozen=True, kw_only=True)
class OrderClosed(EventData):
    """It is known whether a plan pays the order."""

    event_type = "order_closed"
    merchant_id: str
    """Whose order it is."""
    outcome: OrderOutcome
    """How it ended."""


EVENT_TYPES: Final = EventTypes(
    domain="marketplace", types=types_of((MerchantRegistered, OrderPlaced, OrderClosed))
)
"""Every event of the domain."""
