"""Which installments wait while a part of the order is in dispute, and when they are due again."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, timedelta

from meqenet.bnpl.servicing.account import Account, InstallmentAccount
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

    The first whose date has passed is due so many days from now, and the others that have waited as
    long after it as before: never is all of a long wait asked for at once. What has not waited is
    due when it was, or with the one before it, because dates are in order. Amounts stay: the wait
    has cost nothing.

    Args:
        account: as it is.
        waiting: numbers of those that wait.
        on: the Addis Ababa date on which the dispute is over.
        after_days: the days until then.
    """
    waited = [row for row in account.installments if row.number in waiting and row.left.planned]
    first = next((row for row in waited if row.due_on <= on), None)
    if first is None:
        return None
    by, before, moved = on + timedelta(days=after_days) - first.due_on, date.min, []
    for row in account.installments:
        later = _later(row, by=by, on=on) if row in waited and row.number >= first.number else row
        if later.due_on < before:
            later = replace(later, due_on=before)
        before = later.due_on
        moved.append(later)
    return account.with_installments(*moved)


def _later(row: InstallmentAccount, *, by: timedelta, on: date) -> InstallmentAccount:
    """A period that has begun has earned what it asks for, or goes on; another begins later."""
    if row.has_begun(on=on):
        return replace(row, due_on=row.due_on + by)
    return replace(
        row,
        starts_on=row.starts_on + by,
        due_on=row.due_on + by,
        regular_due_on=row.regular_due_on + by,
    )
