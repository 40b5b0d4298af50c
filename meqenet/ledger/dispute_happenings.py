"""What the books are told of a dispute: the merchant's money waits, and is the merchant's again."""

from dataclasses import dataclass
from typing import Literal

from meqenet.ledger.merchant_money import MerchantMoney
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class DisputeHeld:
    """A customer disputes the order, or a part: the merchant's money of it waits for the end.

    ``amount`` is the part's price less the merchant's fee on it.
    """

    plan_id: str
    merchant_id: str
    dispute_id: str
    amount: Money
    taken_from: MerchantMoney
    kind: Literal["dispute_held"] = "dispute_held"


@dataclass(frozen=True, kw_only=True)
class DisputeReleased:
    """The dispute is over: what has waited is the merchant's again, whoever it went for.

    It is protected again where the buyer's window is still open. Of an order that was paid out it
    is payable: what the merchant owed for the wait is netted by the same payout, or was before.
    """

    plan_id: str
    merchant_id: str
    dispute_id: str
    amount: Money
    is_protected: bool
    kind: Literal["dispute_released"] = "dispute_released"


DisputeHappening = DisputeHeld | DisputeReleased
