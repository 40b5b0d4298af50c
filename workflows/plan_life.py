"""What a plan's workflow remembers, also across continue-as-new."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime

from activities.contracts.bnpl import PlanTerms
from activities.contracts.kyc import LoadedLogin
from activities.contracts.payments import LoadedPayments
from activities.contracts.settlement import SettlementScheduled
from meqenet.bnpl.account_history import AccountHistory
from meqenet.bnpl.collection_hold import CollectionHold
from meqenet.bnpl.events import PlannedInstallment
from meqenet.bnpl.payment_events import FeePart, SchedulePart
from meqenet.bnpl.progress import PlanProgress
from meqenet.bnpl.servicing.delinquency import Standing
from meqenet.bnpl.states import InstallmentState, PlanState
from meqenet.identity import OWN_PAYMENTS_MAX
from meqenet.money import Money, total
from workflows.clock import ClockReading
from workflows.messages import Application, BillPaid
from workflows.reminders_life import RemindersLife


@dataclass
class InstallmentLife:
    """One installment's progress.

    Attributes:
        attempts: all attempts so far, over all collections.
        failed: attempts of the newest collection that have failed.
        postponed: when the next attempt was planned, and to when a hold has moved it.
        asked: what its newest collection asks for; None of one from before there were late fees.
        wallet_id: the wallet that the customer wants to pay it from; None leaves it to the policy.
    """

    planned: PlannedInstallment
    state: InstallmentState = InstallmentState.SCHEDULED
    attempts: int = 0
    next_attempt_at: datetime | None = None
    failed: int = 0
    postponed: tuple[datetime, datetime] | None = None
    asked: Money | None = None
    wallet_id: str | None = None

    @property
    def planned_at(self) -> datetime | None:
        """When the next attempt is planned, not counting a hold that has moved it."""
        if self.postponed is not None and self.postponed[1] == self.next_attempt_at:
            return self.postponed[0]
        return self.next_attempt_at


@dataclass
class OpenPayment:
    """A payment of the customer's own will that is not over.

    Attributes:
        number: of its order: 101 for the first of the plan.
        installments: those that it pays whole.
        late_fees: what of it pays late fees.
        sent: whether the wallet may have been asked.
        parts: the installments that it pays in part, and how much of what they are scheduled for.
        receipt: of money that came to our short code: the provider's id of it.
        on: the Addis Ababa date as of which it pays; None of a plan that is free of interest.
    """

    number: int
    amount: Money
    installments: tuple[int, ...]
    late_fees: tuple[FeePart, ...]
    sent: bool = False
    parts: tuple[SchedulePart, ...] = ()
    receipt: str | None = None
    on: date | None = None

    @property
    def touched(self) -> tuple[int, ...]:
        """Installments that it pays, whole or in part."""
        return (*self.installments, *(part.number for part in self.parts))


@dataclass
class PayoutLife:
    """The merchant's money. ``done`` when the bank has settled it."""

    scheduled: SettlementScheduled
    released: bool = False
    done: bool = False
    number: int = 1
    rejected: bool = False
    begun: bool = False
    """A run that was lost may have sent it: the bank is asked first."""
    by_day: bool = False
    """The merchant's day brings it, with all else that is due: no payout of the plan's own."""
    again_at: datetime | None = None
    """When the day is closed again that has not paid it."""
    refused: str | None = None
    """The newest share that was refused."""
    retry: tuple[str, str] | None = None
    """Who of the staff wants it sent again, and why."""
    told: list[str] = field(default_factory=list)
    """Of captures: the shares whose end is on record."""


@dataclass
class PlanLife:
    """The plan as its workflow knows it; the bnpl store holds the same, and the history."""

    state: PlanState = PlanState.APPLIED
    sequence: int = 0
    terms: PlanTerms | None = None
    identity_attempt: int = 0
    customer_id: str | None = None
    tier: str = ""
    activated_on: date | None = None
    installments: list[InstallmentLife] = field(default_factory=list)
    payout: PayoutLife | None = None
    clock: ClockReading | None = None
    reported: tuple[int, datetime | None] | None = None
    collections_since_roll: int = 0
    hold: CollectionHold | None = None
    reminders: RemindersLife | None = None
    delinquency: Standing | None = None
    further_wallets: list[str] = field(default_factory=list)
    """Ids of the other wallets that are on file for it."""
    account: AccountHistory = field(default_factory=AccountHistory)
    payments: int = 0
    """How many payments the customer has begun by their own will."""
    payment: OpenPayment | None = None
    bills: list[BillPaid] = field(default_factory=list)
    """Money that came to our short code and that the plan has not taken up yet."""
    receipts: list[str] = field(default_factory=list)
    """The provider's ids of such money that it has taken up."""
    fees_asked_at: datetime | None = None
    """When late fees are asked for that were left when their installment was paid."""
    authorised_until: datetime | None = None
    """When what its merchant has not captured is voided; None: all was captured at once."""
    expiry_told: bool = False
    """The merchant was told that its time to capture will soon be over."""

    @property
    def signed(self) -> PlanTerms:
        """The terms, once the plan is open."""
        if self.terms is None:
            raise ValueError("the plan has not been opened yet")
        return self.terms

    @property
    def owed_to_merchant(self) -> SettlementScheduled:
        """What the merchant gets, once the plan is active."""
        if self.payout is None:
            raise ValueError("nothing has been scheduled for the merchant yet")
        return self.payout.scheduled

    def installment(self, *, number: int) -> InstallmentLife:
        """The installment of that number."""
        return self.installments[number - 1]

    def can_take_bill(self, *, active: Collection[int], now: datetime) -> bool:
        """Whether money has come to our short code, and nothing else may bring the same.

        Args:
            active: the installments whose collections are at work.
            now: the present, by the plan's clock.
        """
        if not self.bills or self.payment is not None or self.payout is None:
            return False
        waits = (self.installment(number=number).next_attempt_at for number in active)
        return all(at is not None and at > now for at in waits)

    def waits(self, *, number: int) -> bool:
        """Whether an installment waits for the end of a dispute: it is not collected, nor late."""
        dispute = self.account.dispute
        return dispute is not None and number in dispute.waiting

    def has_number_left(self) -> bool:
        """Whether one more payment beside the schedule can have an id of its own.

        Money that waits to be taken up needs one as well.
        """
        return self.payments + len(self.bills) < OWN_PAYMENTS_MAX

    def owed_of(self, *, number: int) -> Money:
        """What is still to be paid of an installment, its late fees included."""
        installment = self.installment(number=number)
        fees = self.account.fees_left(number=number)
        is_paid = installment.state is InstallmentState.PAID
        return fees if is_paid else self.scheduled_left(number=number) + fees

    def scheduled_left(self, *, number: int) -> Money:
        """What parts have left of principal and interest; all of them, while there was none."""
        planned = self.installment(number=number).planned
        return planned.amount - self.account.paid_in_part(number=number)

    def collected(self) -> Money:
        """What has come in so far."""
        paid = (
            i.planned.amount
            if i.state is InstallmentState.PAID
            else self.account.paid_in_part(number=i.planned.number)
            for i in self.installments
        )
        return total(paid) + self.account.fees_paid()

    def paid_numbers(self) -> frozenset[int]:
        """The installments that are paid."""
        return frozenset(
            each.planned.number for each in self.installments if each.state is InstallmentState.PAID
        )

    def all_paid(self) -> bool:
        """Whether every installment is paid, or moved to later ones; late fees may be owed."""
        over = (InstallmentState.PAID, InstallmentState.CANCELLED)
        return all(i.state in over for i in self.installments)


@dataclass(frozen=True, kw_only=True)
class LeftOff:
    """What the stores know of a plan whose run was lost, beside its life.

    Attributes:
        progress: what the plan's log says: where the run was.
        payments: orders that it may have sent.
        login: the newest login at Fayda.
        order_placed: the marketplace has the order.
        next_step: what operators were shown.
    """

    progress: PlanProgress
    payments: LoadedPayments
    login: LoadedLogin
    order_placed: bool
    next_step: str
    next_step_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class PlanRun:
    """Input of a run: the application, and the life so far when it continues as new.

    ``left_off`` is there when it does not follow a run but the stores: the first thing that it
    does is to bring to an end what the lost run had under way.
    """

    application: Application
    life: PlanLife | None = None
    left_off: LeftOff | None = None


@dataclass(frozen=True, kw_only=True)
class PlanOutcome:
    """The result of a plan's workflow."""

    plan_id: str
    state: str
