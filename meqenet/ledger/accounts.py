"""The accounts of the books. A code is text: the account's name, and whose it is after a colon.

``docs/chart-of-accounts.md`` is the accountant's page of the same chart.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Side(StrEnum):
    """The two sides of an account."""

    DEBIT = "debit"
    """Left: what is had or owed to us grows."""
    CREDIT = "credit"
    """Right: what is owed by us, or earned, grows."""


class AccountType(StrEnum):
    """What a balance on the account means."""

    ASSET = "asset"
    """Money that is ours to receive or dispose of."""
    LIABILITY = "liability"
    """Money that belongs to somebody else."""
    INCOME = "income"
    """Money earned."""
    EXPENSE = "expense"
    """Money spent for good."""

    @property
    def normal_side(self) -> Side:
        """The side on which the account grows."""
        match self:
            case AccountType.ASSET | AccountType.EXPENSE:
                return Side.DEBIT
            case AccountType.LIABILITY | AccountType.INCOME:
                return Side.CREDIT


class Owner(StrEnum):
    """Whose the part after the colon is."""

    PROVIDER = "provider"
    """A wallet provider that holds collected money for us."""
    PLAN = "plan"
    """One payment plan."""
    MERCHANT = "merchant"
    """A merchant."""
    LENDER = "lender"
    """The lender of record of the plan's product."""
    HOUSE = "house"
    """Meqenet itself: the account is one, its code has no colon."""


class AccountName(StrEnum):
    """The chart: every account has one of these names."""

    PROVIDER_CLEARING = "provider_clearing"
    """Collected by a wallet provider, not yet on our bank account."""
    BANK_CLEARING = "bank_clearing"
    """What passes through our bank account: payouts take from it."""
    CUSTOMER_DEPOSITS = "customer_deposits"
    """Paid at checkout before the plan is active: still the customer's."""
    PLAN_RECEIVABLE = "plan_receivable"
    """Principal that the customer owes."""
    MERCHANT_PAYABLE = "merchant_payable"
    """Owed to the merchant and due by its terms."""
    MERCHANT_PROTECTED = "merchant_protected"
    """Owed to the merchant once the buyer's protection window has ended."""
    MERCHANT_FEE_INCOME = "merchant_fee_income"
    """Commission kept from the merchant's money."""
    INTEREST_INCOME = "interest_income"
    """Interest that customers have paid."""


_CHART: Final = {
    AccountName.PROVIDER_CLEARING: (AccountType.ASSET, Owner.PROVIDER),
    AccountName.BANK_CLEARING: (AccountType.ASSET, Owner.HOUSE),
    AccountName.CUSTOMER_DEPOSITS: (AccountType.LIABILITY, Owner.PLAN),
    AccountName.PLAN_RECEIVABLE: (AccountType.ASSET, Owner.PLAN),
    AccountName.MERCHANT_PAYABLE: (AccountType.LIABILITY, Owner.MERCHANT),
    AccountName.MERCHANT_PROTECTED: (AccountType.LIABILITY, Owner.PLAN),
    AccountName.MERCHANT_FEE_INCOME: (AccountType.INCOME, Owner.LENDER),
    AccountName.INTEREST_INCOME: (AccountType.INCOME, Owner.LENDER),
}
_OWNER_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """One account. ``owner_id`` is an opaque id, None for an account of the house.

    Raises:
        ValueError: the name needs an owner and has none, or the other way round, or the owner's id
            has characters that a code cannot hold.
    """

    name: AccountName
    owner_id: str | None = None

    def __post_init__(self) -> None:
        if (self.owner_id is None) is not (self.owner is Owner.HOUSE):
            raise ValueError(f"{self.name}: belongs to a {self.owner}")
        if self.owner_id is not None and not _OWNER_ID.fullmatch(self.owner_id):
            raise ValueError(f"{self.name}: the owner's id is letters, digits, dots, _ and - only")

    @property
    def code(self) -> str:
        """``provider_clearing:telebirr``, or ``bank_clearing`` for an account of the house."""
        return self.name if self.owner_id is None else f"{self.name}:{self.owner_id}"

    @property
    def type(self) -> AccountType:
        """What a balance on it means."""
        return _CHART[self.name][0]

    @property
    def owner(self) -> Owner:
        """Whose it is."""
        return _CHART[self.name][1]


def account_of(*, code: str) -> Account:
    """Read a code back.

    Raises:
        ValueError: no account of the chart is written so.
    """
    name, _, owner_id = code.partition(":")
    return Account(name=AccountName(name), owner_id=owner_id or None)
