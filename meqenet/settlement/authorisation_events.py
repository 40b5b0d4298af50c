"""What can happen to an order that its merchant captures itself."""

from dataclasses import dataclass

from meqenet.event_types import EventData
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class OrderAuthorised(EventData):
    """It is fixed what a merchant gets for an order, once it captures it. ``gross = fee + net``."""

    event_type = "order_authorised"
    merchant_id: str
    """The merchant."""
    option: str
    """The plan's payment option, by which the fee was found."""
    gross: Money
    """The order's price."""
    fee: Money
    """What the merchant would pay us, the tax on it included."""
    net: Money
    """What the merchant would get."""


@dataclass(frozen=True, kw_only=True)
class OrderPart(EventData):
    """What has become of a part of an authorised order. Base of the events below."""

    part_id: str
    """The capture, or the void."""
    merchant_id: str
    """The merchant."""
    gross: Money
    """What of the order's price it is."""
    fee: Money
    """Its share of what the merchant pays us."""
    net: Money
    """Its share of what the merchant gets."""


@dataclass(frozen=True, kw_only=True)
class OrderPartCaptured(OrderPart):
    """The merchant gets a part of an authorised order."""

    event_type = "order_part_captured"


@dataclass(frozen=True, kw_only=True)
class OrderPartVoided(OrderPart):
    """The merchant will not get a part of an authorised order, and pays no fee on it."""

    event_type = "order_part_voided"
