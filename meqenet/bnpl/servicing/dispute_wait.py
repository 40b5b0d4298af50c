"""Which installments wait while a part of the order is in dispute, and when they are due again."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, timedelta

from meqenet.bnpl.servicing.account import Account
from meqenet.bnpl.servicing.order_refund import refund_order
from meqenet.bnpl.servicing_policy import RefundTo, ServicingPolicy
from meqenet.money import Money


def waiting_installments(
    *, account: Account, policy: ServicingPolicy, amount: Money, on: date
) -> tuple[int, ...]:
    """Those that giving the disputed part back would make smaller; each waits whole.

    Where a refund makes all to come a little smaller, the last ones wait that the part would pay:
    else the customer would pay nothing at all while a small part is in dispute.

    Args:
        account: as it is.
        policy: of the plan's product version.
        amount: the disputed part of the order's price.
        on: the Addis Ababa date.

    Raises:
        Refusal: as of :func:`meqenet.bnpl.servicing.order_refund.refund_order`.
    """
    if policy.refund.to is RefundTo.RE_AMORTISE:
        at_the_end = replace(policy.refund, to=RefundTo.LAST_INSTALLMENTS)
        policy = replace(policy, refund=at_the_end)
    after = refund_order(account=account, policy=policy, amount=amount, on=on).account
    return tuple(
        was.number
        for was, now in zip(account.installments, after.installments, strict=True)
        if was.left.planned and was.owed.principal != now.owed.principal
    )


def due_again(
    *, account: Account, waiting: Collection[int], on: date, after_days: int
) -> Account | None:
    """The account once what has waited is due again; None where no date has passed meanwhile.

    An installment whose date has passed is due so many days from now, and none after it before
    that, because dates are in order. Amounts stay: the wait has cost nothing.

    Args:
        account: as it is.
        waiting: numbers of those that wait.
        on: the Addis Ababa date on which the dispute is over.
        after_days: the days until then.
    """
    again, earliest, moved = on + timedelta(days=after_days), date.min, []
    for row in account.installments:
        if row.number in waiting and row.left.planned and row.due_on <= on:
            earliest = again
        if row.due_on < earliest:
            moved.append(replace(row, due_on=earliest))
    return account.with_installments(*moved) if moved else None
