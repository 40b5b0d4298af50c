"""What a customer owes under a plan: the state that payments, fees and changes work on.

Plain values, nothing stored. Every date is one of Addis Ababa.
"""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from meqenet.bnpl.schedule import build_schedule
from meqenet.bnpl.servicing.amounts import NO_AMOUNTS, NOTHING, Amounts, sum_of
from meqenet.bnpl.terms import ScheduleTerms
from meqenet.money import Money, total


class HardshipKind(StrEnum):
    """What can be changed for a customer who cannot pay as agreed."""

    PAUSE = "pause"
    """Some days earn nothing; the next due date is so many days later, and those after it shift."""
    MOVE_DUE_DATE = "move_due_date"
    """One installment is due later, and those after it."""
    SPREAD_ARREARS = "spread_arrears"
    """What is past due is paid with the installments to come."""
    EXTEND = "extend"
    """There are more installments, so each is smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallmentAccount:
    """One installment: what it asks for, and what of that is paid.

    Attributes:
        number: its place in the schedule, from 1.
        starts_on: the first day that earns its interest.
        due_on: when it is to be paid; this day earns for the next one.
        regular_due_on: when it would be due by the rhythm of the plan, had its date not been
            moved; its regular period is what the day count knows a factor of.
        earning: the principal that earns its interest.
        owed: everything that it asks for, paid or not.
        paid: what of that is paid.
        carried_interest: what of the interest was earned before its period.
        accrued_interest: what of the interest the books have earned day by day until now.
    """

    number: int
    starts_on: date
    due_on: date
    regular_due_on: date
    earning: Money
    owed: Amounts
    paid: Amounts = NO_AMOUNTS
    carried_interest: Money = NOTHING
    accrued_interest: Money = NOTHING

    def __post_init__(self) -> None:
        rules = (
            ("number: from 1", self.number >= 1),
            ("due_on: not before starts_on", self.starts_on <= self.due_on),
            ("owed, paid: not negative", not (self.owed.has_negative or self.paid.has_negative)),
            ("paid: not more than owed", not self.left.has_negative),
            (
                "earning, carried_interest, accrued_interest: not negative",
                min(self.earning, self.carried_interest, self.accrued_interest) >= NOTHING,
            ),
        )
        for rule, holds in rules:
            if not holds:
                raise ValueError(f"installment {self.number}: {rule}")

    @property
    def left(self) -> Amounts:
        """What is still to be paid."""
        return self.owed - self.paid

    def has_begun(self, *, on: date) -> bool:
        """Whether a day of its period is over."""
        return self.starts_on < on


@dataclass(frozen=True, slots=True, kw_only=True)
class PausedDays:
    """Days that earn nothing, the first and the last among them."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many they are."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidPrincipal:
    """Principal that was paid before its due date; from that day on it earns nothing."""

    on: date
    principal: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class LateFee:
    """A late fee that was charged: the ``period``-th of its installment, from 1."""

    number: int
    period: int
    on: date
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Everything that is owed under a plan, and what the rules need to know of its past.

    Attributes:
        terms: what the schedule followed from when it was signed.
        installments: in order of their numbers and dates.
        dates_from: due dates count from here by the rhythm of the terms.
        dates_from_number: the installment that is due on ``dates_from``; 0 for the activation.
        credit: the customer's money that has paid nothing yet.
        pauses: days that earn nothing; none overlap.
        paid_ahead: principal that was paid before its due date.
        late_fees: those charged so far; a waiver leaves them here, so that they are never
            charged again.
        changes: changes for hardship so far.
        arrears_moved: what was past due, was moved to later dates, and has not been paid since.
        charged_off_on: when the plan was given up as a loss.

    Raises:
        ValueError: the installments are not in order.
    """

    terms: ScheduleTerms
    installments: tuple[InstallmentAccount, ...]
    dates_from: date
    dates_from_number: int
    credit: Money = NOTHING
    pauses: tuple[PausedDays, ...] = ()
    paid_ahead: tuple[PaidPrincipal, ...] = ()
    late_fees: tuple[LateFee, ...] = ()
    changes: tuple[HardshipKind, ...] = ()
    arrears_moved: Money = NOTHING
    charged_off_on: date | None = None

    def __post_init__(self) -> None:
        numbers = [row.number for row in self.installments]
        dates = [row.due_on for row in self.installments]
        if not numbers or numbers != sorted(set(numbers)) or dates != sorted(dates):
            raise ValueError("installments: at least one, in order of their numbers and dates")

    @property
    def left(self) -> Amounts:
        """What is still to be paid of all installments, fallen due or not."""
        return sum_of(row.left for row in self.installments)

    @property
    def is_paid(self) -> bool:
        """Whether nothing is owed any more."""
        return not self.left.total

    @property
    def financed(self) -> Money:
        """What was lent: the principal, without what was due on the first day."""
        rows = self.installments
        return total(row.owed.principal for row in rows if row.due_on > self.terms.disbursed_on)

    def past_due(self, *, on: date) -> tuple[InstallmentAccount, ...]:
        """Installments whose date is over and that are not paid in full, fees included."""
        return tuple(row for row in self.installments if row.due_on < on and row.left.total)

    def installment(self, *, number: int) -> InstallmentAccount | None:
        """The installment of this number, if there is one."""
        return next((row for row in self.installments if row.number == number), None)

    def with_installments(self, *changed: InstallmentAccount) -> "Account":
        """The same with these installments in place of those of the same numbers."""
        by_number = {row.number: row for row in changed}
        rows = tuple(by_number.get(row.number, row) for row in self.installments)
        return replace(self, installments=rows)


def open_account(*, terms: ScheduleTerms) -> Account:
    """The account of a plan on the day it comes into force, nothing paid.

    Raises:
        Refusal: ``terms_invalid``: the last due date lies after the year 9999.
    """
    schedule = build_schedule(terms=terms)
    starts_on, rows = terms.disbursed_on, []
    for planned in schedule.installments:
        pays_down = planned.due == terms.disbursed_on
        rows.append(
            InstallmentAccount(
                number=planned.number,
                starts_on=starts_on,
                due_on=planned.due,
                regular_due_on=planned.due,
                earning=NOTHING if pays_down else planned.balance + planned.principal,
                owed=Amounts(principal=planned.principal, interest=planned.interest),
            )
        )
        starts_on = planned.due
    return Account(
        terms=terms,
        installments=tuple(rows),
        dates_from=terms.disbursed_on,
        dates_from_number=rows[0].number if rows[0].due_on == terms.disbursed_on else 0,
    )
