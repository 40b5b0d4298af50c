"""How a customer is asked for money, and whether that disturbs anybody."""

from enum import StrEnum

from meqenet.payments.rail import WalletProvider


class Channel(StrEnum):
    """How an attempt asks for the money."""

    CHECKOUT = "checkout"
    """The customer pays on the provider's page (Telebirr); a link is sent for it."""
    MANDATE = "mandate"
    """Pulled under a signed mandate (Telebirr): nobody is asked and no phone rings."""
    PUSH = "push"
    """A prompt on the customer's phone (M-PESA)."""
    PAY_BILL = "pay_bill"
    """Not asked for: the customer has paid to our short code (M-PESA)."""

    @property
    def disturbs(self) -> bool:
        """Whether the customer's phone rings or shows something."""
        return self not in (Channel.MANDATE, Channel.PAY_BILL)


def request_channel(*, provider: WalletProvider) -> Channel:
    """The channel on which this provider's customer confirms a payment with the PIN."""
    return Channel.CHECKOUT if provider is WalletProvider.TELEBIRR else Channel.PUSH
