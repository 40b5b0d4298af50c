"""Money fills installments in an order, each component up to what may be paid of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from meqenet.bnpl.servicing.account import Account, InstallmentAccount
from meqenet.bnpl.servicing.amounts import NOTHING, Amounts
from meqenet.bnpl.servicing_policy import Component
from meqenet.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocatedPart:
    """What of a payment pays one component of one installment."""

    number: int
    component: Component
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookings:
    """The parts as the books post them.

    Attributes:
        principal: principal paid.
        accrued_interest: interest paid that had been earned day by day before.
        interest: interest paid that is earned with the payment.
        late_fee: penalties and fees paid.
    """

    principal: Money = NOTHING
    accrued_interest: Money = NOTHING
    interest: Money = NOTHING
    late_fee: Money = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Poured:
    """Where money went, what it left, and the account after it."""

    parts: tuple[AllocatedPart, ...]
    bookings: Bookings
    rest: Money
    account: Account


def pour(
    *,
    account: Account,
    amount: Money,
    payable: Mapping[int, Amounts],
    components: Sequence[Component],
) -> Poured:
    """Pay the installments in the order of ``payable``, each up to what it says.

    Args:
        account: as it is.
        amount: the money.
        payable: what may be paid of each installment, by its number.
        components: their order inside an installment.
    """
    rest, parts, rows = amount, list[AllocatedPart](), list[InstallmentAccount]()
    accrued = NOTHING
    for row in _rows(account, numbers=payable):
        paid = row.paid
        for component in components:
            part = min(rest, payable[row.number].of(component))
            if part > NOTHING:
                parts.append(AllocatedPart(number=row.number, component=component, amount=part))
                paid = paid.plus(component=component, amount=part)
                rest -= part
        interest = paid.interest - row.paid.interest
        accrued += min(interest, max(NOTHING, row.accrued_interest - row.paid.interest))
        rows.append(replace(row, paid=paid))
    return Poured(
        parts=tuple(parts),
        bookings=_bookings(parts, accrued=accrued),
        rest=rest,
        account=account.with_installments(*rows),
    )


def amounts_of(parts: Iterable[AllocatedPart]) -> Amounts:
    """The parts together, by what they pay."""
    amounts = Amounts()
    for part in parts:
        amounts = amounts.plus(component=part.component, amount=part.amount)
    return amounts


def _rows(account: Account, *, numbers: Iterable[int]) -> list[InstallmentAccount]:
    by_number = {row.number: row for row in account.installments}
    return [by_number[number] for number in numbers]


def _bookings(parts: Sequence[AllocatedPart], *, accrued: Money) -> Bookings:
    amounts = amounts_of(parts)
    return Bookings(
        principal=amounts.principal,
        accrued_interest=accrued,
        interest=amounts.interest - accrued,
        late_fee=amounts.fees,
    )
