"""What money pays of a plan that bears interest, as the plan's log and the books are told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from meqenet.bnpl.account_history import AccountHistory
from meqenet.bnpl.own_payment import interest_saved
from meqenet.bnpl.payment_events import OwnPaymentAllocated, PaidShare
from meqenet.bnpl.schedule_in_force import in_force
from meqenet.bnpl.servicing.account import Account
from meqenet.bnpl.servicing.allocation import allocate
from meqenet.bnpl.servicing.pay_off import pay_off_quote
from meqenet.bnpl.servicing.pouring import AllocatedPart, amounts_of
from meqenet.bnpl.servicing_policy import ServicingPolicy
from meqenet.money import Money, total


@dataclass(frozen=True, kw_only=True)
class PaidInstallment:
    """What a payment does to an installment.

    Attributes:
        share: what it pays of it, with what interest that is given back pays.
        principal_before: what of its principal other payments had paid.
        is_whole: nothing of what is scheduled is left of it.
    """

    share: PaidShare
    principal_before: Money
    is_whole: bool


def allocated_payment(
    *,
    account: Account,
    policy: ServicingPolicy,
    amount: Money,
    on: date,
    order: int,
    attempt_id: str,
) -> OwnPaymentAllocated | None:
    """What this money pays by the plan's rule; None: nothing is owed any more.

    Args:
        account: as it is before it.
        policy: of the plan's product version.
        amount: all of the money; what is more than what pays the plan off is credited.
        on: the Addis Ababa date as of which it pays.
        order: which payment of the plan it is.
        attempt_id: the attempt that brought it.
    """
    if account.is_paid:
        return None
    most = pay_off_quote(account=account, policy=policy, on=on).total
    paying = min(amount, most)
    if not paying:
        return None
    allocation = allocate(account=account, policy=policy, amount=paying, on=on)
    after = allocation.account
    due_later = {row.number for row in after.installments if row.due_on > on}
    ahead = amounts_of(part for part in allocation.parts if part.number in due_later).principal
    return OwnPaymentAllocated(
        order=order,
        attempt_id=attempt_id,
        on=on,
        amount=amount,
        shares=_shares(allocation.parts),
        from_credit=_shares(allocation.credit_parts),
        overpaid=amount - paying + allocation.credited,
        interest_returned=allocation.interest_returned,
        interest_saved=interest_saved(account=account, allocation=allocation),
        principal_ahead=ahead if not allocation.ends_plan else Money.zero(),
        installments=tuple(in_force(row=row) for row in after.installments),
        arrears_moved=after.arrears_moved,
        paid=total(row.paid.planned for row in after.installments),
    )


def paid_installment(
    *, told: OwnPaymentAllocated, number: int, history: AccountHistory
) -> PaidInstallment | None:
    """What a payment does to an installment; None: nothing.

    Args:
        told: the payment.
        number: the installment.
        history: of the plan's account; whether this payment's parts are in it makes no difference.
    """
    share = told.share_of(number=number)
    if share is None:
        return None
    row = next(row for row in told.installments if row.number == number)
    earlier = [
        part
        for part in history.parts
        if part.number == number and part.attempt_id != told.attempt_id
    ]
    principal_before = total(part.principal for part in earlier)
    interest = total(part.interest for part in earlier) + share.interest
    return PaidInstallment(
        share=share,
        principal_before=principal_before,
        # Where interest is given back, more of it was paid than is asked for.
        is_whole=principal_before + share.principal == row.principal and interest >= row.interest,
    )


def _shares(parts: Iterable[AllocatedPart]) -> tuple[PaidShare, ...]:
    found = tuple(parts)
    by_number = {
        number: amounts_of(part for part in found if part.number == number)
        for number in dict.fromkeys(part.number for part in found)
    }
    return tuple(
        PaidShare(
            number=number,
            principal=by.principal,
            interest=by.interest,
            late_fee=by.fees,
        )
        for number, by in by_number.items()
    )
