"""The accounts of the books. A code is text: the account's name, and whose it is after a colon.

``docs/chart-of-accounts.md`` is the accountant's page of the same chart.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from meqenet.money import Currency


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
    """Money spent or lost for good."""
    CONTRA_ASSET = "contra_asset"
    """What is taken off the worth of an asset, which itself still stands in full."""

    @property
    def normal_side(self) -> Side:
        """The side on which the account grows."""
        match self:
            case AccountType.ASSET | AccountType.EXPENSE:
                return Side.DEBIT
            case AccountType.LIABILITY | AccountType.INCOME | AccountType.CONTRA_ASSET:
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
    """What passes through our bank account: providers settle into it, payouts take from it."""
    CUSTOMER_DEPOSITS = "customer_deposits"
    """Paid at checkout before the plan is active: still the customer's."""
    CUSTOMER_CREDIT = "customer_credit"
    """Overpaid or given back: the customer's, until it is applied or returned."""
    PLAN_RECEIVABLE = "plan_receivable"
    """Principal that the customer owes."""
    INTEREST_RECEIVABLE = "interest_receivable"
    """Interest earned day by day and not yet paid."""
    FEE_RECEIVABLE = "fee_receivable"
    """Late fees charged and not yet paid."""
    LOSS_ALLOWANCE = "loss_allowance"
    """The part of what the customer owes that is lost by the books."""
    MERCHANT_PAYABLE = "merchant_payable"
    """Owed to the merchant and due by its terms."""
    MERCHANT_AUTHORISED = "merchant_authorised"
    """What the merchant gets once it captures: owed to nobody before."""
    MERCHANT_PROTECTED = "merchant_protected"
    """Owed to the merchant once the buyer's protection window has ended."""
    MERCHANT_DISPUTED = "merchant_disputed"
    """Taken off what the merchant gets while a dispute about it is open."""
    MERCHANT_RECEIVABLE = "merchant_receivable"
    """Owed back by the merchant: refunds of money that had been paid out."""
    MERCHANT_SETTLING = "merchant_settling"
    """Paid out to the merchant plan by plan, until the whole payout is posted."""
    MERCHANT_RESERVE = "merchant_reserve"
    """Kept of the merchant's payouts for a while, by its terms."""
    MERCHANT_FEE_DEFERRED = "merchant_fee_deferred"
    """Commission kept and not yet earned."""
    MERCHANT_FEE_INCOME = "merchant_fee_income"
    """Commission earned with the principal that has come back."""
    INTEREST_INCOME = "interest_income"
    """Interest earned, paid or not."""
    LATE_FEE_INCOME = "late_fee_income"
    """Late fees charged, paid or not."""
    RECOVERY_INCOME = "recovery_income"
    """Paid after the plan had been charged off."""
    CREDIT_LOSSES = "credit_losses"
    """Charged off: what customers are not expected to pay."""
    PROVIDER_CHARGES = "provider_charges"
    """What a provider keeps for its service."""

    @property
    def type(self) -> AccountType:
        """What a balance on such an account means."""
        return _CHART[self][0]


_CHART: Final = {
    AccountName.PROVIDER_CLEARING: (AccountType.ASSET, Owner.PROVIDER),
    AccountName.BANK_CLEARING: (AccountType.ASSET, Owner.HOUSE),
    AccountName.CUSTOMER_DEPOSITS: (AccountType.LIABILITY, Owner.PLAN),
    AccountName.CUSTOMER_CREDIT: (AccountType.LIABILITY, Owner.PLAN),
    AccountName.PLAN_RECEIVABLE: (AccountType.ASSET, Owner.PLAN),
    AccountName.INTEREST_RECEIVABLE: (AccountType.ASSET, Owner.PLAN),
    AccountName.FEE_RECEIVABLE: (AccountType.ASSET, Owner.PLAN),
    AccountName.LOSS_ALLOWANCE: (AccountType.CONTRA_ASSET, Owner.PLAN),
    AccountName.MERCHANT_PAYABLE: (AccountType.LIABILITY, Owner.MERCHANT),
    AccountName.MERCHANT_AUTHORISED: (AccountType.LIABILITY, Owner.PLAN),
    AccountName.MERCHANT_PROTECTED: (AccountType.LIABILITY, Owner.PLAN),
    AccountName.MERCHANT_DISPUTED: (AccountType.LIABILITY, Owner.PLAN),
    AccountName.MERCHANT_RECEIVABLE: (AccountType.ASSET, Owner.MERCHANT),
    AccountName.MERCHANT_SETTLING: (AccountType.LIABILITY, Owner.MERCHANT),
    AccountName.MERCHANT_RESERVE: (AccountType.LIABILITY, Owner.MERCHANT),
    AccountName.MERCHANT_FEE_DEFERRED: (AccountType.LIABILITY, Owner.PLAN),
    AccountName.MERCHANT_FEE_INCOME: (AccountType.INCOME, Owner.LENDER),
    AccountName.INTEREST_INCOME: (AccountType.INCOME, Owner.LENDER),
    AccountName.LATE_FEE_INCOME: (AccountType.INCOME, Owner.LENDER),
    AccountName.RECOVERY_INCOME: (AccountType.INCOME, Owner.LENDER),
    AccountName.CREDIT_LOSSES: (AccountType.EXPENSE, Owner.LENDER),
    AccountName.PROVIDER_CHARGES: (AccountType.EXPENSE, Owner.PROVIDER),
}
HOLDABLE: Final = frozenset(
    {
        AccountName.MERCHANT_AUTHORISED,
        AccountName.MERCHANT_PROTECTED,
        AccountName.MERCHANT_DISPUTED,
        AccountName.CUSTOMER_CREDIT,
    }
)
"""Accounts whose money can be held, and of which no more is taken than is there and not held.

They are a plan's own, so whoever has to look before taking waits for nobody but the same plan.
"""
_OWNER_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """One account, in one currency. ``owner_id`` is an opaque id, None for the house.

    Raises:
        ValueError: the name needs an owner and has none, or the other way round, or the owner's id
            has characters that a code cannot hold.
    """

    name: AccountName
    owner_id: str | None = None
    currency: Currency = Currency.ETB

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
        return self.name.type

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
