"""What a schedule follows from, checked once."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from meqenet.bnpl.day_count import DaysInMonth, DaysInYear, RepayUnit
from meqenet.calendar import MonthEnd
from meqenet.errors import Mender, Refusal
from meqenet.money import Money

PRINCIPAL_MAX = Money.from_birr(1_000_000_000_000)
"""More than anyone lends, and far enough below what the books can hold."""
ANNUAL_RATE_PERCENT_MAX = 1_000
INSTALLMENTS_MAX = 600
"""Fifty years of months."""
REPAY_EVERY_MAX = 366
_ALL_PERCENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleTerms:
    """Everything a schedule follows from.

    Args:
        principal: what the goods cost, the down payment included.
        annual_rate_percent: nominal rate a year; 0 is free of interest.
        disbursed_on: the day from which interest runs, day 0.
        repay_every: units between two installments.
        repay_unit: days, weeks or months.
        number_of_installments: after the down payment; 0 only when all is paid down.
        days_in_year: day count of the year.
        days_in_month: day count of the month.
        down_payment_percent: paid on day 0, free of interest; None or 0 is no down payment.
        installment_multiple_of: level installments are rounded to whole multiples of this.
        month_end: where a date goes in a month that is too short.

    Raises:
        Refusal: ``terms_invalid``; field and text name the value at fault and the rule.
    """

    principal: Money
    annual_rate_percent: Decimal
    disbursed_on: date
    repay_every: int
    repay_unit: RepayUnit
    number_of_installments: int
    days_in_year: DaysInYear
    days_in_month: DaysInMonth
    down_payment_percent: Decimal | None = None
    installment_multiple_of: Money | None = None
    month_end: MonthEnd = MonthEnd.LAST_DAY_OF_MONTH

    def __post_init__(self) -> None:
        down, multiple = self.down_payment_percent or Decimal(0), self.installment_multiple_of
        count, count_min = self.number_of_installments, 0 if down == _ALL_PERCENT else 1
        rate, every = self.annual_rate_percent, self.repay_every
        rules = (
            (
                "principal",
                Money.zero() < self.principal <= PRINCIPAL_MAX,
                f"more than 0 and at most {PRINCIPAL_MAX}",
            ),
            (
                "annual_rate_percent",
                0 <= rate <= ANNUAL_RATE_PERCENT_MAX,
                f"between 0 and {ANNUAL_RATE_PERCENT_MAX}",
            ),
            ("repay_every", 1 <= every <= REPAY_EVERY_MAX, f"between 1 and {REPAY_EVERY_MAX}"),
            ("down_payment_percent", 0 <= down <= _ALL_PERCENT, "between 0 and 100"),
            (
                "number_of_installments",
                count_min <= count <= INSTALLMENTS_MAX,
                f"between {count_min} and {INSTALLMENTS_MAX}",
            ),
            (
                "installment_multiple_of",
                multiple is None or multiple > Money.zero(),
                "more than 0",
            ),
        )
        for field, holds, rule in rules:
            if not holds:
                raise invalid_terms(field=field, rule=rule)


def invalid_terms(*, field: str, rule: str) -> Refusal:
    """The refusal ``terms_invalid``, naming the field of the terms and the rule it breaks."""
    return Refusal("terms_invalid", f"{field}: {rule}", mender=Mender.MERCHANT, field=field)
