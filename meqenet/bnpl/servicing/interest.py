"""What principal earns over any days of an installment's period.

Where days count as they are, each earns its part of the year. Where a month counts thirty, however
long it is, time is measured in regular periods from the start of the installment's own, each worth
what the schedule has counted it for, and a part of one its share of that period's days: from
1 February to 15 April are two months and 14/30. Paused days are left out. A day is the time that
ends on it: the first of a period is the one after its start, the last the due date.
"""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal, localcontext

from meqenet.bnpl.day_count import DaysInMonth, counted_days, due_date
from meqenet.bnpl.rate_factor import PRECISION, rate_factor
from meqenet.bnpl.servicing.account import Account, InstallmentAccount
from meqenet.money import Money, total

_DAY = timedelta(days=1)


def earned_factor(*, account: Account, installment: InstallmentAccount, until: date) -> Decimal:
    """Interest on 1 birr from the start of the installment's period until the end of this day."""
    start = installment.starts_on
    if until <= start:
        return Decimal(0)
    paused = [
        (max(start, pause.first - _DAY), min(until, pause.last))
        for pause in account.pauses
        if pause.first <= until and start < pause.last
    ]
    with localcontext(PRECISION):
        if account.terms.days_in_month is DaysInMonth.ACTUAL:
            idle = sum(_whole(account, start=since, end=to) for since, to in paused)
            return _whole(account, start=start, end=until) - idle
        days = (until - start).days - sum((to - since).days for since, to in paused)
        return _in_regular_periods(account, installment, days=days)


def _in_regular_periods(account: Account, installment: InstallmentAccount, *, days: int) -> Decimal:
    factor, start, end, number = Decimal(0), installment.starts_on, installment.regular_due_on, 0
    while days > 0 and end > start:
        part = min(days, (end - start).days)
        # The share first: that of a whole period is 1, exactly.
        factor += _whole(account, start=start, end=end) * (Decimal(part) / (end - start).days)
        days -= part
        number += 1
        start, end = (
            end,
            due_date(
                start=installment.regular_due_on,
                number=number,
                every=account.terms.repay_every,
                unit=account.terms.repay_unit,
                month_end=account.terms.month_end,
            ),
        )
    return factor


def _whole(account: Account, *, start: date, end: date) -> Decimal:
    terms = account.terms
    return rate_factor(
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
    )


def period_interest(*, account: Account, installment: InstallmentAccount, earning: Money) -> Money:
    """Interest of the whole period on this principal, half-even to the santim."""
    factor = earned_factor(account=account, installment=installment, until=installment.due_on)
    with localcontext(PRECISION):
        return Money.nearest(earning.santim * factor)


def interest_to_day(*, account: Account, installment: InstallmentAccount, on: date) -> Money:
    """Interest of the period until this day of it, on the principal that was outstanding each day.

    Half-even to the santim, never less than nothing.
    """

    def earned(until: date) -> Decimal:
        return earned_factor(account=account, installment=installment, until=until)

    with localcontext(PRECISION):
        whole = earned(on)
        santim = installment.earning.santim * whole - sum(
            paid.principal.santim * (whole - earned(paid.on))
            for paid in account.paid_ahead
            if installment.starts_on < paid.on < on
        )
        return max(Money.zero(), Money.nearest(santim))


def with_interest_on_what_is_left(*, account: Account, on: date) -> Account:
    """Periods that have not begun earn on the principal that is left; those begun stay.

    After a charge-off nothing earns any more.
    """
    if account.charged_off_on is not None:
        return account
    rows = account.installments
    changed = []
    for index, row in enumerate(rows):
        if row.has_begun(on=on) or row.due_on <= on:
            continue
        earning = total(later.left.principal for later in rows[index:])
        interest = period_interest(account=account, installment=row, earning=earning)
        interest = max(row.paid.interest, interest + row.carried_interest)
        changed.append(replace(row, earning=earning, owed=replace(row.owed, interest=interest)))
    return account.with_installments(*changed)
