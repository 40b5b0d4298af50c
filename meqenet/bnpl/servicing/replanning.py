"""New dates and new amounts for what is still owed: the arithmetic of every change to a schedule.

Principal is never made or lost here: what is left before is left after, no part is negative, and
the last installment pays the balance to zero.
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, localcontext

from meqenet.bnpl.day_count import due_date
from meqenet.bnpl.rate_factor import PRECISION
from meqenet.bnpl.schedule import SchedulePeriod, level_rows
from meqenet.bnpl.servicing.account import Account, InstallmentAccount
from meqenet.bnpl.servicing.amounts import NOTHING, Amounts, sum_of
from meqenet.bnpl.servicing.interest import (
    earned_factor,
    period_interest,
    with_interest_on_what_is_left,
)
from meqenet.money import Money, total


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrears:
    """What was past due and is asked for later, and what of its interest the books have earned."""

    amounts: Amounts
    accrued_interest: Money
    account: Account


def shift_dates(*, account: Account, number: int, to: date) -> Account:
    """An installment is due on another date, and those after it by the plan's rhythm from there.

    Its own period becomes longer or shorter; amounts stay. See :func:`keep_level`.
    """
    rows, starts_on = [], None
    for row in account.installments:
        if row.number < number:
            rows.append(row)
            continue
        if starts_on is None:
            moved = replace(row, due_on=to)
        else:
            due_on = _due_on(account, start=to, steps=row.number - number)
            moved = replace(row, starts_on=starts_on, due_on=due_on, regular_due_on=due_on)
        rows.append(moved)
        starts_on = moved.due_on
    return replace(account, installments=tuple(rows), dates_from=to, dates_from_number=number)


def keep_level(*, account: Account, number: int, on: date) -> Account:
    """Count the interest anew from this installment on; each stays as large as it was.

    So more interest pays less principal, and the last installment takes the balance. A period that
    has begun by ``on`` keeps the principal that it earns on; what is paid stays as it is.
    """
    changed: list[InstallmentAccount] = []
    rows = [row for row in account.installments if row.number >= number and row.left.planned]
    balance = total(row.left.principal for row in rows)
    for row in rows:
        earning = row.earning if row.has_begun(on=on) else balance
        interest = period_interest(account=account, installment=row, earning=earning)
        interest = max(row.paid.interest, interest + row.carried_interest)
        wanted = row.owed.planned - interest - row.paid.principal
        is_last = row is rows[-1]
        left = balance if is_last else max(NOTHING, min(wanted, balance))
        balance -= left
        owed = replace(row.owed, interest=interest, principal=row.paid.principal + left)
        changed.append(replace(row, earning=earning, owed=owed))
    return account.with_installments(*changed)


def spread_arrears(*, account: Account, on: date) -> Account:
    """What is past due is paid in equal parts with the installments due after this day.

    It earns interest again in the periods that have not begun.
    """
    arrears = _take_arrears(account, on=on)
    spread = _add_equally(arrears, on=on)
    return with_interest_on_what_is_left(account=spread, on=on)


def extend(*, account: Account, installments: int, on: date) -> Account:
    """So many more installments; what is left, arrears too, is paid back level over all of them.

    Interest and fees that are past due are added in equal parts on top.
    """
    arrears = _take_arrears(account, on=on)
    longer = _with_more_rows(arrears.account, more=installments, on=on)
    last = account.installments[-1].number
    rows = [
        row
        for row in longer.installments
        if row.due_on > on and (row.left.planned or row.number > last)
    ]
    balance = arrears.amounts.principal + total(row.left.principal for row in rows)
    levelled = longer.with_installments(*_level(longer, rows=rows, balance=balance, on=on))
    on_top = replace(arrears, amounts=replace(arrears.amounts, principal=NOTHING))
    extended = _add_equally(replace(on_top, account=levelled), on=on)
    return replace(extended, arrears_moved=account.arrears_moved + arrears.amounts.planned)


def _level(
    account: Account, *, rows: list[InstallmentAccount], balance: Money, on: date
) -> list[InstallmentAccount]:
    """Rows that pay this balance back, each as much as the others; begun ones keep their interest.

    Interest that was carried into a period that has not begun is asked for on top of the level.
    """
    begun = [row for row in rows if row.has_begun(on=on)]
    planned = level_rows(
        financed=balance,
        periods=[_period(account, row, on=on, balance=balance) for row in rows],
        multiple=account.terms.installment_multiple_of,
    )
    changed = []
    for row, level in zip(rows, planned, strict=True):
        carried = NOTHING if row in begun else row.carried_interest - row.paid.interest
        owed = replace(
            row.owed,
            principal=row.paid.principal + level.principal,
            interest=row.paid.interest + level.interest + carried,
        )
        earning = row.earning if row in begun else level.balance + level.principal
        changed.append(replace(row, owed=owed, earning=earning))
    return changed


def _due_on(account: Account, *, start: date, steps: int) -> date:
    terms = account.terms
    return due_date(
        start=start,
        number=steps,
        every=terms.repay_every,
        unit=terms.repay_unit,
        month_end=terms.month_end,
    )


def _take_arrears(account: Account, *, on: date) -> _Arrears:
    """Ask for nothing more on the dates that are over; what was unpaid is told."""
    past = account.past_due(on=on)
    accrued = total(
        min(row.left.interest, max(NOTHING, row.accrued_interest - row.paid.interest))
        for row in past
    )
    settled = [
        replace(
            row,
            owed=row.paid,
            carried_interest=min(row.carried_interest, row.paid.interest),
            accrued_interest=min(row.accrued_interest, row.paid.interest),
        )
        for row in past
    ]
    return _Arrears(
        amounts=sum_of(row.left for row in past),
        accrued_interest=accrued,
        account=account.with_installments(*settled),
    )


def _add_equally(arrears: _Arrears, *, on: date) -> Account:
    """Equal parts to each unpaid installment due after the day; the last takes what is over."""
    account, amounts = arrears.account, arrears.amounts
    rows = [row for row in account.installments if row.due_on > on and row.left.planned]
    parts = zip(
        *(
            each.split(parts=len(rows))
            for each in (amounts.penalty, amounts.fee, amounts.interest, amounts.principal)
        ),
        strict=True,
    )
    accrued, changed = arrears.accrued_interest, []
    for row, (penalty, fee, interest, principal) in zip(rows, parts, strict=True):
        part = Amounts(penalty=penalty, fee=fee, interest=interest, principal=principal)
        earned = min(accrued, interest)
        accrued -= earned
        changed.append(
            replace(
                row,
                owed=row.owed + part,
                carried_interest=row.carried_interest + interest,
                accrued_interest=row.accrued_interest + earned,
            )
        )
    return replace(
        account.with_installments(*changed),
        arrears_moved=account.arrears_moved + amounts.planned,
    )


def _with_more_rows(account: Account, *, more: int, on: date) -> Account:
    """New installments after the last; from this day on, where every date is over."""
    last = account.installments[-1]
    if last.due_on <= on:
        account = replace(account, dates_from=on, dates_from_number=last.number)
    starts_on, rows = max(last.due_on, on), []
    for number in range(last.number + 1, last.number + 1 + more):
        due_on = _due_on(
            account, start=account.dates_from, steps=number - account.dates_from_number
        )
        rows.append(
            InstallmentAccount(
                number=number,
                starts_on=starts_on,
                due_on=due_on,
                regular_due_on=due_on,
                earning=NOTHING,
                owed=Amounts(),
            )
        )
        starts_on = due_on
    return replace(account, installments=(*account.installments, *rows))


def _period(
    account: Account, row: InstallmentAccount, *, on: date, balance: Money
) -> SchedulePeriod:
    """The period with what 1 birr of the balance earns in it.

    One that has begun earns on its own principal, so its factor is what is left of that interest.
    """
    if not row.has_begun(on=on):
        factor = earned_factor(account=account, installment=row, until=row.due_on)
        return SchedulePeriod(number=row.number, due=row.due_on, factor=factor)
    with localcontext(PRECISION):
        left = Decimal(row.left.interest.santim) / balance.santim
    return SchedulePeriod(number=row.number, due=row.due_on, factor=left)
