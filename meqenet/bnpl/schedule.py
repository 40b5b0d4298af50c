"""What is due when: level installments on a declining balance, exact to the santim.

The arithmetic is that of Apache Fineract's progressive loan, restated from its published schedules.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext
from itertools import pairwise

from meqenet.bnpl.day_count import counted_days, due_date
from meqenet.bnpl.rate_factor import PRECISION, rate_factor
from meqenet.bnpl.terms import ScheduleTerms, invalid_terms
from meqenet.money import Money, total

_ALL_PERCENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Installment:
    """One row of a schedule.

    Args:
        number: from 1; a down payment is number 1, due on day 0.
        due: calendar day in Addis Ababa.
        principal: the part that repays the goods, never negative.
        interest: the part that pays for time, never negative.
        balance: principal still owed after this row is paid.
    """

    number: int
    due: date
    principal: Money
    interest: Money
    balance: Money

    @property
    def total(self) -> Money:
        """What is collected: principal and interest."""
        return self.principal + self.interest


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rows in order of their due dates; their principal adds up to the price of the goods."""

    installments: tuple[Installment, ...]

    @property
    def principal(self) -> Money:
        """The price of the goods."""
        return total(row.principal for row in self.installments)

    @property
    def interest(self) -> Money:
        """What the time costs in all."""
        return total(row.interest for row in self.installments)

    @property
    def total_payable(self) -> Money:
        """Everything the customer pays."""
        return self.principal + self.interest


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePeriod:
    """The time that ends with a due date, and what 1 birr earns in it.

    Args:
        number: of its installment.
        due: the date that it ends with.
        factor: interest on 1 birr over the whole of it.
    """

    number: int
    due: date
    factor: Decimal


def build_schedule(*, terms: ScheduleTerms) -> Schedule:
    """Compute the schedule of these terms.

    Level installments; interest and installment are each rounded to the santim half-even; the last
    installment takes the remainder, after smoothing.

    Raises:
        Refusal: ``terms_invalid``: the last due date lies after the year 9999.
    """
    down_payment = _down_payment(terms=terms)
    financed = terms.principal - down_payment
    rows: list[Installment] = []
    if terms.down_payment_percent:
        rows.append(
            Installment(
                number=1,
                due=terms.disbursed_on,
                principal=down_payment,
                interest=Money.zero(),
                balance=financed,
            )
        )
    periods = _periods(terms=terms, first_number=len(rows) + 1)
    if periods:
        rows += level_rows(
            financed=financed, periods=periods, multiple=terms.installment_multiple_of
        )
    return Schedule(tuple(rows))


def _down_payment(*, terms: ScheduleTerms) -> Money:
    """The share due on day 0, half-even to the santim, or to the multiple of the installments."""
    if not terms.down_payment_percent:
        return Money.zero()
    if terms.down_payment_percent == _ALL_PERCENT:
        return terms.principal
    unit = terms.installment_multiple_of or Money(1)
    with localcontext(PRECISION):
        units = Decimal(terms.principal.santim) * terms.down_payment_percent / 100 / unit.santim
        whole = int(units.to_integral_value(rounding=ROUND_HALF_EVEN))
    return min(unit * whole, terms.principal)


def _periods(*, terms: ScheduleTerms, first_number: int) -> tuple[SchedulePeriod, ...]:
    try:
        dates = [
            due_date(
                start=terms.disbursed_on,
                number=number,
                every=terms.repay_every,
                unit=terms.repay_unit,
                month_end=terms.month_end,
            )
            for number in range(terms.number_of_installments + 1)
        ]
    except (OverflowError, ValueError):
        raise invalid_terms(
            field="disbursed_on", rule="the last due date lies after the year 9999"
        ) from None
    return tuple(
        SchedulePeriod(
            number=number,
            due=end,
            factor=rate_factor(
                annual_rate_percent=terms.annual_rate_percent,
                start=start,
                end=end,
                counted_days=counted_days(
                    start=start,
                    end=end,
                    every=terms.repay_every,
                    unit=terms.repay_unit,
                    days_in_month=terms.days_in_month,
                ),
                days_in_year=terms.days_in_year,
            ),
        )
        for number, (start, end) in enumerate(pairwise(dates), start=first_number)
    )


def level_rows(
    *, financed: Money, periods: Sequence[SchedulePeriod], multiple: Money | None
) -> list[Installment]:
    """Equal installments that pay ``financed`` back over these periods, at least one.

    They are smoothed once if that brings the last one closer to the others. ``multiple`` rounds
    them to whole multiples.
    """
    level = _to_multiple(_level_installment(financed=financed, periods=periods), of=multiple)
    rows = _rows(financed=financed, periods=periods, level=level)
    gap = rows[-1].total - level
    if abs(gap.santim) <= len(periods) // 2:
        return rows
    step = Money.nearest(Decimal(gap.santim) / len(periods))
    smoothed_level = _to_multiple(level + step, of=multiple)
    smoothed = _rows(financed=financed, periods=periods, level=smoothed_level)
    smoothed_gap = smoothed[-1].total - smoothed_level
    return smoothed if abs(smoothed_gap.santim) < abs(gap.santim) else rows


def _level_installment(*, financed: Money, periods: Sequence[SchedulePeriod]) -> Money:
    """Principal x product of (1 + f) / fn, where fn_1 = 1 and fn_i = 1 + fn_(i-1) x (1 + f_i)."""
    with localcontext(PRECISION):
        growth, annuity = Decimal(1), Decimal(0)
        for period in periods:
            growth *= 1 + period.factor
            annuity = 1 + annuity * (1 + period.factor)
        return Money.nearest(financed.santim * growth / annuity)


def _to_multiple(amount: Money, *, of: Money | None) -> Money:
    """The nearest multiple, half up."""
    if of is None:
        return amount
    whole = (Decimal(amount.santim) / of.santim).to_integral_value(rounding=ROUND_HALF_UP)
    return of * int(whole)


def _rows(*, financed: Money, periods: Sequence[SchedulePeriod], level: Money) -> list[Installment]:
    """Pay the balance down by the level installment; the last row takes what is left.

    Rounding to a coarse multiple may ask for less than the interest, or for more than is owed: then
    the row repays no principal, or all of it.
    """
    rows: list[Installment] = []
    balance = financed
    for period in periods:
        with localcontext(PRECISION):
            interest = Money.nearest(balance.santim * period.factor)
        principal = max(Money.zero(), min(level - interest, balance))
        balance -= principal
        rows.append(
            Installment(
                number=period.number,
                due=period.due,
                principal=principal,
                interest=interest,
                balance=balance,
            )
        )
    last = rows[-1]
    rows[-1] = replace(last, principal=last.principal + balance, balance=Money.zero())
    return rows
