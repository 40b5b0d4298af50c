"""An installment as the books earn it."""

from dataclasses import dataclass
from datetime import date

from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class FinancedInstallment:
    """An installment as the books earn it: interest by its days, commission by its principal.

    ``starts_on`` is the first day that earns interest, ``ends_on`` the due date, which does not.
    """

    number: int
    principal: Money
    interest: Money
    starts_on: date
    ends_on: date
