"""Money that goes back because goods do, as it is shared over the payments that brought it."""

from dataclasses import dataclass

from meqenet.money import Money
from meqenet.payments.rail import WalletProvider


@dataclass(frozen=True, kw_only=True)
class CashBackPart:
    """A stored refund of one payment.

    Attributes:
        refund_id: the refund.
        attempt_id: the payment that it goes back to.
        provider: who has its wallet.
        amount: what of it goes back.
        is_new: the provider cannot have heard of it.
        is_returned: the wallet has it.
    """

    refund_id: str
    attempt_id: str
    provider: WalletProvider
    amount: Money
    is_new: bool
    is_returned: bool
