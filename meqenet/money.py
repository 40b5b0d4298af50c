"""Money is a whole number of santim in one currency; nothing here rounds silently."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from enum import StrEnum
from typing import Self

SANTIM_PER_BIRR = 100
_LARGEST_SANTIM = 2**63 - 1
"""The stores keep santim in a BIGINT."""


class Currency(StrEnum):
    """Currencies in which Meqenet keeps books."""

    ETB = "ETB"
    """Ethiopian birr, ISO 4217 numeric 230, two decimals: 1 birr = 100 santim."""


@dataclass(frozen=True, order=True, slots=True)
class Money:
    """An amount in santim. Ordered and added only within its currency."""

    santim: int
    currency: Currency = Currency.ETB

    def __post_init__(self) -> None:
        # Asked first for its very type: in workflows' sandbox ``isinstance`` takes its time.
        if type(self.santim) is not int and (
            isinstance(self.santim, bool) or not isinstance(self.santim, int)
        ):
            raise TypeError(f"santim must be an int, got {type(self.santim).__name__}")
        if abs(self.santim) > _LARGEST_SANTIM:
            raise ValueError("amount: larger than the books can hold")

    @classmethod
    def zero(cls, currency: Currency = Currency.ETB) -> Self:
        """Nothing, in the currency given."""
        return cls(0, currency)

    @classmethod
    def from_birr(cls, birr: str | int | Decimal, currency: Currency = Currency.ETB) -> Self:
        """Read birr with at most two decimals exactly: ``"1250.50"`` is 125050 santim.

        Raises:
            ValueError: the text is no plain decimal number, or has more than two decimals.
        """
        if isinstance(birr, float):
            raise TypeError("money is never a float: give a decimal string")
        try:
            value = Decimal(birr)
        except InvalidOperation:
            raise ValueError(f"amount: {birr!r} is not a decimal number") from None
        if not value.is_finite():
            raise ValueError(f"amount: {birr!r} is not a finite number")
        santim = value * SANTIM_PER_BIRR
        if santim != santim.to_integral_value():
            raise ValueError("amount: more than two decimals")
        return cls(int(santim), currency)

    @classmethod
    def nearest(cls, santim: Decimal, currency: Currency = Currency.ETB) -> Self:
        """Round a computed number of santim half-even; the one place where interest is rounded."""
        return cls(int(santim.to_integral_value(rounding=ROUND_HALF_EVEN)), currency)

    @property
    def birr(self) -> Decimal:
        """The same amount in birr, exact, always with two decimals."""
        return Decimal(self.santim).scaleb(-2)

    def __str__(self) -> str:
        """The decimal string of our own wire: ``1250.50``."""
        return f"{self.birr:.2f}"

    def __add__(self, other: Self) -> Self:
        self._same_currency(other)
        return type(self)(self.santim + other.santim, self.currency)

    def __sub__(self, other: Self) -> Self:
        self._same_currency(other)
        return type(self)(self.santim - other.santim, self.currency)

    def __neg__(self) -> Self:
        return type(self)(-self.santim, self.currency)

    def __mul__(self, times: int) -> Self:
        if isinstance(times, bool) or not isinstance(times, int):
            raise TypeError("money is multiplied by whole numbers only; use portion() for rates")
        return type(self)(self.santim * times, self.currency)

    def __bool__(self) -> bool:
        return self.santim != 0

    def portion(self, *, basis_points: int) -> Self:
        """This share of the amount, rounded half-even: 250 basis points is 2.5 %."""
        return self.nearest(Decimal(self.santim) * basis_points / 10_000, self.currency)

    def split(self, *, parts: int) -> tuple[Self, ...]:
        """Equal parts in whole santim; the last takes the remainder, so the sum is exact."""
        if parts < 1:
            raise ValueError("parts: at least one")
        each = self.santim // parts
        last = self.santim - each * (parts - 1)
        amounts = [each] * (parts - 1) + [last]
        return tuple(type(self)(amount, self.currency) for amount in amounts)

    def _same_currency(self, other: Self) -> None:
        if self.currency is not other.currency:
            raise ValueError(f"currency: {self.currency} and {other.currency} do not add up")


def total(amounts: Iterable[Money], *, currency: Currency = Currency.ETB) -> Money:
    """The sum of the amounts; zero of ``currency`` when there are none."""
    collected: Sequence[Money] = tuple(amounts)
    return sum(collected, start=Money.zero(currency))
