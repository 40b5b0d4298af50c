"""What becomes of a plan when the merchant takes goods back, all of them or a part.

The customer owes less principal by the plan's rule. What need not be paid any more is no cash; what
the part has cost in interest was never owed, where the plan gives it back: each period asks for its
interest as if the part had not been lent. Only what the customer has paid beyond that goes back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, localcontext
from typing import assert_never

from meqenet.bnpl.rate_factor import PRECISION
from meqenet.bnpl.servicing.account import Account, InstallmentAccount, PaidPrincipal
from meqenet.bnpl.servicing.amounts import NOTHING
from meqenet.bnpl.servicing.interest import interest_to_day, with_interest_on_what_is_left
from meqenet.bnpl.servicing_policy import RefundTo, ServicingPolicy
from meqenet.errors import Mender, Refusal
from meqenet.money import Money, total


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefund:
    """What a refund of an order does to its plan.

    Attributes:
        on: the Addis Ababa date.
        amount: what the goods were worth that go back.
        gives_interest_back: what the part has cost is given back.
        owed_less: principal that need not be paid any more.
        interest_saved: unpaid interest that is not owed any more.
        interest_back: by installment, interest that had been paid and is the customer's again.
        account: as it is after it.
    """

    on: date
    amount: Money
    gives_interest_back: bool
    owed_less: Money
    interest_saved: Money
    interest_back: tuple[tuple[int, Money], ...]
    account: Account

    @property
    def interest_returned(self) -> Money:
        """All interest that had been paid and goes back."""
        return total(amount for _, amount in self.interest_back)

    @property
    def cash_back(self) -> Money:
        """What goes back to the customer, who has paid it."""
        return self.amount - self.owed_less + self.interest_returned


def refund_order(
    *,
    account: Account,
    policy: ServicingPolicy,
    amount: Money,
    on: date,
    returns_interest: bool | None = None,
) -> OrderRefund:
    """What a refund does, if it is made on this day; the preview, and the deed.

    Args:
        account: as it is.
        policy: of the plan's product version.
        amount: what goes back of the order's price; the caller knows how much of it is left.
        on: the Addis Ababa date.
        returns_interest: whether interest is given back; None leaves that to the policy.

    Raises:
        Refusal: ``refund_invalid``: not more than nothing; ``plan_charged_off``.
    """
    if amount <= NOTHING:
        raise Refusal(
            "refund_invalid", "amount: more than 0", mender=Mender.MERCHANT, field="amount"
        )
    if account.charged_off_on is not None:
        text = "plan: it was charged off; what its goods bring is settled with finance"
        raise Refusal("plan_charged_off", text, mender=Mender.MEQENET)
    gives_back = policy.refund.returns_interest if returns_interest is None else returns_interest
    less = min(amount, account.left.principal)
    lighter = (
        _as_if_not_lent(account, amount=amount, on=on)
        if gives_back
        else _earning_less(account, less=less, on=on)
    )
    after = _owing_less(lighter, to=policy.refund.to, less=less, on=on)
    back = zip(account.installments, after.installments, strict=True)
    saved = account.left.interest - after.left.interest
    return OrderRefund(
        on=on,
        amount=amount,
        gives_interest_back=gives_back,
        owed_less=less,
        interest_saved=saved,
        interest_back=tuple(
            (was.number, was.paid.interest - now.paid.interest)
            for was, now in back
            if was.paid.interest != now.paid.interest
        ),
        account=after,
    )


def _as_if_not_lent(account: Account, *, amount: Money, on: date) -> Account:
    """Periods that are over or have begun ask for the interest of the rest, from their start."""
    changed = []
    for row in account.installments:
        gone = min(amount, row.earning)
        if not gone or not (row.has_begun(on=on) or row.due_on <= on):
            continue
        with localcontext(PRECISION):
            of_it = Decimal(row.owed.interest.santim) * gone.santim / row.earning.santim
        interest = row.owed.interest - Money.nearest(of_it)
        changed.append(_with_interest(row, interest=interest, earning=row.earning - gone))
    return account.with_installments(*changed)


def _earning_less(account: Account, *, less: Money, on: date) -> Account:
    """From this day on; what was earned before stays owed."""
    ahead = (*account.paid_ahead, PaidPrincipal(on=on, principal=less))
    lighter = replace(account, paid_ahead=ahead)
    changed = []
    for row in account.installments:
        if row.has_begun(on=on) and row.due_on > on:
            earned = interest_to_day(account=lighter, installment=row, on=row.due_on)
            interest = min(row.owed.interest, row.carried_interest + earned)
            changed.append(_with_interest(row, interest=interest, earning=row.earning))
    return lighter.with_installments(*changed)


def _owing_less(account: Account, *, to: RefundTo, less: Money, on: date) -> Account:
    match to:
        case RefundTo.NEXT_INSTALLMENTS:
            lighter = _taken_from(account, rows=account.installments, less=less)
        case RefundTo.LAST_INSTALLMENTS:
            lighter = _taken_from(account, rows=reversed(account.installments), less=less)
        case RefundTo.RE_AMORTISE:
            to_come = [row for row in account.installments if row.due_on > on]
            from_these = min(less, total(row.left.principal for row in to_come))
            spread = _taken_evenly(account, rows=to_come, less=from_these)
            past = reversed(spread.installments)
            lighter = _taken_from(spread, rows=past, less=less - from_these)
        case _:
            assert_never(to)
    return with_interest_on_what_is_left(account=lighter, on=on)


def _taken_evenly(account: Account, *, rows: Sequence[InstallmentAccount], less: Money) -> Account:
    """From each in the proportion of what is left of it: so level installments stay level.

    The principal of a level plan grows by a factor from one to the next, whatever the balance is.
    """
    whole = total(row.left.principal for row in rows)
    changed, before, taken_before = [], NOTHING, NOTHING
    for row in rows:
        before += row.left.principal
        by_now = Money.nearest(Decimal(less.santim * before.santim) / max(1, whole.santim))
        owed = replace(row.owed, principal=row.owed.principal - (by_now - taken_before))
        changed.append(replace(row, owed=owed))
        taken_before = by_now
    return account.with_installments(*changed)


def _taken_from(account: Account, *, rows: Iterable[InstallmentAccount], less: Money) -> Account:
    changed, rest = [], less
    for row in rows:
        taken = min(rest, row.left.principal)
        if taken:
            owed = replace(row.owed, principal=row.owed.principal - taken)
            changed.append(replace(row, owed=owed))
            rest -= taken
    return account.with_installments(*changed)


def _with_interest(
    row: InstallmentAccount, *, interest: Money, earning: Money
) -> InstallmentAccount:
    """What was paid beyond the interest is not paid any more: it goes back."""
    return replace(
        row,
        owed=replace(row.owed, interest=interest),
        paid=replace(row.paid, interest=min(row.paid.interest, interest)),
        earning=earning,
        carried_interest=min(row.carried_interest, interest),
        accrued_interest=min(row.accrued_interest, interest),
    )
