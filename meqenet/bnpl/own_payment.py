"""What a customer can pay by their own will, and what it pays: the preview, and the deed.

It pays by the plan's own rule (:mod:`meqenet.bnpl.servicing.allocation`): the oldest installment
that is owed, then the next, and so on up to all of them; the last that it reaches may be paid in
part. What it pays of principal before its date earns no interest in the periods to come.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from meqenet.bnpl.payment_events import FeePart, SchedulePart
from meqenet.bnpl.servicing.account import Account
from meqenet.bnpl.servicing.allocation import Allocation, allocate
from meqenet.bnpl.servicing.amounts import NOTHING
from meqenet.bnpl.servicing.pay_off import pay_off_quote
from meqenet.bnpl.servicing.pouring import amounts_of
from meqenet.bnpl.servicing_policy import PaidAhead, ServicingPolicy
from meqenet.errors import Refusal
from meqenet.money import Money, total

PART_MIN: Final = Money.from_birr("1.00")
"""The least that is paid, and the least that a part may leave: a wallet is asked for no less."""


@dataclass(frozen=True, kw_only=True)
class OwnPayment:
    """A payment and what it pays.

    Attributes:
        amount: all of it; the parts add up to it.
        installments: those that are paid whole by it, in the order in which they are.
        late_fees: what of it pays late fees, by installment.
        ends_plan: whether nothing is owed after it.
        parts: what of it pays an installment in part, late fees aside.
        interest: what of it pays interest.
        interest_saved: interest of the schedule that need not be paid any more after it.
    """

    amount: Money
    installments: tuple[int, ...]
    late_fees: tuple[FeePart, ...]
    ends_plan: bool
    parts: tuple[SchedulePart, ...] = ()
    interest: Money = NOTHING
    interest_saved: Money = NOTHING


def payable_amounts(*, account: Account, policy: ServicingPolicy, on: date) -> tuple[Money, ...]:
    """What pays whole installments on this day, the least first; the last pays the plan off.

    Of a plan that earns interest these are the installments that are due, and that whose period has
    begun: what is paid of a later one is principal, and its date still asks for interest.

    Args:
        account: as it stands.
        policy: of the plan's product version.
        on: the Addis Ababa date of the payment.
    """
    return tuple(_sums(account, policy=policy, on=on))


def own_payment(
    *, account: Account, policy: ServicingPolicy, amount: Money | None, on: date
) -> OwnPayment:
    """What a payment pays.

    Args:
        account: as it stands.
        policy: of the plan's product version.
        amount: at most the last of :func:`payable_amounts`; None pays the plan off.
        on: the Addis Ababa date of the payment.

    Raises:
        Refusal: ``nothing_owed``; ``payment_too_much``: more than is owed; ``payment_too_small``:
            less than a wallet is asked for, or so much that less than that would be left of an
            installment. The text names what can be paid.
    """
    amounts = payable_amounts(account=account, policy=policy, on=on)
    if not amounts:
        raise Refusal("nothing_owed", "Nothing is owed any more.")
    most = amounts[-1]
    wanted = most if amount is None else amount
    if wanted > most:
        text = f"amount: at most {most} birr, which is all that is owed"
        raise Refusal("payment_too_much", text, field="amount")
    if wanted < min(PART_MIN, most):
        text = f"amount: at least {min(PART_MIN, most)} birr"
        raise Refusal("payment_too_small", text, field="amount")
    if above := next((each for each in amounts if wanted < each < wanted + PART_MIN), None):
        text = f"amount: {above} birr, or at most {above - PART_MIN}; a rest under {PART_MIN} birr"
        raise Refusal("payment_too_small", f"{text} could not be collected", field="amount")
    allocation = allocate(account=account, policy=policy, amount=wanted, on=on)
    if number := _too_little_left(allocation.account):
        text = f"amount: less, or {most} birr, which is all; it would leave of installment {number}"
        rule = f"{text} less than the {PART_MIN} birr that can be collected"
        raise Refusal("payment_too_small", rule, field="amount")
    return told_of(account=account, allocation=allocation)


def _sums(account: Account, *, policy: ServicingPolicy, on: date) -> Iterator[Money]:
    pays_off = pay_off_quote(account=account, policy=policy, on=on).total
    owed = [row for row in account.installments if row.left.total]
    due = [row for row in owed if row.due_on <= on]
    ahead = [row for row in owed if row.due_on > on]
    if policy.paid_ahead is PaidAhead.LAST_INSTALLMENT:
        ahead.reverse()
    if account.terms.annual_rate_percent:
        ahead = [row for row in ahead[:1] if row.has_begun(on=on)]
    so_far = NOTHING
    for row in (*due, *ahead):
        so_far += row.left.total
        if so_far < pays_off:
            yield so_far
    if pays_off:
        yield pays_off


def _too_little_left(account: Account) -> int | None:
    """The installment, after a payment, whose rest is less than a wallet can be asked for."""
    return next(
        (row.number for row in account.installments if NOTHING < row.left.total < PART_MIN), None
    )


def told_of(*, account: Account, allocation: Allocation) -> OwnPayment:
    """What an allocation pays, by installment.

    Args:
        account: as it was before.
        allocation: of money that is not more than what was owed.

    Raises:
        ValueError: it left the customer a credit.
    """
    if allocation.credited:
        raise ValueError("a payment pays at most what is owed")
    before = {row.number: row.left for row in account.installments}
    after = {row.number: row.left for row in allocation.account.installments}
    paid = {
        number: amounts_of(part for part in allocation.parts if part.number == number)
        for number in dict.fromkeys(part.number for part in allocation.parts)
    }
    whole = [n for n in paid if before[n].planned and not after[n].planned]
    return OwnPayment(
        amount=allocation.amount,
        installments=tuple(whole),
        late_fees=tuple(
            FeePart(number=number, amount=by.fees) for number, by in paid.items() if by.fees
        ),
        ends_plan=allocation.ends_plan,
        parts=tuple(
            SchedulePart(number=number, amount=by.planned)
            for number, by in paid.items()
            if by.planned and number not in whole
        ),
        interest=allocation.paid.interest,
        interest_saved=interest_saved(account=account, allocation=allocation),
    )


def interest_saved(*, account: Account, allocation: Allocation) -> Money:
    """Interest of the schedule that is not owed any more after a payment, paid or not.

    Args:
        account: as it was before.
        allocation: the payment.
    """
    owed = (
        total(row.owed.interest for row in each.installments)
        for each in (account, allocation.account)
    )
    before, after = owed
    return before - after
