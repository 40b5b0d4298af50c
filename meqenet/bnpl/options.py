"""The four ways to pay that a checkout can offer."""

from enum import StrEnum


class PaymentOption(StrEnum):
    """How a customer pays a merchant through Meqenet."""

    PAY_IN_4 = "pay_in_4"
    """A quarter at checkout, then three more every fourteen days; free of interest."""
    PAY_IN_30 = "pay_in_30"
    """The whole sum thirty days after activation; free of interest."""
    PAY_OVER_TIME = "pay_over_time"
    """Monthly installments with interest on the declining balance, priced by credit tier."""
    PAY_IN_FULL = "pay_in_full"
    """The whole sum at checkout; the merchant is paid after the buyer's protection window."""
