"""Plans that have lived: a log as the process writes it, fees and payments on their days."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from meqenet.bnpl.account_history import account_of
from meqenet.bnpl.allocated_payment import allocated_payment, paid_installment
from meqenet.bnpl.delinquency_events import LateFeeCharged
from meqenet.bnpl.events import InstallmentPaid, PlanEvent
from meqenet.bnpl.own_payment import own_payment
from meqenet.bnpl.payment_events import (
    InstallmentPaidInPart,
    LateFeePaid,
    OwnPaymentAllocated,
    OwnPaymentAsked,
    PaidShare,
)
from meqenet.bnpl.progress import progress_of
from meqenet.bnpl.replay_events import PaymentsReplayed
from meqenet.bnpl.replaying import PlanNow
from meqenet.bnpl.servicing.account import Account
from meqenet.bnpl.servicing.late_fees import charge_late_fees
from meqenet.bnpl.servicing_policy import ServicingPolicy
from meqenet.bnpl.states import InstallmentState
from meqenet.bnpl.terms import ScheduleTerms
from meqenet.bnpl.told_payments import told_plan
from meqenet.calendar import at_addis
from meqenet.errors import Refusal
from meqenet.money import Money

PLAN = "pln_a"


@dataclass
class LivedPlan:
    """A plan, its log, and the day it has come to."""

    terms: ScheduleTerms
    policy: ServicingPolicy
    log: list[tuple[PlanEvent, datetime]] = field(default_factory=list)
    paid: set[int] = field(default_factory=set)
    payments: int = 0
    plan_id: str = PLAN
    on: date = field(init=False)

    def __post_init__(self) -> None:
        self.on = self.terms.disbursed_on

    @property
    def account(self) -> Account:
        """As the log gives it."""
        history = progress_of(log=self.log).account
        return account_of(terms=self.terms, paid=self.paid, history=history)

    @property
    def is_due(self) -> bool:
        """Whether the next installment that is not paid has come to its day."""
        row = next(row for row in self.account.installments if row.number not in self.paid)
        return row.due_on <= self.on

    @property
    def states(self) -> Mapping[int, InstallmentState]:
        """Of the installments: paid, or not."""
        return {
            row.number: InstallmentState.PAID
            if row.number in self.paid
            else InstallmentState.SCHEDULED
            for row in self.account.installments
        }

    @property
    def now(self) -> PlanNow:
        """As its process knows it."""
        return PlanNow(
            account=self.account,
            policy=self.policy,
            told=told_plan(log=self.log),
            states=self.states,
            refunds=0,
            on=self.on,
        )

    def days(self, days: int) -> None:
        """Time passes, and late fees are charged on their days."""
        self.on += timedelta(days=days)
        charged = charge_late_fees(account=self.account, policy=self.policy.late_fee, until=self.on)
        for fee in charged.fees:
            self.tell(
                LateFeeCharged(number=fee.number, period=fee.period, on=fee.on, amount=fee.amount)
            )

    def tell(self, event: PlanEvent) -> None:
        """One more event of the log."""
        self.log.append((event, at_addis(on=self.on, hour=9)))

    def collect(self) -> str:
        """What is asked for by the schedule next is paid, with its late fees."""
        row = next(row for row in self.account.installments if row.number not in self.paid)
        attempt = f"{self.plan_id}-i{row.number:02d}-a1"
        self._whole(attempt, row.number, amount=row.left.total, late_fee=row.left.fees)
        return attempt

    def pay(self, amount: Money) -> str | None:
        """The customer pays by their own will; None where that is refused."""
        attempt = f"{self.plan_id}-x{self.payments + 1:02d}-a1"
        try:
            paying = own_payment(
                account=self.account, policy=self.policy, amount=amount, on=self.on
            )
        except Refusal:
            return None
        self.payments += 1
        self.tell(
            OwnPaymentAsked(
                order=self.payments,
                amount=amount,
                installments=paying.installments,
                late_fees=paying.late_fees,
            )
        )
        if self.terms.annual_rate_percent:
            self.take_allocated(self.allocate(attempt, amount))
            return attempt
        fees = {part.number: part.amount for part in paying.late_fees}
        for part in paying.parts:
            fee = fees.pop(part.number, Money.zero())
            share = PaidShare(
                number=part.number, principal=part.amount, interest=Money.zero(), late_fee=fee
            )
            self._part(attempt, share)
        for number in paying.installments:
            fee = fees.pop(number, Money.zero())
            left = self.account.installments[number - 1].left
            self._whole(attempt, number, amount=left.planned + fee, late_fee=fee)
        for number, fee in fees.items():
            self.tell(LateFeePaid(number=number, attempt_id=attempt, amount=fee, paid_at=self._at))
        return attempt

    def replayed(self, told: PaymentsReplayed) -> None:
        """Payments are replayed."""
        self.tell(told)
        self.paid = {row.number for row in told.rows if row.state is InstallmentState.PAID}

    @property
    def _at(self) -> datetime:
        return at_addis(on=self.on, hour=9)

    def allocate(self, attempt: str, amount: Money) -> OwnPaymentAllocated:
        """What money pays of a plan that bears interest is told first."""
        told = allocated_payment(
            account=self.account,
            policy=self.policy,
            amount=amount,
            on=self.on,
            order=self.payments,
            attempt_id=attempt,
        )
        assert told is not None
        self.tell(told)
        return told

    def take_allocated(self, told: OwnPaymentAllocated) -> None:
        """Then installment by installment."""
        attempt = told.attempt_id
        for row in told.installments:
            history = progress_of(log=self.log).account
            found = paid_installment(told=told, number=row.number, history=history)
            if found is None:
                continue
            if found.is_whole:
                self._whole(
                    attempt, row.number, amount=found.share.amount, late_fee=found.share.late_fee
                )
            elif found.share.scheduled:
                self._part(attempt, found.share)
            else:
                self.tell(
                    LateFeePaid(
                        number=row.number,
                        attempt_id=attempt,
                        amount=found.share.late_fee,
                        paid_at=self._at,
                    )
                )

    def _whole(self, attempt: str, number: int, *, amount: Money, late_fee: Money) -> None:
        self.paid.add(number)
        self.tell(
            InstallmentPaid(
                number=number,
                attempt_id=attempt,
                amount=amount,
                paid_at=self._at,
                late_fee=late_fee,
            )
        )

    def _part(self, attempt: str, share: PaidShare) -> None:
        self.tell(
            InstallmentPaidInPart(
                number=share.number,
                attempt_id=attempt,
                amount=share.amount,
                paid_at=self._at,
                late_fee=share.late_fee,
                interest=share.interest,
            )
        )
