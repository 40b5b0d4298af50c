"""What can happen to a plan, past tense. Each is stored once, in order, chained by hash.

Each is kept with the plan's state after it. Within a version fields are only ever added, with a
default; another change is a new version, with a way to read the old one in ``EVENT_TYPES``. No
event carries private data: customers are named by opaque ids.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal, get_args

from meqenet.bnpl.delinquency_events import DelinquencyChange, LateFeeCharged
from meqenet.bnpl.dispute_events import DisputeEvent
from meqenet.bnpl.hardship_events import PlanChanged
from meqenet.bnpl.loss_events import LossEvent
from meqenet.bnpl.payment_events import PaymentEvent
from meqenet.bnpl.refund_events import RefundEvent
from meqenet.bnpl.replay_events import ReplayEvent
from meqenet.bnpl.staff_events import StaffEvent
from meqenet.bnpl.states import PlanState
from meqenet.event_types import EventType, EventTypes
from meqenet.money import Money

NOTHING: Final = Money.zero()
"""Of an amount that an event may go without."""


@dataclass(frozen=True, kw_only=True)
class PlannedInstallment:
    """One row of the schedule that the customer signs. ``due_on`` is an Addis Ababa date."""

    number: int
    """Its place in the schedule, from 1."""
    due_on: date
    """Addis Ababa date on which it is collected."""
    principal: Money
    """The part that pays the order."""
    interest: Money
    """The part that pays for the credit."""

    @property
    def amount(self) -> Money:
        """What is collected."""
        return self.principal + self.interest


@dataclass(frozen=True, kw_only=True)
class PlanOpened:
    """A checkout applied for a plan."""

    merchant_id: str
    """Who sells."""
    reference: str
    """The merchant's own number of the order."""
    option: str
    """The payment option that the customer chose."""
    product_version: int
    """The version of the option's terms that the plan lives under."""
    amount: Money
    """The order's price."""
    wallet_provider: str
    """Whose wallet pays."""
    test_clock_id: str | None
    """The clock of a sandbox plan; null where real time counts."""
    capture: str = "automatic"
    """Who says that the order is delivered: ``manual`` where the merchant captures it."""
    kind: Literal["plan_opened"] = "plan_opened"


@dataclass(frozen=True, kw_only=True)
class IdentityRequested:
    """The customer was asked to log in at Fayda, for the ``attempt``-th time."""

    attempt: int
    """Which login of the plan it is, from 1."""
    expires_at: datetime
    """Until when the customer may log in."""
    kind: Literal["identity_requested"] = "identity_requested"


@dataclass(frozen=True, kw_only=True)
class IdentityConfirmed:
    """Fayda confirmed who the customer is."""

    customer_id: str
    """Our own id of the person, the same in all of their plans."""
    kind: Literal["identity_confirmed"] = "identity_confirmed"


@dataclass(frozen=True, kw_only=True)
class PlanDeclined:
    """No plan, with stable reason codes and texts for the customer."""

    reasons: tuple[tuple[str, str], ...]
    """Pairs of a stable code and a text for the customer."""
    kind: Literal["plan_declined"] = "plan_declined"


@dataclass(frozen=True, kw_only=True)
class PlanOffered:
    """The terms laid before the customer: what a Key Facts Statement shows."""

    installments: tuple[PlannedInstallment, ...]
    """What is due when."""
    total_payable: Money
    """Everything that the customer would pay."""
    cost_of_credit: Money
    """What of it pays for the credit."""
    nominal_rate_basis_points: int
    """The rate that interest is counted by, in 1/100 of a percent a year."""
    nominal_apr_percent: Decimal
    """The annual percentage rate, nominal."""
    effective_apr_percent: Decimal
    """The annual percentage rate, effective."""
    tier: str
    """The tier that prices the plan."""
    lender_of_record: str
    """Who lends."""
    expires_at: datetime
    """Until when the offer may be accepted."""
    kind: Literal["plan_offered"] = "plan_offered"


@dataclass(frozen=True, kw_only=True)
class OfferAccepted:
    """The customer signed; ``agreement_version`` names the text."""

    agreement_version: str
    """The text that was signed."""
    kind: Literal["offer_accepted"] = "offer_accepted"


@dataclass(frozen=True, kw_only=True)
class PaymentRequested:
    """The customer has something to do until ``expires_at``: pay, or sign the mandate.

    Before the plan is active it waits for that; of an active plan an installment is to be paid
    that cannot be pulled.
    """

    expires_at: datetime
    """Until when the customer may pay, or sign the mandate."""
    number: int | None = None
    """The installment of an active plan; null before activation."""
    kind: Literal["payment_requested"] = "payment_requested"


@dataclass(frozen=True, kw_only=True)
class PlanExpired:
    """The customer did not finish in time. ``stage`` is identity, offer, or payment."""

    stage: str
    """What was not done in time: identity, offer, or payment."""
    kind: Literal["plan_expired"] = "plan_expired"


@dataclass(frozen=True, kw_only=True)
class PlanCancelled:
    """Cancelled before activation; what was collected, or still comes, goes back."""

    reason: str
    """Why."""
    kind: Literal["plan_cancelled"] = "plan_cancelled"


@dataclass(frozen=True, kw_only=True)
class PaymentReturned:
    """A checkout payment of a plan that did not become active went back to the wallet.

    It follows PlanCancelled or PlanExpired and leaves the plan's state as it is.
    """

    refund_id: str
    """The refund that brought it back."""
    amount: Money
    """What went back."""
    kind: Literal["payment_returned"] = "payment_returned"


@dataclass(frozen=True, kw_only=True)
class CheckoutPaymentFailed:
    """The payment at checkout did not work; the customer may try again until ``expires_at``."""

    attempt_id: str
    """The attempt that failed."""
    cause: str
    """Why, in our own words."""
    expires_at: datetime
    """Until when the customer may try again."""
    kind: Literal["checkout_payment_failed"] = "checkout_payment_failed"


@dataclass(frozen=True, kw_only=True)
class PlanActivated:
    """The agreement is in force; dates now count from ``activated_on``."""

    activated_on: date
    """Addis Ababa date from which all others count."""
    installments: tuple[PlannedInstallment, ...]
    """What is due when, by that date."""
    payout_id: str
    """The payout to the merchant."""
    merchant_fee: Money
    """What the merchant pays us."""
    settlement_due_at: datetime
    """When the merchant is paid; where it captures itself, when it cannot any more."""
    authorised_until: datetime | None = None
    """Where the merchant captures itself: when what it has not captured is voided by itself."""
    kind: Literal["plan_activated"] = "plan_activated"


@dataclass(frozen=True, kw_only=True)
class CollectionStarted:
    """An installment is due and is being collected."""

    number: int
    """The installment."""
    next_attempt_at: datetime | None = None
    """When the first attempt is made; null when it is made at once."""
    kind: Literal["collection_started"] = "collection_started"


@dataclass(frozen=True, kw_only=True)
class CollectionAttemptFailed:
    """One attempt did not bring the money; the next, if any, is at ``next_attempt_at``."""

    number: int
    """The installment."""
    attempt_id: str
    """The attempt that failed."""
    cause: str
    """Why, in our own words."""
    next_attempt_at: datetime | None
    """When the next one is made; null when there is none."""
    next_attempt_reason: str | None = None
    """Why then: a code of the retry policy; null where no policy has decided."""
    kind: Literal["collection_attempt_failed"] = "collection_attempt_failed"


@dataclass(frozen=True, kw_only=True)
class InstallmentPaid:
    """An installment's money is with us."""

    number: int
    """The installment."""
    attempt_id: str
    """The attempt that brought the money."""
    amount: Money
    """What came."""
    paid_at: datetime
    """When the money moved."""
    late_fee: Money = NOTHING
    """What of it pays late fees; the rest is the principal and interest of the schedule."""
    kind: Literal["installment_paid"] = "installment_paid"


@dataclass(frozen=True, kw_only=True)
class InstallmentFailed:
    """All set attempts failed; the plan is past due until a person or the customer acts."""

    number: int
    """The installment."""
    cause: str
    """Why the last attempt failed, in our own words."""
    reason: str | None = None
    """Why nothing more is tried by itself: a code of the retry policy; null where none decided."""
    kind: Literal["installment_failed"] = "installment_failed"


@dataclass(frozen=True, kw_only=True)
class MerchantPaid:
    """The merchant's bank has the money."""

    payout_id: str
    """The payout."""
    amount: Money
    """What the merchant has."""
    is_part: bool = False
    """More that the merchant has captured is still to come."""
    kind: Literal["merchant_paid"] = "merchant_paid"


@dataclass(frozen=True, kw_only=True)
class MerchantPayoutRejected:
    """The bank refused the payout; the money stays payable."""

    payout_id: str
    """The payout."""
    reason_code: str
    """Why the bank refused it: ISO 20022 status reason."""
    kind: Literal["merchant_payout_rejected"] = "merchant_payout_rejected"


@dataclass(frozen=True, kw_only=True)
class PlanCompleted:
    """Everything owed was paid and the merchant has been settled."""

    collected: Money
    """Everything that the customer has paid."""
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
    | StaffEvent
    | DelinquencyChange
    | LateFeeCharged
    | PaymentEvent
    | LossEvent
    | PlanChanged
    | RefundEvent
    | DisputeEvent
    | ReplayEvent
)


@dataclass(frozen=True, kw_only=True)
class PlanStanding:
    """What is kept beside each event."""

    state: PlanState
    """The plan's state after it."""


EVENT_TYPES: Final = EventTypes(
    domain="bnpl",
    types=tuple(
        EventType(name=shape.kind, version=1, shapes=(shape,), beside=PlanStanding)
        for shape in get_args(PlanEvent)
    ),
)
"""Every event of the domain."""
