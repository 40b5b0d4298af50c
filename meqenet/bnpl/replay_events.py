"""Payments that were replayed because one of them was not what it had seemed; part of the log.

Nothing is deleted: what was told before stands in the log as it was, and this says what counts from
now on. ``by`` is an opaque staff id; ``why`` holds no private data.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from meqenet.bnpl.payment_events import PaidShare, share_of
from meqenet.bnpl.schedule_in_force import InstallmentInForce
from meqenet.bnpl.states import InstallmentState
from meqenet.money import Money, total


class ReplayCause(StrEnum):
    """What a payment had not been."""

    REVERSED = "reversed"
    """The provider has taken its money back, or it was somebody else's: it never paid."""
    BACKDATED = "backdated"
    """Its money had moved on an earlier day than was recorded."""
    REPEATED = "repeated"
    """The same money had come before: what came again is the customer's credit."""


@dataclass(frozen=True, kw_only=True)
class InstallmentStood:
    """What an installment asks for and what of that is paid, before or after a replay."""

    principal: Money
    """Everything that it asks for of the principal."""
    interest: Money
    """The same of the interest."""
    late_fee: Money
    """The same of late fees."""
    paid_principal: Money
    """What of the principal is paid."""
    paid_interest: Money
    """The same of the interest."""
    paid_late_fee: Money
    """The same of late fees."""

    @property
    def paid(self) -> Money:
        """All that is paid."""
        return self.paid_principal + self.paid_interest + self.paid_late_fee

    @property
    def left(self) -> Money:
        """What is still to be paid."""
        return self.principal + self.interest + self.late_fee - self.paid


@dataclass(frozen=True, kw_only=True)
class ReplayedInstallment:
    """An installment before the replay and after it."""

    number: int
    """The installment."""
    before: InstallmentStood
    """As it was."""
    after: InstallmentStood
    """As it is."""
    state: InstallmentState
    """Where it is now."""
    paid_at: datetime | None
    """When the money moved that has paid it; null where it is not paid."""
    attempt_id: str | None
    """The attempt that brought the last of it; null where it is not paid."""
    in_part: Money
    """What of what is scheduled was paid in part: all but the last payment of one that is paid."""
    interest_in_part: Money
    """What of that is interest."""


@dataclass(frozen=True, kw_only=True)
class CountedShare(PaidShare):
    """What of an installment a payment pays since the replay."""

    principal_before: Money
    """What of its principal payments before this one have paid."""
    is_whole: bool
    """Nothing of what is scheduled is left of it."""


@dataclass(frozen=True, kw_only=True)
class CountedPayment:
    """A payment as it counts since the replay; its ids stay what they were."""

    attempt_id: str
    """The attempt that brought the money."""
    sequence: int
    """The number of the event of the log that first told of it."""
    on: date
    """The Addis Ababa date as of which it pays."""
    paid_at: datetime
    """When the money moved."""
    amount: Money
    """All of it."""
    shares: tuple[CountedShare, ...]
    """What it pays, in order."""
    from_credit: tuple[CountedShare, ...]
    """What interest that is given back pays beside it."""
    credit: Money
    """What of it pays nothing: the customer's credit."""
    interest_returned: Money
    """Interest that had been paid before and is given back with it."""
    by_rule: bool
    """It pays by the plan's rule, whatever that gives; else what the shares say."""
    is_checkout: bool
    """It was made at checkout."""
    is_posted_anew: bool
    """It pays otherwise than before: the books take its posting back and post it anew."""

    @property
    def all_shares(self) -> tuple[CountedShare, ...]:
        """What it pays, with what interest that is given back pays beside it, which is first."""
        return (*self.from_credit, *self.shares)

    def share_of(self, *, number: int) -> PaidShare | None:
        """What is paid of an installment by all of them; None: nothing."""
        return share_of(shares=self.all_shares, number=number)


@dataclass(frozen=True, kw_only=True)
class ChargedFee:
    """A late fee that counts as charged."""

    number: int
    """The installment that was late."""
    period: int
    """The how manieth fee of it, from 1."""
    on: date
    """The Addis Ababa date from which it was owed."""
    amount: Money
    """How much."""


@dataclass(frozen=True, kw_only=True)
class WaivedFee:
    """What staff have waived, as far as there was a fee to waive."""

    number: int
    """The installment."""
    sequence: int
    """The number of the event of the log that told of it."""
    on: date
    """The Addis Ababa date."""
    amount: Money
    """What of its fees is not owed."""


@dataclass(frozen=True, kw_only=True)
class PrincipalAhead:
    """Principal that was gone before its date, and earned until its day."""

    on: date
    """The Addis Ababa date."""
    principal: Money
    """How much."""


@dataclass(frozen=True, kw_only=True)
class PaymentsReplayed:
    """A payment was not what it had seemed: those after it pay anew, in order of value dates."""

    number: int
    """Which replay of the plan it is, from 1."""
    cause: ReplayCause
    """What the payment had not been."""
    attempt_id: str
    """The payment: the attempt that had brought it."""
    amount: Money
    """All of its money."""
    on: date
    """The Addis Ababa date on which it was replayed."""
    value_date: date | None
    """Of one that is back-dated: when its money had moved."""
    repeats: str | None
    """Of a repetition: the payment that had brought the same before."""
    installments: tuple[InstallmentInForce, ...]
    """The schedule in force, in the order of the numbers; paid ones are among them."""
    rows: tuple[ReplayedInstallment, ...]
    """Each installment before and after."""
    payments: tuple[CountedPayment, ...]
    """All payments that count, in the order in which they pay."""
    late_fees: tuple[ChargedFee, ...]
    """All late fees that count as charged, in order."""
    waivers: tuple[WaivedFee, ...]
    """What staff have waived of them."""
    paid_ahead: tuple[PrincipalAhead, ...]
    """Principal that was paid before its date."""
    arrears_moved: Money
    """What had been moved to later dates, and is not paid yet."""
    paid: Money
    """What is paid, late fees aside."""
    refunds: int
    """How many refunds of the order there had been by then."""
    by: str
    """Our id of the member of staff."""
    why: str
    """The reason, in their words."""
    kind: Literal["payments_replayed"] = "payments_replayed"

    @property
    def posted_anew(self) -> tuple[CountedPayment, ...]:
        """Payments that pay otherwise than before."""
        return tuple(each for each in self.payments if each.is_posted_anew)

    @property
    def principal_owed_more(self) -> Money:
        """By how much more principal is owed after it; less than nothing: by how much less."""
        before = total(row.before.paid_principal for row in self.rows)
        return before - total(row.after.paid_principal for row in self.rows)

    @property
    def interest_more(self) -> Money:
        """By how much more interest is asked for after it."""
        before = total(row.before.interest for row in self.rows)
        return total(row.after.interest for row in self.rows) - before

    @property
    def late_fees_more(self) -> Money:
        """By how much more late fees are owed, or were paid, after it."""
        before = total(row.before.late_fee for row in self.rows)
        return total(row.after.late_fee for row in self.rows) - before


ReplayEvent = PaymentsReplayed
"""What happens when payments are replayed."""
