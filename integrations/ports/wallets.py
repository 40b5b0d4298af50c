"""Ports of the wallet rails. Each call is sent once: nothing here retries what moves money.

Errors of every method: :class:`~meqenet.errors.Unavailable` when it is certain that nothing
happened (connection refused, token refused, provider says "busy"),
:class:`~meqenet.errors.OutcomeUnknown` when the request may have been acted upon (timeout or
dropped connection after sending, 5xx after sending, unreadable answer),
:class:`~meqenet.errors.Defect` when our own credentials, signature or grammar were refused. A
payment that the provider refused for a business reason is an *answer* with ``FAILED``, no error.
"""

from typing import Protocol

from meqenet.money import Money
from meqenet.payments.rail import (
    CheckoutOpened,
    DebitMandate,
    MandateAnswer,
    OpenCheckout,
    PaymentAnswer,
    PushPayment,
    RefundAnswer,
    RefundPayment,
)


class Telebirr(Protocol):
    """Telebirr's Fabric gateway."""

    async def open_checkout(self, *, request: OpenCheckout) -> CheckoutOpened:
        """Create an order (preOrder or, with a mandate, in-app createOrder)."""
        ...

    async def query_payment(self, *, order_id: str) -> PaymentAnswer:
        """Ask for the state of an order."""
        ...

    async def debit_mandate(self, *, request: DebitMandate) -> PaymentAnswer:
        """Pull money under a mandate."""
        ...

    async def query_mandate(self, *, contract_no: str) -> MandateAnswer:
        """Ask for the state of a mandate."""
        ...

    async def cancel_mandate(self, *, contract_no: str, msisdn: str, reason: str) -> None:
        """End a mandate. Ending one that has ended already is no error."""
        ...

    async def refund(self, *, request: RefundPayment) -> RefundAnswer:
        """Give a payment back, in whole or in part. The same refund id is acted upon once."""
        ...

    async def query_refund(self, *, refund_id: str, order_id: str, receipt: str) -> RefundAnswer:
        """Ask for a refund's state; NOT_FOUND when the gateway never took it."""
        ...

    def mandate_link(self, *, contract_no: str) -> str:
        """The SuperApp deep link with which a customer signs a mandate without paying."""
        ...


class Mpesa(Protocol):
    """M-PESA Ethiopia. Every final answer arrives by callback."""

    async def push_payment(self, *, request: PushPayment) -> PaymentAnswer:
        """Send an STK push; answers PENDING, or FAILED when refused at once."""
        ...

    async def ask_payment(
        self, *, order_id: str, provider_reference: str | None, receipt: str | None = None
    ) -> PaymentAnswer:
        """Ask for an order's state, or for money by its receipt; PENDING: a callback answers."""
        ...

    async def reverse_payment(self, *, request: RefundPayment) -> RefundAnswer:
        """Reverse a whole payment; the answer comes by callback."""
        ...

    async def ask_refund(self, *, refund_id: str) -> RefundAnswer:
        """Ask for a reversal's or a payout's state; PENDING: the answer comes by callback."""
        ...

    async def pay_out(self, *, order_id: str, msisdn: str, amount: Money) -> PaymentAnswer:
        """B2C: pay a customer; the answer comes by callback."""
        ...
