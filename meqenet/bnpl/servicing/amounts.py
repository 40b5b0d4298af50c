"""Money by what it pays for."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Self

from meqenet.bnpl.servicing_policy import Component
from meqenet.money import Money, total

NOTHING: Final = Money.zero()


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """Penalty, fee, interest and principal, apart."""

    penalty: Money = NOTHING
    fee: Money = NOTHING
    interest: Money = NOTHING
    principal: Money = NOTHING

    def __add__(self, other: Self) -> "Amounts":
        return Amounts(
            penalty=self.penalty + other.penalty,
            fee=self.fee + other.fee,
            interest=self.interest + other.interest,
            principal=self.principal + other.principal,
        )

    def __sub__(self, other: Self) -> "Amounts":
        return Amounts(
            penalty=self.penalty - other.penalty,
            fee=self.fee - other.fee,
            interest=self.interest - other.interest,
            principal=self.principal - other.principal,
        )

    @property
    def total(self) -> Money:
        """All four."""
        return self.penalty + self.fee + self.interest + self.principal

    @property
    def planned(self) -> Money:
        """What the schedule asks for: principal and interest, no fees."""
        return self.principal + self.interest

    @property
    def fees(self) -> Money:
        """Penalty and fee: what the books call late fees."""
        return self.penalty + self.fee

    @property
    def has_negative(self) -> bool:
        """Whether one of them is less than nothing."""
        return min(self.penalty, self.fee, self.interest, self.principal) < NOTHING

    def of(self, component: Component) -> Money:
        """One of the four."""
        match component:
            case Component.PENALTY:
                return self.penalty
            case Component.FEE:
                return self.fee
            case Component.INTEREST:
                return self.interest
            case Component.PRINCIPAL:
                return self.principal

    def plus(self, *, component: Component, amount: Money) -> Self:
        """The same with more of one of them."""
        return replace(self, **{component.value: self.of(component) + amount})


NO_AMOUNTS: Final = Amounts()


def sum_of(amounts: Iterable[Amounts]) -> Amounts:
    """All of them together, by what they pay for."""
    collected = tuple(amounts)
    return Amounts(
        penalty=total(each.penalty for each in collected),
        fee=total(each.fee for each in collected),
        interest=total(each.interest for each in collected),
        principal=total(each.principal for each in collected),
    )
