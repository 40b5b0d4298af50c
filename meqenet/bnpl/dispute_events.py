"""An order, or a part of it, that its customer disputes, past tense; part of the plan's log.

The dispute has a log of its own; here stands what it does to the plan.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from meqenet.bnpl.schedule_in_force import InstallmentInForce
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class DisputedCapture:
    """What is disputed of a capture, where the merchant captures its order itself."""

    capture_id: str
    """The capture."""
    amount: Money
    """The disputed part of its price."""
    fee: Money
    """The merchant's fee on the part."""


@dataclass(frozen=True, kw_only=True)
class OrderDisputed:
    """The customer disputes a part of the order: its installments wait, and the merchant's money.

    A waiting installment is not collected, reminded of or late. The customer may pay it.
    """

    dispute_id: str
    """The dispute: the plan's id and a number."""
    opening_id: str
    """Derived from the request that opened it: the same request is the same dispute."""
    reason: str
    """What is disputed, in a word of the domain of disputes."""
    on: date
    """The Addis Ababa date."""
    amount: Money
    """The disputed part of the order's price."""
    held: Money
    """What of the merchant's money waits: the part, less the merchant's fee on it."""
    waiting: tuple[int, ...]
    """Installments that giving the part back would make smaller."""
    due_again_days: int
    """So many days after the end an installment is due whose date has passed meanwhile."""
    by: str
    """Who opened it, by an opaque id."""
    captures: tuple[DisputedCapture, ...] = ()
    """By capture, where the merchant captures its order itself."""
    kind: Literal["order_disputed"] = "order_disputed"

    @property
    def fee(self) -> Money:
        """The merchant's fee on the part."""
        return self.amount - self.held


@dataclass(frozen=True, kw_only=True)
class CollectionSetAside:
    """A collection waited for its next attempt, and makes none: its installment is in dispute."""

    number: int
    """The installment; it is scheduled again, and waits."""
    dispute_id: str
    """The dispute."""
    kind: Literal["collection_set_aside"] = "collection_set_aside"


@dataclass(frozen=True, kw_only=True)
class OrderDisputeEnded:
    """The dispute is over: nothing waits for it any more.

    Where it went for the customer, the disputed part has been refunded before (`order_refunded`).
    """

    dispute_id: str
    """The dispute."""
    outcome: str
    """How it ended, in a word of the domain of disputes."""
    on: date
    """The Addis Ababa date."""
    amount: Money
    """The disputed part of the order's price."""
    installments: tuple[InstallmentInForce, ...]
    """The schedule in force, where installments are due again later; empty where none is."""
    arrears_moved: Money
    """What had been moved to later dates, and is not paid yet."""
    paid: Money
    """What is paid, late fees aside."""
    kind: Literal["order_dispute_ended"] = "order_dispute_ended"


DisputeEvent = OrderDisputed | CollectionSetAside | OrderDisputeEnded
"""What a dispute does to its plan."""
