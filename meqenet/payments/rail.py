"""What a wallet rail is asked and what it answers, in our own words."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from meqenet.money import Money


class WalletProvider(StrEnum):
    """Wallets from which installments are collected."""

    TELEBIRR = "telebirr"
    """Ethio telecom's wallet; phones 2519…; installments are pulled under a mandate."""
    MPESA = "mpesa"
    """Safaricom Ethiopia's wallet; phones 2517…; installments are STK pushes."""


class RailStatus(StrEnum):
    """What the provider says of one order id."""

    PENDING = "pending"
    """Accepted; the money may still move. Ask again or await the callback."""
    SUCCEEDED = "succeeded"
    """The money has moved."""
    FAILED = "failed"
    """The money has not moved and will not under this id."""
    NOT_FOUND = "not_found"
    """The provider does not know the id: it never took the request."""


@dataclass(frozen=True, kw_only=True)
class PaymentAnswer:
    """The provider's word on one payment order, from a call, a query or a callback.

    Attributes:
        order_id: our attempt id (never the wire spelling).
        provider_reference: the provider's id of the request (CheckoutRequestID, payment_order_id).
        receipt: the provider's receipt of moved money (MpesaReceiptNumber, trans_id).
        amount: what moved, if the provider says so.
        failure_code: the provider's own code, verbatim, when FAILED.
        occurred_at: when the money moved by the provider's clock, aware UTC.
    """

    order_id: str
    status: RailStatus
    provider_reference: str | None = None
    receipt: str | None = None
    amount: Money | None = None
    failure_code: str | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class MandateTerms:
    """The mandate that a Telebirr customer signs for the later installments.

    Attributes:
        contract_no: 32 digits, unique in Telebirr's whole system, never reused.
        first_debit_on: the Addis date of the first debit (``executeTime``).
    """

    contract_no: str
    first_debit_on: date


@dataclass(frozen=True, kw_only=True)
class OpenCheckout:
    """A payment that the customer makes on the provider's own page (Telebirr preOrder).

    Attributes:
        order_id: our attempt id.
        title: what the customer sees; letters, digits, spaces only.
        return_url: where the browser goes afterwards; never proof of payment.
        expires_minutes: how long the order may be paid, 1 to 120.
        mandate: sign this mandate in the same step, when later installments are to be pulled.
    """

    order_id: str
    amount: Money
    title: str
    return_url: str | None
    expires_minutes: int
    mandate: MandateTerms | None = None


@dataclass(frozen=True, kw_only=True)
class CheckoutOpened:
    """Where the customer pays.

    Attributes:
        url: the web paygate URL, for a browser.
        raw_request: the signed request for the provider's app (``startPay``).
    """

    order_id: str
    provider_reference: str
    url: str
    raw_request: str


@dataclass(frozen=True, kw_only=True)
class PushPayment:
    """Ask the customer's phone for a payment (M-PESA STK push).

    Attributes:
        order_id: our attempt id.
        msisdn: 2517XXXXXXXX.
        account_reference: at most 12 letters/digits, shown to the customer.
    """

    order_id: str
    msisdn: str
    amount: Money
    account_reference: str


@dataclass(frozen=True, kw_only=True)
class DebitMandate:
    """Pull a payment under a signed mandate (Telebirr ``payment.disbursement``)."""

    order_id: str
    contract_no: str
    amount: Money
    title: str


class MandateStatus(StrEnum):
    """State of a mandate at the provider."""

    ABSENT = "absent"
    """Never signed, or unknown to the provider."""
    ACTIVE = "active"
    """Signed; debits are accepted within its terms."""
    ENDED = "ended"
    """Cancelled or expired."""


@dataclass(frozen=True, kw_only=True)
class MandateAnswer:
    """The provider's word on one mandate. ``mandate_id`` is the provider's id once signed."""

    contract_no: str
    status: MandateStatus
    mandate_id: str | None = None
    debit_limit: Money | None = None


@dataclass(frozen=True, kw_only=True)
class RefundPayment:
    """Give a collected payment back to the wallet it came from, in whole or in part.

    Attributes:
        refund_id: our refund id; the provider dedupes on it.
        order_id: the attempt whose money goes back.
        receipt: the provider's receipt of that payment.
        msisdn: the wallet's phone (M-PESA needs it).
        is_part: the payment has brought more; M-PESA reverses whole payments only, and pays out a
            part.
    """

    refund_id: str
    order_id: str
    receipt: str
    amount: Money
    msisdn: str
    is_part: bool = False


@dataclass(frozen=True, kw_only=True)
class RefundAnswer:
    """The provider's word on one refund."""

    refund_id: str
    status: RailStatus
    receipt: str | None = None
    failure_code: str | None = None


def payout_answer(*, said: PaymentAnswer) -> RefundAnswer:
    """The word on a payout to a wallet: it is asked for later, and called back, as a refund is."""
    return RefundAnswer(refund_id=said.order_id, status=said.status, failure_code=said.failure_code)
