"""The schedule of a plan after it has changed, as the plan's log tells it."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from meqenet.bnpl.servicing.account import InstallmentAccount
from meqenet.bnpl.servicing.amounts import Amounts
from meqenet.money import Money

NOTHING: Final = Money.zero()


@dataclass(frozen=True, kw_only=True)
class InstallmentInForce:
    """An installment as the schedule has it after a change; paid ones are among them."""

    number: int
    """Its place in the schedule, from 1."""
    due_on: date
    """Addis Ababa date on which it is collected."""
    principal: Money
    """Everything that it asks for of the principal, paid or not; nothing where it was moved."""
    interest: Money
    """The same of the interest."""
    late_fee: Money
    """The same of late fees."""
    starts_on: date
    """The first day of its period."""
    regular_due_on: date
    """When it would be due, had its own date not been moved."""
    earning: Money
    """The principal that earns in its period."""
    carried_interest: Money = NOTHING
    """What of the interest was owed on another date before."""

    @property
    def planned(self) -> Money:
        """What the schedule asks for, late fees aside."""
        return self.principal + self.interest

    def account(self) -> InstallmentAccount:
        """The installment with nothing paid."""
        return InstallmentAccount(
            number=self.number,
            starts_on=self.starts_on,
            due_on=self.due_on,
            regular_due_on=self.regular_due_on,
            earning=self.earning,
            carried_interest=self.carried_interest,
            owed=Amounts(principal=self.principal, interest=self.interest, penalty=self.late_fee),
        )


def in_force(*, row: InstallmentAccount) -> InstallmentInForce:
    """An installment as the log tells of it."""
    return InstallmentInForce(
        number=row.number,
        due_on=row.due_on,
        principal=row.owed.principal,
        interest=row.owed.interest,
        late_fee=row.owed.fees,
        starts_on=row.starts_on,
        regular_due_on=row.regular_due_on,
        earning=row.earning,
        carried_interest=row.carried_interest,
    )
