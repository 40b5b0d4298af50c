"""What the books are told of a dispute: the merchant's money waits, and is the merchant's again."""

from dataclasses import dataclass
from typing import Final, Literal

from meqenet.ledger.merchant_money import MerchantMoney
from meqenet.money import Money

NOTHING: Final = Money(0)


@dataclass(frozen=True, kw_only=True)
class DisputeHeld:
    """A customer disputes the order, or a part: the merchant's money of it waits for the end.

    ``amount`` is the part's price less the merchant's fee on it; ``also_payable`` and
    ``also_paid_out`` are what of it is there instead, where several captures are disputed.
    """

    plan_id: str
    merchant_id: str
    dispute_id: str
    amount: Money
    taken_from: MerchantMoney
    also_payable: Money = NOTHING
    also_paid_out: Money = NOTHING
    kind: Literal["dispute_held"] = "dispute_held"


@dataclass(frozen=True, kw_only=True)
class DisputeReleased:
    """The dispute is over: what has waited is the merchant's again, whoever it went for.

    It is protected again where the buyer's window is still open. Of an order that was paid out it
    is payable: what the merchant owed for the wait is netted by the same payout, or was before.
    ``also_payable`` is payable of several captures, of which others are protected.
    """

    plan_id: str
    merchant_id: str
    dispute_id: str
    amount: Money
    is_protected: bool
    also_payable: Money = NOTHING
    kind: Literal["dispute_released"] = "dispute_released"


DisputeHappening = DisputeHeld | DisputeReleased
