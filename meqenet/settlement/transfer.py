"""A credit transfer to a merchant's bank account, pacs.008-like (providers.md 4.6)."""

from dataclasses import dataclass
from enum import StrEnum

from meqenet.money import Money


class TransferStatus(StrEnum):
    """The bank's word on one end-to-end id."""

    PENDING = "pending"
    """Taken (PDNG); not yet settled."""
    SETTLED = "settled"
    """The creditor's account has the money (ACSC/ACCC)."""
    REJECTED = "rejected"
    """Refused (RJCT) with a reason; no money moved."""
    NOT_FOUND = "not_found"
    """The bank does not know the id: it never took the order."""


class PayoutRail(StrEnum):
    """How a merchant's money travels."""

    BANK = "bank"
    """By a credit transfer to a bank account."""
    MPESA = "mpesa"
    """By M-PESA (B2C) to a wallet."""


@dataclass(frozen=True, kw_only=True)
class PayoutAccount:
    """Where a merchant is paid: BIC (8 or 11 characters) and account number (no IBAN here).

    Of an M-PESA wallet the account number is its phone, 2517…, and there is no BIC.
    """

    bic: str
    account_number: str
    account_name: str
    rail: PayoutRail = PayoutRail.BANK


@dataclass(frozen=True, kw_only=True)
class CreditTransfer:
    """An order to pay. ``end_to_end_id`` is our payout id and the bank's duplicate check."""

    end_to_end_id: str
    creditor: PayoutAccount
    amount: Money
    remittance: str


@dataclass(frozen=True, kw_only=True)
class TransferAnswer:
    """What the bank said; ``reason_code`` is an ISO 20022 status reason when REJECTED."""

    end_to_end_id: str
    status: TransferStatus
    bank_reference: str | None = None
    reason_code: str | None = None
