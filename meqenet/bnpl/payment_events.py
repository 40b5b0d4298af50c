"""Payments that a customer makes by their own will, past tense; part of the plan's log.

Such a payment pays installments, whole or in part, with their late fees, or late fees alone. What
it has paid is told by ``installment_paid``, ``installment_paid_in_part`` and ``late_fee_paid``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from meqenet.bnpl.schedule_in_force import InstallmentInForce
from meqenet.money import Money, total

NOTHING: Final = Money.zero()


@dataclass(frozen=True, kw_only=True)
class FeePart:
    """A part of an installment's late fees."""

    number: int
    """The installment."""
    amount: Money
    """How much of its fees."""


@dataclass(frozen=True, kw_only=True)
class SchedulePart:
    """A part of what the schedule asks for of an installment, late fees aside."""

    number: int
    """The installment."""
    amount: Money
    """How much of it; the rest of the installment stays owed."""


@dataclass(frozen=True, kw_only=True)
class OwnPaymentAsked:
    """The customer wants to pay now, beside every schedule: the wallet is asked for it.

    Or the customer has paid to our short code by themselves: then the provider is asked about it.
    """

    order: int
    """Which payment of the plan it is, from 1."""
    amount: Money
    """What the wallet is asked for, or what has come by the provider's notice."""
    installments: tuple[int, ...]
    """The installments that it pays whole, in the order in which it pays them."""
    late_fees: tuple[FeePart, ...]
    """What of it pays late fees, by installment."""
    parts: tuple[SchedulePart, ...] = ()
    """The installments that it pays in part, and how much of them."""
    receipt: str | None = None
    """Of money that came to our short code: the provider's id of it; null of what is asked for."""
    on: date | None = None
    """The Addis Ababa date as of which it pays a plan that bears interest; null of others."""
    kind: Literal["own_payment_asked"] = "own_payment_asked"


@dataclass(frozen=True, kw_only=True)
class PaidShare:
    """What a payment pays of an installment."""

    number: int
    """The installment."""
    principal: Money
    """What of it pays principal."""
    interest: Money
    """What of it pays interest."""
    late_fee: Money
    """What of it pays late fees."""

    @property
    def scheduled(self) -> Money:
        """What the schedule asks for, late fees aside."""
        return self.principal + self.interest

    @property
    def amount(self) -> Money:
        """All of it."""
        return self.scheduled + self.late_fee


def share_of(*, shares: Iterable[PaidShare], number: int) -> PaidShare | None:
    """What all of these shares pay of an installment, together; None: nothing."""
    found = [each for each in shares if each.number == number]
    if not found:
        return None
    return PaidShare(
        number=number,
        principal=total(each.principal for each in found),
        interest=total(each.interest for each in found),
        late_fee=total(each.late_fee for each in found),
    )


@dataclass(frozen=True, kw_only=True)
class OwnPaymentAllocated:
    """Money is there for a plan that bears interest: what it pays, and what earns from here on.

    The installments that it pays are told by events of their own, which follow.
    """

    order: int
    """Which payment of the plan it is, from 1; 0 of money that was asked for by the schedule."""
    attempt_id: str
    """The attempt that brought the money."""
    on: date
    """The Addis Ababa date as of which it pays."""
    amount: Money
    """All of the money."""
    shares: tuple[PaidShare, ...]
    """What it pays, by installment."""
    from_credit: tuple[PaidShare, ...]
    """What interest that is given back pays beside it."""
    overpaid: Money
    """What of it pays nothing: the customer's credit."""
    interest_returned: Money
    """Interest that was paid for days that will not come, and is given back."""
    interest_saved: Money
    """Interest that was to be paid, and is not owed any more."""
    principal_ahead: Money
    """What of it pays principal before its date."""
    installments: tuple[InstallmentInForce, ...]
    """The schedule in force, in the order of the numbers; paid ones are among them."""
    arrears_moved: Money
    """What had been moved to later dates, and is not paid yet."""
    paid: Money
    """What is paid with it, late fees aside."""
    kind: Literal["own_payment_allocated"] = "own_payment_allocated"

    def share_of(self, *, number: int) -> PaidShare | None:
        """What is paid of an installment by it, and by what is given back; None: nothing."""
        return share_of(shares=(*self.from_credit, *self.shares), number=number)


@dataclass(frozen=True, kw_only=True)
class InstallmentPaidInPart:
    """A part of an installment's money is with us; the rest stays owed on the same day."""

    number: int
    """The installment."""
    attempt_id: str
    """The attempt that brought the money."""
    amount: Money
    """What came for it."""
    paid_at: datetime
    """When the money moved."""
    late_fee: Money = NOTHING
    """What of it pays late fees; the rest is a part of what the schedule asks for."""
    interest: Money = NOTHING
    """What of that part pays interest; the rest of it pays principal."""
    kind: Literal["installment_paid_in_part"] = "installment_paid_in_part"

    @property
    def scheduled(self) -> Money:
        """What of it the schedule asks for."""
        return self.amount - self.late_fee

    @property
    def principal(self) -> Money:
        """What of it pays principal."""
        return self.scheduled - self.interest


@dataclass(frozen=True, kw_only=True)
class LateFeePaid:
    """Late fees are paid by money that is beside the schedule."""

    number: int
    """The installment that was late."""
    attempt_id: str
    """The attempt that brought the money."""
    amount: Money
    """What of it pays the fees."""
    paid_at: datetime
    """When the money moved."""
    kind: Literal["late_fee_paid"] = "late_fee_paid"


@dataclass(frozen=True, kw_only=True)
class OwnPaymentEnded:
    """The payment is over: what it was to pay is paid, or nothing has come."""

    order: int
    """Which payment of the plan it is, from 1."""
    cause: str | None
    """Why nothing has come, in our own words; null where it is paid."""
    kind: Literal["own_payment_ended"] = "own_payment_ended"


PaymentEvent = (
    OwnPaymentAsked | OwnPaymentAllocated | InstallmentPaidInPart | LateFeePaid | OwnPaymentEnded
)
"""What happens to payments by the customer's own will."""
