"""What a customer can pay by their own will, and what it pays: the preview, and the deed.

It pays by the plan's own rule (:mod:`meqenet.bnpl.servicing.allocation`), and whole installments:
the oldest that is owed, the next two, and so on up to all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from meqenet.bnpl.payment_events import FeePart
from meqenet.bnpl.servicing.account import Account
from meqenet.bnpl.servicing.allocation import Allocation, allocate
from meqenet.bnpl.servicing.amounts import NOTHING
from meqenet.bnpl.servicing.pay_off import pay_off_quote
from meqenet.bnpl.servicing_policy import PaidAhead, ServicingPolicy
from meqenet.errors import Refusal
from meqenet.money import Money, total


@dataclass(frozen=True, kw_only=True)
class OwnPayment:
    """A payment and what it pays.

    Attributes:
        amount: all of it; the parts add up to it.
        installments: those that are paid whole by it, in the order in which they are.
        late_fees: what of it pays late fees, by installment.
        ends_plan: whether nothing is owed after it.
    """

    amount: Money
    installments: tuple[int, ...]
    late_fees: tuple[FeePart, ...]
    ends_plan: bool


def payable_amounts(*, account: Account, policy: ServicingPolicy, on: date) -> tuple[Money, ...]:
    """What can be paid on this day, the least first; the last pays the plan off.

    Args:
        account: of a plan that is free of interest.
        policy: of the plan's product version.
        on: the Addis Ababa date of the payment.
    """
    return tuple(_sums(account, policy=policy, on=on))


def own_payment(
    *, account: Account, policy: ServicingPolicy, amount: Money | None, on: date
) -> OwnPayment:
    """What a payment pays.

    Args:
        account: of a plan that is free of interest.
        policy: of the plan's product version.
        amount: one of :func:`payable_amounts`; None pays the plan off.
        on: the Addis Ababa date of the payment.

    Raises:
        Refusal: ``payment_in_part``: it would leave a part of an installment, or is more than what
            is owed; the text names the amounts that can be paid. ``nothing_owed``.
    """
    amounts = payable_amounts(account=account, policy=policy, on=on)
    if not amounts:
        raise Refusal("nothing_owed", "Nothing is owed any more.")
    wanted = amounts[-1] if amount is None else amount
    if wanted not in amounts:
        choice = ", ".join(str(each) for each in amounts)
        text = f"amount: pay whole installments, one of {choice}"
        raise Refusal("payment_in_part", text, field="amount")
    return _told(account, allocate(account=account, policy=policy, amount=wanted, on=on))


def _sums(account: Account, *, policy: ServicingPolicy, on: date) -> Iterator[Money]:
    owed = [row for row in account.installments if row.left.total]
    due = [row for row in owed if row.due_on <= on]
    ahead = [row for row in owed if row.due_on > on]
    if policy.paid_ahead is PaidAhead.LAST_INSTALLMENT:
        ahead.reverse()
    so_far = NOTHING
    for row in (*due, *ahead):
        so_far += row.left.total
        yield so_far
    pays_off = pay_off_quote(account=account, policy=policy, on=on).total
    if so_far != pays_off:
        raise ValueError("an account that earns interest is not paid by whole installments")


def _told(account: Account, allocation: Allocation) -> OwnPayment:
    numbers = tuple(dict.fromkeys(part.number for part in allocation.parts))
    before = {row.number: row.left for row in account.installments}
    after = {row.number: row.left for row in allocation.account.installments}
    if any(after[number].total for number in numbers) or allocation.credited:
        raise ValueError("the payment does not pay whole installments")
    return OwnPayment(
        amount=total(before[number].total for number in numbers),
        installments=tuple(number for number in numbers if before[number].planned),
        late_fees=tuple(
            FeePart(number=number, amount=before[number].fees)
            for number in numbers
            if before[number].fees
        ),
        ends_plan=allocation.ends_plan,
    )
