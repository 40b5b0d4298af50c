"""What a wallet may pay at most: dated data, for directives change it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from meqenet.money import Money
from meqenet.payments.channels import Channel, request_channel
from meqenet.payments.rail import WalletProvider


@dataclass(frozen=True, kw_only=True, slots=True)
class WalletLimits:
    """The limits of one level of wallets from a date on.

    Attributes:
        level: the wallet's level by the directive, for example ``level_2``.
        version: counts from 1 per level; a version that was in force never changes.
        effective_from: the first Addis Ababa date on which they hold.
        balance_max: a wallet never holds more, so it never pays more at once.
        per_day_max: all that it pays on one day of Addis Ababa.
        per_transaction_max: all that it pays at once; None where no rule says so.
        second_factor_above: a larger payment is confirmed by the customer; None where none needs
            to be.
        instrument: the directive, as it is cited.
        grades: how well each limit is known, by its name: A the instrument or an official summary
            was seen, B press or law-firm summary, C recalled and to be confirmed.

    Raises:
        ValueError: a rule of the above does not hold; the text names it.
    """

    level: str
    version: int
    effective_from: date
    balance_max: Money
    per_day_max: Money
    per_transaction_max: Money | None
    second_factor_above: Money | None
    instrument: str
    grades: Mapping[str, str]

    def __post_init__(self) -> None:
        amounts = (self.balance_max, self.per_day_max, self.per_transaction_max)
        threshold = self.second_factor_above
        rules = {
            "level: not empty": bool(self.level),
            "version: from 1": self.version >= 1,
            "limits: more than nothing": all(
                amount > Money.zero() for amount in amounts if amount is not None
            ),
            "second_factor_above: not negative": threshold is None or threshold >= Money.zero(),
            "grades: one for each limit that is set": set(self.grades) == self._set_limits,
            "grades: A, B or C": set(self.grades.values()) <= {"A", "B", "C"},
        }
        for rule, holds in rules.items():
            if not holds:
                raise ValueError(f"wallet limits of {self.level}: {rule}")

    @property
    def _set_limits(self) -> set[str]:
        names = ("balance_max", "per_day_max", "per_transaction_max", "second_factor_above")
        return {name for name in names if getattr(self, name) is not None}

    @property
    def payment_max(self) -> Money:
        """The most that can be paid at once."""
        return min(self.balance_max, self.per_day_max, self.per_transaction_max or self.per_day_max)

    def need_second_factor(self, *, amount: Money) -> bool:
        """Whether the customer has to confirm a payment of this amount."""
        return self.second_factor_above is not None and amount > self.second_factor_above


def confirmed_channel(
    *, channel: Channel, provider: WalletProvider, amount: Money, limits: WalletLimits
) -> Channel:
    """The channel itself, or one on which the customer confirms, where the amount needs that."""
    if not channel.disturbs and limits.need_second_factor(amount=amount):
        return request_channel(provider=provider)
    return channel
