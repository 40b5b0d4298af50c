"""What a payment pays: the preview before it, and the truth after it, by the same function.

First what is past due, the oldest first, then what is due today, then what is to come, by the
plan's rule. Whatever pays the plan off on the day ends it; what is more is the customer's credit.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date

from meqenet.bnpl.servicing.account import Account, InstallmentAccount, LateFee, PaidPrincipal
from meqenet.bnpl.servicing.amounts import NOTHING, Amounts
from meqenet.bnpl.servicing.interest import with_interest_on_what_is_left
from meqenet.bnpl.servicing.late_fees import charge_late_fees
from meqenet.bnpl.servicing.pay_off import ended_account, pay_off_quote
from meqenet.bnpl.servicing.pouring import AllocatedPart, Bookings, amounts_of, pour
from meqenet.bnpl.servicing_policy import PaidAhead, ServicingPolicy
from meqenet.errors import Refusal
from meqenet.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """What a payment does.

    Attributes:
        on: the Addis Ababa date on which the money moved.
        amount: the payment; its parts and what is credited add up to it.
        parts: what it pays, in order.
        credited: more than was owed: the customer's credit.
        credit_parts: what credit from before pays beside it, where the plan is paid off.
        bookings: the parts, as the books post them.
        credit_bookings: the credit's parts, as the books post them.
        late_fees: charged before it, because they were due.
        interest_returned: interest paid earlier for days that will not come; it is credit first.
        interest_unearned: interest that the books had earned and that is not owed after all.
        is_recovery: the plan had been charged off.
        account: as it is after the payment.
    """

    on: date
    amount: Money
    parts: tuple[AllocatedPart, ...]
    credited: Money
    credit_parts: tuple[AllocatedPart, ...]
    bookings: Bookings
    credit_bookings: Bookings
    late_fees: tuple[LateFee, ...]
    interest_returned: Money
    interest_unearned: Money
    is_recovery: bool
    account: Account

    @property
    def paid(self) -> Amounts:
        """The parts together, by what they pay."""
        return amounts_of(self.parts)

    @property
    def ends_plan(self) -> bool:
        """Whether nothing is owed any more."""
        return self.account.is_paid


def allocate(
    *,
    account: Account,
    policy: ServicingPolicy,
    amount: Money,
    on: date,
    settles: Collection[int] = (),
) -> Allocation:
    """What a payment of this amount pays on this day.

    Late fees that are due by the day are charged first. Principal that is paid ahead of its date
    earns nothing in the periods to come, so the interest of these falls.

    Args:
        account: as it is before the payment.
        policy: of the plan's product version.
        amount: what the customer pays.
        on: the Addis Ababa date on which the money moves.
        settles: installments to come that are paid as planned, with all of their interest, though
            their periods may not have begun.

    Raises:
        Refusal: ``payment_invalid``: not more than nothing.
    """
    if amount <= NOTHING:
        raise Refusal("payment_invalid", "amount: more than 0", field="amount")
    if amount >= pay_off_quote(account=account, policy=policy, on=on).total:
        return _ending(account=account, policy=policy, amount=amount, on=on)
    charged = charge_late_fees(account=account, policy=policy.late_fee, until=on)
    poured = pour(
        account=charged.account,
        amount=amount,
        payable=_payable(charged.account, rule=policy.paid_ahead, on=on, settles=settles),
        components=policy.allocation_order,
    )
    # Less than the pay-off, so there is room for all of it: `rest` is nothing.
    return Allocation(
        on=on,
        amount=amount,
        parts=poured.parts,
        credited=poured.rest,
        credit_parts=(),
        bookings=poured.bookings,
        credit_bookings=Bookings(),
        late_fees=charged.fees,
        interest_returned=NOTHING,
        interest_unearned=NOTHING,
        is_recovery=account.charged_off_on is not None,
        account=after_parts(poured.account, parts=poured.parts, on=on),
    )


def pay_off_from_credit(*, account: Account, policy: ServicingPolicy, on: date) -> Allocation:
    """End a plan whose customer's own credit is enough: a payment of nothing.

    Raises:
        Refusal: ``payment_invalid``: the credit is not enough; the text names what is missing.
    """
    missing = pay_off_quote(account=account, policy=policy, on=on).total
    if missing:
        raise Refusal(
            "payment_invalid", f"amount: {missing} birr more than the credit", field="amount"
        )
    return _ending(account=account, policy=policy, amount=NOTHING, on=on)


def _ending(*, account: Account, policy: ServicingPolicy, amount: Money, on: date) -> Allocation:
    """The plan ends: credit pays first, the payment what is left, the rest is credit."""
    ended = ended_account(account=account, policy=policy, on=on)
    start = ended.account
    from_credit = pour(
        account=start,
        amount=start.credit,
        payable={row.number: row.left for row in start.installments},
        components=policy.allocation_order,
    )
    poured = pour(
        account=from_credit.account,
        amount=amount,
        payable={row.number: row.left for row in from_credit.account.installments},
        components=policy.allocation_order,
    )
    credit = from_credit.rest + poured.rest
    return Allocation(
        on=on,
        amount=amount,
        parts=poured.parts,
        credited=poured.rest,
        credit_parts=from_credit.parts,
        bookings=poured.bookings,
        credit_bookings=from_credit.bookings,
        late_fees=ended.late_fees,
        interest_returned=ended.interest_returned,
        interest_unearned=ended.interest_unearned,
        is_recovery=account.charged_off_on is not None,
        account=replace(poured.account, credit=credit, arrears_moved=NOTHING),
    )


def _payable(
    account: Account, *, rule: PaidAhead, on: date, settles: Collection[int]
) -> dict[int, Amounts]:
    """What may be paid of each installment, in the order in which it is paid."""
    due = [row for row in account.installments if row.due_on <= on]
    ahead = [row for row in account.installments if row.due_on > on]
    if rule is PaidAhead.LAST_INSTALLMENT:
        ahead.reverse()
    return {
        row.number: row.left if row.number in settles else _payable_of(account, row, on=on)
        for row in (*due, *ahead)
    }


def _payable_of(account: Account, row: InstallmentAccount, *, on: date) -> Amounts:
    """Everything left; of a period that has not begun no interest but what was earned before."""
    if row.due_on <= on or row.has_begun(on=on) or account.charged_off_on is not None:
        return row.left
    earned_before = max(NOTHING, row.carried_interest - row.paid.interest)
    return replace(row.left, interest=min(row.left.interest, earned_before))


def after_parts(account: Account, /, *, parts: tuple[AllocatedPart, ...], on: date) -> Account:
    """The account after these parts of it are paid: less earns, and less is left of moved arrears.

    Args:
        account: with the parts paid, and otherwise as it was before.
        parts: what is paid.
        on: the Addis Ababa date on which the money moves.
    """
    due_later = {row.number for row in account.installments if row.due_on > on}
    ahead = amounts_of(part for part in parts if part.number in due_later).principal
    moved = max(NOTHING, account.arrears_moved - amounts_of(parts).planned)
    account = replace(account, arrears_moved=moved)
    if not ahead:
        return account
    paid_ahead = (*account.paid_ahead, PaidPrincipal(on=on, principal=ahead))
    return with_interest_on_what_is_left(account=replace(account, paid_ahead=paid_ahead), on=on)
