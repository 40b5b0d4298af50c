"""What the books are told of. Each happening becomes one balanced transaction by its rule.

Amounts that are told of apart are never in one another. What is left at nothing did not happen.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from meqenet.ledger.day_counts import DayCount
from meqenet.ledger.dispute_happenings import DisputeHappening
from meqenet.ledger.financed import FinancedInstallment
from meqenet.ledger.merchant_money import MerchantMoney
from meqenet.ledger.order_happenings import OrderAuthorised, OrderCaptured
from meqenet.ledger.recounting import InterestRecounted
from meqenet.money import Money

NOTHING: Final = Money(0)
"""Of an amount that a happening may go without."""


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
    held for buyer protection until released. The merchant's fee is earned with the principal of
    ``installments``, in their order; at once where none are told. Their interest is earned by
    ``day_count``, on the days of the plan's own clock where that is a test clock.
    """

    plan_id: str
    merchant_id: str
    lender: str
    amount: Money
    merchant_fee: Money
    paid_at_checkout: Money
    protected: bool
    installments: tuple[FinancedInstallment, ...] = ()
    day_count: DayCount = DayCount.ACTUAL_365
    on_test_clock: bool = False
    kind: Literal["plan_became_active"] = "plan_became_active"


@dataclass(frozen=True, kw_only=True)
class InterestAccrued:
    """A day of an installment's period is over: its interest is earned. ``day`` in Addis Ababa."""

    plan_id: str
    lender: str
    number: int
    day: date
    amount: Money
    kind: Literal["interest_accrued"] = "interest_accrued"


@dataclass(frozen=True, kw_only=True)
class LateFeeCharged:
    """An installment was late, and the agreement has a fee for that."""

    plan_id: str
    lender: str
    number: int
    amount: Money
    kind: Literal["late_fee_charged"] = "late_fee_charged"


@dataclass(frozen=True, kw_only=True)
class LateFeeWaived:
    """A late fee that was charged and not paid is not owed any more."""

    plan_id: str
    lender: str
    number: int
    amount: Money
    kind: Literal["late_fee_waived"] = "late_fee_waived"


@dataclass(frozen=True, kw_only=True)
class InstallmentCollected:
    """An installment came in.

    ``accrued_interest`` had been earned before, ``interest`` is earned as it is paid.
    ``overpaid`` is more than was owed: it stays the customer's. ``merchant_fee`` is the part of
    the merchant's fee that is earned with this principal.
    """

    plan_id: str
    attempt_id: str
    provider: str
    lender: str
    principal: Money
    interest: Money
    accrued_interest: Money = NOTHING
    late_fee: Money = NOTHING
    overpaid: Money = NOTHING
    merchant_fee: Money = NOTHING
    kind: Literal["installment_collected"] = "installment_collected"


@dataclass(frozen=True, kw_only=True)
class CustomerCreditReceived:
    """An attempt brought money that its installment does not need: it is the customer's."""

    plan_id: str
    attempt_id: str
    provider: str
    amount: Money
    kind: Literal["customer_credit_received"] = "customer_credit_received"


@dataclass(frozen=True, kw_only=True)
class CustomerCreditApplied:
    """The customer's credit pays what the plan owes; the parts as of an installment collected."""

    plan_id: str
    lender: str
    principal: Money
    interest: Money = NOTHING
    accrued_interest: Money = NOTHING
    late_fee: Money = NOTHING
    merchant_fee: Money = NOTHING
    kind: Literal["customer_credit_applied"] = "customer_credit_applied"


@dataclass(frozen=True, kw_only=True)
class CustomerCreditReturned:
    """The customer's credit went back to the wallet."""

    plan_id: str
    refund_id: str
    provider: str
    amount: Money
    kind: Literal["customer_credit_returned"] = "customer_credit_returned"


@dataclass(frozen=True, kw_only=True)
class OrderRefunded:
    """The merchant takes goods back, worth ``amount``: the customer owes less, or gets it back.

    ``owed_less`` principal need not be paid any more; the rest of ``amount`` has been paid and is
    the customer's credit. ``fee_not_earned`` and ``fee_earned`` are what the merchant gets back
    of its fee, and pays the less. ``merchant_fee`` is earned with the principal that is gone.
    Of several captures ``also_payable`` and ``also_paid_out`` are not taken from ``taken_from``.
    """

    plan_id: str
    merchant_id: str
    refund_id: str
    lender: str
    amount: Money
    owed_less: Money
    taken_from: MerchantMoney
    fee_not_earned: Money = NOTHING
    fee_earned: Money = NOTHING
    merchant_fee: Money = NOTHING
    also_payable: Money = NOTHING
    also_paid_out: Money = NOTHING
    kind: Literal["order_refunded"] = "order_refunded"


@dataclass(frozen=True, kw_only=True)
class InterestRefunded:
    """Interest on goods that went back is given back.

    ``unpaid`` had been earned and is not owed any more; ``paid`` is the customer's credit.
    """

    plan_id: str
    refund_id: str
    lender: str
    unpaid: Money
    paid: Money
    kind: Literal["interest_refunded"] = "interest_refunded"


@dataclass(frozen=True, kw_only=True)
class ProtectionBegan:
    """The buyer complains in time: money payable to the merchant is held again."""

    plan_id: str
    merchant_id: str
    amount: Money
    kind: Literal["protection_began"] = "protection_began"


@dataclass(frozen=True, kw_only=True)
class ProtectionEnded:
    """The protection window is over: held money becomes payable to the merchant."""

    plan_id: str
    merchant_id: str
    amount: Money
    kind: Literal["protection_ended"] = "protection_ended"


@dataclass(frozen=True, kw_only=True)
class MerchantPaidOut:
    """The bank settled a payout of ``amount``; ``netted`` was kept, which the merchant owed us."""

    plan_id: str
    merchant_id: str
    payout_id: str
    amount: Money
    netted: Money = NOTHING
    kind: Literal["merchant_paid_out"] = "merchant_paid_out"


@dataclass(frozen=True, kw_only=True)
class MerchantSharePaid:
    """A plan's share (``payout_id``) of a merchant's payout (``carried_by``) that was settled.

    ``taken_back`` is of a plan that takes from the payout more than it brings.
    """

    plan_id: str
    merchant_id: str
    payout_id: str
    carried_by: str
    amount: Money
    taken_back: Money = NOTHING
    kind: Literal["merchant_share_paid"] = "merchant_share_paid"


@dataclass(frozen=True, kw_only=True)
class MerchantPayoutSettled:
    """The merchant got ``amount`` for the shares of its plans; ``provider`` None: from the bank.

    Kept were ``owed_back`` (it owed that) and ``reserve_held``; ``taken_back`` is of the shares.
    """

    payout_id: str
    merchant_id: str
    amount: Money
    shares: Money
    taken_back: Money = NOTHING
    owed_back: Money = NOTHING
    reserve_held: Money = NOTHING
    reserve_released: Money = NOTHING
    provider: str | None = None
    kind: Literal["merchant_payout_settled"] = "merchant_payout_settled"

    @property
    def plan_id(self) -> str:
        """Whose it is in the books: the merchant's day's, as it is of no plan alone."""
        return self.payout_id.rpartition("-")[0]


@dataclass(frozen=True, kw_only=True)
class ProviderCharged:
    """A provider keeps a charge out of what it has collected of a plan."""

    plan_id: str
    charge_id: str
    provider: str
    amount: Money
    kind: Literal["provider_charged"] = "provider_charged"


@dataclass(frozen=True, kw_only=True)
class ProviderSettled:
    """A provider paid ``amount`` to our bank account, and kept ``charge`` for that."""

    settlement_id: str
    provider: str
    amount: Money
    charge: Money = NOTHING
    kind: Literal["provider_settled"] = "provider_settled"

    @property
    def plan_id(self) -> str:
        """Whose it is in the books: it concerns no plan alone, so it stands for itself."""
        return self.settlement_id


@dataclass(frozen=True, kw_only=True)
class PlanChargedOff:
    """The plan is not expected to be paid: a loss. The customer owes as before.

    ``merchant_fee`` is what of the merchant's fee will not be earned any more: it makes the loss
    smaller.
    """

    plan_id: str
    lender: str
    principal: Money
    interest: Money = NOTHING
    late_fee: Money = NOTHING
    merchant_fee: Money = NOTHING
    kind: Literal["plan_charged_off"] = "plan_charged_off"


@dataclass(frozen=True, kw_only=True)
class RecoveryReceived:
    """The customer pays after all, of a plan that had been charged off; ``overpaid``: more yet."""

    plan_id: str
    attempt_id: str
    provider: str
    lender: str
    principal: Money
    interest: Money = NOTHING
    late_fee: Money = NOTHING
    overpaid: Money = NOTHING
    kind: Literal["recovery_received"] = "recovery_received"


@dataclass(frozen=True, kw_only=True)
class PlanWrittenOff:
    """What was charged off and has not come is asked for no more: the customer owes nothing."""

    plan_id: str
    principal: Money
    interest: Money = NOTHING
    late_fee: Money = NOTHING
    kind: Literal["plan_written_off"] = "plan_written_off"


CustomerHappening = (
    CheckoutPaymentReceived
    | CheckoutPaymentReturned
    | PlanBecameActive
    | OrderAuthorised
    | InterestAccrued
    | LateFeeCharged
    | LateFeeWaived
    | InstallmentCollected
    | CustomerCreditReceived
    | CustomerCreditApplied
    | CustomerCreditReturned
    | InterestRefunded
    | InterestRecounted
)
MerchantHappening = (
    OrderCaptured
    | OrderRefunded
    | ProtectionBegan
    | ProtectionEnded
    | MerchantPaidOut
    | MerchantSharePaid
    | MerchantPayoutSettled
)
ProviderHappening = ProviderCharged | ProviderSettled
LossHappening = PlanChargedOff | RecoveryReceived | PlanWrittenOff
Happening = (
    CustomerHappening | MerchantHappening | DisputeHappening | ProviderHappening | LossHappening
)
"""What a rule makes entries of, from the happening alone."""


@dataclass(frozen=True, kw_only=True)
class PostingReversed:
    """A posting was wrong: its entries are taken back, each on its other side.

    ``reversed_by`` is how the operator signs, and no private data; ``reason`` a sentence.
    """

    plan_id: str
    reverses: str
    reason: str
    reversed_by: str
    kind: Literal["posting_reversed"] = "posting_reversed"
