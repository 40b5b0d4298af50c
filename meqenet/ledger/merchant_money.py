"""Where a merchant's money of a plan is."""

from enum import StrEnum


class MerchantMoney(StrEnum):
    """Where a merchant's money of a plan is when it is needed back."""

    AUTHORISED = "authorised"
    """Not captured yet: nothing of it is owed to the merchant."""
    PROTECTED = "protected"
    """Held for the buyer's protection: the merchant has not been owed it yet."""
    PAYABLE = "payable"
    """Owed to the merchant and not paid out."""
    PAID_OUT = "paid_out"
    """With the merchant, who owes it back."""
