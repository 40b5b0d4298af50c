"""What goes into the return of money because goods went back."""

from dataclasses import dataclass
from datetime import datetime

from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class CashBack:
    """All that goes back to the customer because of one refund of the order.

    Attributes:
        plan_id: the plan.
        cash_back_id: the refund of the order.
        amount: what goes back to the wallets that paid.
        at: when the goods went back, by the plan's clock.
    """

    plan_id: str
    cash_back_id: str
    amount: Money
    at: datetime


def cash_back_workflow_id(*, cash_back_id: str) -> str:
    """The return of money because of one refund of an order."""
    return f"cashback-{cash_back_id}"
