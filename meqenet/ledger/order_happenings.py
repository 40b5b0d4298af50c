"""What the books are told of an order whose merchant says itself when it has delivered."""

from dataclasses import dataclass
from typing import Literal

from meqenet.ledger.day_counts import DayCount
from meqenet.ledger.financed import FinancedInstallment
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class OrderAuthorised:
    """The lender of record finances an order: the customer owes, and the merchant may capture.

    As of a plan that became active; but what the merchant gets is kept apart, and is not payable
    before it is captured.
    """

    plan_id: str
    merchant_id: str
    lender: str
    amount: Money
    merchant_fee: Money
    paid_at_checkout: Money
    installments: tuple[FinancedInstallment, ...]
    day_count: DayCount
    on_test_clock: bool
    kind: Literal["order_authorised"] = "order_authorised"


@dataclass(frozen=True, kw_only=True)
class OrderCaptured:
    """The merchant has delivered a part: ``amount``, after its fee, is owed to the merchant.

    ``protected`` money is held for buyer protection until released.
    """

    plan_id: str
    merchant_id: str
    capture_id: str
    amount: Money
    protected: bool
    kind: Literal["order_captured"] = "order_captured"
