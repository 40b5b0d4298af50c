"""What can happen to a plan, past tense. Each is stored once, in order, chained by hash.

Every event is versioned by its class; fields are only ever added, with a default. None carries
private data: customers are named by opaque ids.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class PlannedInstallment:
    """One row of the schedule that the customer signs. ``due_on`` is an Addis Ababa date."""

    number: int
    due_on: date
    principal: Money
    interest: Money

    @property
    def amount(self) -> Money:
        """What is collected."""
        return self.principal + self.interest


@dataclass(frozen=True, kw_only=True)
class PlanOpened:
    """A checkout applied for a plan."""

    merchant_id: str
    reference: str
    option: str
    product_version: int
    amount: Money
    wallet_provider: str
    test_clock_id: str | None
    kind: Literal["plan_opened"] = "plan_opened"


@dataclass(frozen=True, kw_only=True)
class IdentityRequested:
    """The customer was asked to log in at Fayda, for the ``attempt``-th time."""

    attempt: int
    expires_at: datetime
    kind: Literal["identity_requested"] = "identity_requested"


@dataclass(frozen=True, kw_only=True)
class IdentityConfirmed:
    """Fayda confirmed who the customer is."""

    customer_id: str
    kind: Literal["identity_confirmed"] = "identity_confirmed"


@dataclass(frozen=True, kw_only=True)
class PlanDeclined:
    """No plan, with stable reason codes and texts for the customer."""

    reasons: tuple[tuple[str, str], ...]
    kind: Literal["plan_declined"] = "plan_declined"


@dataclass(frozen=True, kw_only=True)
class PlanOffered:
    """The terms laid before the customer: what a Key Facts Statement shows."""

    installments: tuple[PlannedInstallment, ...]
    total_payable: Money
    cost_of_credit: Money
    nominal_rate_basis_points: int
    nominal_apr_percent: Decimal
    effective_apr_percent: Decimal
    tier: str
    lender_of_record: str
    expires_at: datetime
    kind: Literal["plan_offered"] = "plan_offered"


@dataclass(frozen=True, kw_only=True)
class OfferAccepted:
    """The customer signed; ``agreement_version`` names the text."""

    agreement_version: str
    kind: Literal["offer_accepted"] = "offer_accepted"


@dataclass(frozen=True, kw_only=True)
class PaymentRequested:
    """The customer has something to do until ``expires_at`` before the plan can be active."""

    expires_at: datetime
    kind: Literal["payment_requested"] = "payment_requested"


@dataclass(frozen=True, kw_only=True)
class PlanExpired:
    """The customer did not finish in time. ``stage`` is identity, offer, or payment."""

    stage: str
    kind: Literal["plan_expired"] = "plan_expired"


@dataclass(frozen=True, kw_only=True)
class PlanCancelled:
    """Cancelled before activation; what was collected, or still comes, goes back."""

    reason: str
    kind: Literal["plan_cancelled"] = "plan_cancelled"


@dataclass(frozen=True, kw_only=True)
class PaymentReturned:
    """A checkout payment of a plan that did not become active went back to the wallet.

    It follows PlanCancelled or PlanExpired and leaves the plan's state as it is.
    """

    refund_id: str
    amount: Money
    kind: Literal["payment_returned"] = "payment_returned"


@dataclass(frozen=True, kw_only=True)
class CheckoutPaymentFailed:
    """The payment at checkout did not work; the customer may try again until ``expires_at``."""

    attempt_id: str
    cause: str
    expires_at: datetime
    kind: Literal["checkout_payment_failed"] = "checkout_payment_failed"


@dataclass(frozen=True, kw_only=True)
class PlanActivated:
    """The agreement is in force; dates now count from ``activated_on``."""

    activated_on: date
    installments: tuple[PlannedInstallment, ...]
    payout_id: str
    merchant_fee: Money
    settlement_due_at: datetime
    kind: Literal["plan_activated"] = "plan_activated"


@dataclass(frozen=True, kw_only=True)
class CollectionStarted:
    """An installment is due and is being collected."""

    number: int
    kind: Literal["collection_started"] = "collection_started"


@dataclass(frozen=True, kw_only=True)
class CollectionAttemptFailed:
    """One attempt did not bring the money; the next, if any, is at ``next_attempt_at``."""

    number: int
    attempt_id: str
    cause: str
    next_attempt_at: datetime | None
    kind: Literal["collection_attempt_failed"] = "collection_attempt_failed"


@dataclass(frozen=True, kw_only=True)
class InstallmentPaid:
    """An installment's money is with us."""

    number: int
    attempt_id: str
    amount: Money
    paid_at: datetime
    kind: Literal["installment_paid"] = "installment_paid"


@dataclass(frozen=True, kw_only=True)
class InstallmentFailed:
    """All set attempts failed; the plan is past due until a person or the customer acts."""

    number: int
    cause: str
    kind: Literal["installment_failed"] = "installment_failed"


@dataclass(frozen=True, kw_only=True)
class MerchantPaid:
    """The merchant's bank has the money."""

    payout_id: str
    amount: Money
    kind: Literal["merchant_paid"] = "merchant_paid"


@dataclass(frozen=True, kw_only=True)
class MerchantPayoutRejected:
    """The bank refused the payout; the money stays payable."""

    payout_id: str
    reason_code: str
    kind: Literal["merchant_payout_rejected"] = "merchant_payout_rejected"


@dataclass(frozen=True, kw_only=True)
class PlanCompleted:
    """Everything owed was paid and the merchant has been settled."""

    collected: Money
    kind: Literal["plan_completed"] = "plan_completed"


PlanEvent = (
    PlanOpened
    | IdentityRequested
    | IdentityConfirmed
    | PlanDeclined
    | PlanOffered
    | OfferAccepted
    | PaymentRequested
    | PlanExpired
    | PlanCancelled
    | PaymentReturned
    | CheckoutPaymentFailed
    | PlanActivated
    | CollectionStarted
    | CollectionAttemptFailed
    | InstallmentPaid
    | InstallmentFailed
    | MerchantPaid
    | MerchantPayoutRejected
    | PlanCompleted
)
