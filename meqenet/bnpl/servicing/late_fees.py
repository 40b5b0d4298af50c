"""Late fees: what is charged when, what would be, and what is taken back.

A fee never counts as overdue itself, so no fee is taken on a fee. Each installment and period is
charged once, whatever asks; what was waived is not charged again.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from heapq import heapify, heappop, heappush

from meqenet.bnpl.servicing.account import Account, InstallmentAccount, LateFee, open_account
from meqenet.bnpl.servicing.amounts import NOTHING
from meqenet.bnpl.servicing_policy import Component, LateFeeBasis, LateFeePolicy
from meqenet.bnpl.terms import ScheduleTerms
from meqenet.errors import Mender, Refusal
from meqenet.money import Money, total


@dataclass(frozen=True, slots=True, kw_only=True)
class LateFeeCap:
    """What all late fees of a plan may come to, and what they have come to."""

    charged: Money
    cap: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargedLateFees:
    """The fees to charge now, and the account that owes them."""

    fees: tuple[LateFee, ...]
    account: Account


@dataclass(frozen=True, slots=True, kw_only=True)
class WaivedLateFee:
    """A late fee that is not owed any more, and the account without it."""

    number: int
    amount: Money
    account: Account


def late_fees_due(
    *, account: Account, policy: LateFeePolicy | None, until: date | None
) -> tuple[LateFee, ...]:
    """Fees that are to be charged by the end of this day if nothing is paid, in their order.

    Those of the account are left out. Of a day to come, they are what the customer is told in
    advance; of today, what is to be charged. They must be charged before a payment is taken in, for
    they depend on what is overdue.

    Args:
        account: as it is.
        policy: None: lateness costs nothing.
        until: an Addis Ababa date; None goes on until the caps are reached.
    """
    if policy is None or account.charged_off_on is not None:
        return ()
    rows = {row.number: row for row in account.installments if row.left.planned > NOTHING}
    charged = {(fee.number, fee.period) for fee in account.late_fees}
    first_after, found = timedelta(days=policy.grace_days + 1), list[LateFee]()
    days = [(row.due_on + first_after, row.number, 1) for row in rows.values()]
    heapify(days)
    while days:
        day, number, period = heappop(days)
        if until is not None and day > until:
            break
        if (number, period) not in charged:
            amount = _fee(rows[number], policy=policy, account=account, found=found)
            if amount <= NOTHING:
                continue
            found.append(LateFee(number=number, period=period, on=day, amount=amount))
        if policy.every_days is not None:
            heappush(days, (day + timedelta(days=policy.every_days), number, period + 1))
    return tuple(found)


def late_fees_if_never_paid(
    *, terms: ScheduleTerms, policy: LateFeePolicy | None
) -> tuple[LateFee, ...]:
    """Every fee of a plan whose customer pays at checkout and never again.

    What a Key Facts Statement shows before anything is signed. No plan costs more than this.
    """
    account = open_account(terms=terms)
    at_checkout = (row for row in account.installments if row.due_on == terms.disbursed_on)
    paid = account.with_installments(*(replace(row, paid=row.owed) for row in at_checkout))
    return late_fees_due(account=paid, policy=policy, until=None)


def charge_late_fees(
    *, account: Account, policy: LateFeePolicy | None, until: date
) -> ChargedLateFees:
    """Charge what is to be charged by the end of this day."""
    fees = late_fees_due(account=account, policy=policy, until=until)
    for fee in fees:
        row = next(row for row in account.installments if row.number == fee.number)
        owed = row.owed.plus(component=Component.PENALTY, amount=fee.amount)
        account = account.with_installments(replace(row, owed=owed))
    account = replace(account, late_fees=(*account.late_fees, *fees))
    return ChargedLateFees(fees=fees, account=account)


def plan_cap(*, account: Account, policy: LateFeePolicy) -> LateFeeCap:
    """What the fees of the plan may come to: a share of the sum financed, rounded down."""
    return LateFeeCap(
        charged=total(fee.amount for fee in account.late_fees),
        cap=_share(account.financed, percent=policy.plan_cap_percent),
    )


def waive_late_fee(*, account: Account, number: int, amount: Money) -> WaivedLateFee:
    """Take an unpaid late fee back, all of it or a part.

    Raises:
        Refusal: ``waiver_invalid``, naming the field and the rule.
    """
    row = account.installment(number=number)
    if row is None:
        raise _refusal("number", f"no installment {number}")
    if not NOTHING < amount <= row.left.penalty:
        raise _refusal(
            "amount", f"more than 0 and at most {row.left.penalty}, the unpaid late fees"
        )
    owed = row.owed.plus(component=Component.PENALTY, amount=-amount)
    return WaivedLateFee(
        number=number,
        amount=amount,
        account=account.with_installments(replace(row, owed=owed)),
    )


def _fee(
    row: InstallmentAccount, *, policy: LateFeePolicy, account: Account, found: list[LateFee]
) -> Money:
    """What another fee of the installment comes to, as far as its cap and the plan's allow."""
    so_far = (*account.late_fees, *found)
    of_plan = plan_cap(account=account, policy=policy).cap
    of_installment = _share(row.owed.planned, percent=policy.installment_cap_percent)
    return min(
        _uncapped(row, policy=policy),
        of_plan - total(each.amount for each in so_far),
        of_installment - total(each.amount for each in so_far if each.number == row.number),
    )


def _uncapped(row: InstallmentAccount, *, policy: LateFeePolicy) -> Money:
    match policy.basis:
        case LateFeeBasis.FIXED:
            return policy.amount or NOTHING
        case LateFeeBasis.PERCENT_OF_OVERDUE:
            return _share(row.left.planned, percent=policy.percent or Decimal(0))


def _share(amount: Money, *, percent: Decimal) -> Money:
    """In the customer's favour: a part of a santim is not charged."""
    santim = (Decimal(amount.santim) * percent / 100).to_integral_value(rounding=ROUND_DOWN)
    return Money(int(santim), amount.currency)


def _refusal(field: str, rule: str) -> Refusal:
    return Refusal("waiver_invalid", f"{field}: {rule}", mender=Mender.MEQENET, field=field)
