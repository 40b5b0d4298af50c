"""What is earned when: interest with the days of its period, commission with its principal.

Whatever is split here is rounded on the running sum, so that no santim is lost or made: where the
whole is through, the whole is earned.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate

from meqenet.calendar import addis_date, at_addis
from meqenet.identity import installment_id
from meqenet.ledger.day_counts import DayCount
from meqenet.ledger.financed import FinancedInstallment
from meqenet.money import Money, total

_DAY = timedelta(days=1)
_LAST_INSTANT = timedelta(microseconds=1)
_DAYS_PER_MONTH = 30
_MONTHS_PER_YEAR = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class InterestOfDay:
    """What one day earns, in Addis Ababa; more than nothing."""

    day: date
    amount: Money


def interest_by_day(
    *,
    interest: Money,
    starts_on: date,
    ends_on: date,
    day_count: DayCount,
    idle: Collection[date] = (),
) -> tuple[InterestOfDay, ...]:
    """Spread an installment's interest over the days of its period.

    The interest of all days up to one is rounded half-even to the santim, and a day earns what
    that grows by, so the days add up to the interest. A day that earns nothing is left out.

    Args:
        interest: of the whole period.
        starts_on: the first day that earns.
        ends_on: the due date, which earns nothing; a period without days earns on none.
        day_count: how the days weigh against each other.
        idle: days that earn nothing; where there are no others, they earn like any.
    """
    days = [starts_on + _DAY * number for number in range((ends_on - starts_on).days)]
    weights = [0 if day in idle else _weight(day=day, day_count=day_count) for day in days]
    if not any(weights):
        weights = [1] * len(days)
    whole, before = sum(weights), Money.zero(interest.currency)
    earned: list[InterestOfDay] = []
    for day, part in zip(days, accumulate(weights), strict=True):
        by_now = _part(of=interest, part=part, whole=whole)
        if by_now > before:
            earned.append(InterestOfDay(day=day, amount=by_now - before))
        before = by_now
    return tuple(earned)


def _weight(*, day: date, day_count: DayCount) -> int:
    ends = day + _DAY
    match day_count:
        case DayCount.ACTUAL_365:
            return 1
        case DayCount.ACTUAL_ACTUAL:
            # One part of 365 and one of 366, brought to whole numbers.
            return 365 if _is_leap(ends.year) else 366
        case DayCount.THIRTY_360:
            return _days_360(ends) - _days_360(day)


def _is_leap(year: int) -> bool:
    return date(year, 12, 31).timetuple().tm_yday == 366  # noqa: PLR2004 - the days of a leap year


def _days_360(day: date) -> int:
    months = day.year * _MONTHS_PER_YEAR + day.month
    return months * _DAYS_PER_MONTH + min(day.day, _DAYS_PER_MONTH)


def end_of_day(*, day: date) -> datetime:
    """When a day's interest is earned: the last instant of that day in Addis Ababa."""
    return at_addis(on=day + _DAY, hour=0) - _LAST_INSTANT


def first_day_not_over(*, at: datetime) -> date:
    """The day in Addis Ababa that is not over yet: those before it have earned their interest."""
    return addis_date(at=at)


def accrual_id(*, plan_id: str, number: int, day: date) -> str:
    """The posting of a day's interest: ``pln_…-i02-d20261123``."""
    return f"{installment_id(plan_id=plan_id, number=number)}-d{day:%Y%m%d}"


def fee_earned(*, fee: Money, financed: Money, returned_before: Money, returned: Money) -> Money:
    """The part of a merchant's fee that is earned with ``returned`` principal.

    As much of the fee is earned as of the financed principal has come back, rounded half-even on
    the running sum: with the last of the principal comes the last of the fee.

    Raises:
        ValueError: more has come back than was financed, or less than nothing.
    """
    by_now = returned_before + returned
    nothing = Money.zero(financed.currency)
    if not nothing <= returned_before <= by_now <= financed or not financed:
        raise ValueError("returned: between nothing and what was financed")
    before = _part(of=fee, part=returned_before.santim, whole=financed.santim)
    return _part(of=fee, part=by_now.santim, whole=financed.santim) - before


def fees_of(*, fee: Money, installments: tuple[FinancedInstallment, ...]) -> Iterator[Money]:
    """What each installment's principal earns of the fee, whichever of them is paid first."""
    yield from shares_of(fee=fee, principals=[row.principal for row in installments])


def shares_of(*, fee: Money, principals: Sequence[Money]) -> Iterator[Money]:
    """What each principal earns of the fee; the shares add up to it."""
    financed = total(principals)
    before = Money.zero(financed.currency)
    for principal in principals:
        yield fee_earned(fee=fee, financed=financed, returned_before=before, returned=principal)
        before += principal


def _part(*, of: Money, part: int, whole: int) -> Money:
    return Money.nearest(Decimal(of.santim * part) / whole, of.currency)
