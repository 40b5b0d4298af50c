"""What the books are told of. Each happening becomes one balanced transaction by its rule."""

from dataclasses import dataclass
from typing import Literal

from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class CheckoutPaymentReceived:
    """Money came in before the plan was active: it is the customer's until activation."""

    plan_id: str
    attempt_id: str
    provider: str
    amount: Money
    kind: Literal["checkout_payment_received"] = "checkout_payment_received"


@dataclass(frozen=True, kw_only=True)
class CheckoutPaymentReturned:
    """That money went back to the customer's wallet."""

    plan_id: str
    refund_id: str
    provider: str
    amount: Money
    kind: Literal["checkout_payment_returned"] = "checkout_payment_returned"


@dataclass(frozen=True, kw_only=True)
class PlanBecameActive:
    """The lender of record finances the order: the customer owes, the merchant is owed.

    ``paid_at_checkout`` (principal) pays the first part of the receivable. ``protected`` money is
    held for buyer protection until released.
    """

    plan_id: str
    merchant_id: str
    lender: str
    amount: Money
    merchant_fee: Money
    paid_at_checkout: Money
    protected: bool
    kind: Literal["plan_became_active"] = "plan_became_active"


@dataclass(frozen=True, kw_only=True)
class InstallmentCollected:
    """An installment came in: principal pays the receivable, interest is income."""

    plan_id: str
    attempt_id: str
    provider: str
    lender: str
    principal: Money
    interest: Money
    kind: Literal["installment_collected"] = "installment_collected"


@dataclass(frozen=True, kw_only=True)
class ProtectionEnded:
    """The protection window is over: held money becomes payable to the merchant."""

    plan_id: str
    merchant_id: str
    amount: Money
    kind: Literal["protection_ended"] = "protection_ended"


@dataclass(frozen=True, kw_only=True)
class MerchantPaidOut:
    """The bank settled a payout."""

    plan_id: str
    merchant_id: str
    payout_id: str
    amount: Money
    kind: Literal["merchant_paid_out"] = "merchant_paid_out"


Happening = (
    CheckoutPaymentReceived
    | CheckoutPaymentReturned
    | PlanBecameActive
    | InstallmentCollected
    | ProtectionEnded
    | MerchantPaidOut
)
