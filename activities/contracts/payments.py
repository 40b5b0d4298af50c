"""What the payments domain and the wallet providers can be asked."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from activities.contracts.step import Nothing, Step, StepKind
from meqenet.money import Money
from meqenet.payments.query_times import QueryTimes
from meqenet.payments.rail import (
    CheckoutOpened,
    DebitMandate,
    MandateAnswer,
    OpenCheckout,
    PaymentAnswer,
    PushPayment,
    RefundAnswer,
    RefundPayment,
    WalletProvider,
)


class Channel(StrEnum):
    """How an attempt asks for the money."""

    CHECKOUT = "checkout"
    """The customer pays on the provider's page (Telebirr)."""
    MANDATE = "mandate"
    """Pulled under a signed mandate (Telebirr)."""
    PUSH = "push"
    """A prompt on the customer's phone (M-PESA)."""
    PAY_BILL = "pay_bill"
    """Not asked for: the customer has paid to our short code (M-PESA)."""


class AnswerSource(StrEnum):
    """Who told us."""

    CALL = "call"
    """The answer to the request itself."""
    QUERY = "query"
    """The answer to a question about it."""
    CALLBACK = "callback"
    """The provider called back."""
    STATEMENT = "statement"
    """The provider's statement of the day has it."""


class AttemptState(StrEnum):
    """Where an attempt stands."""

    CREATED = "created"
    """Stored; the provider may or may not have heard of it."""
    PENDING = "pending"
    """The provider took it."""
    UNKNOWN = "unknown"
    """Sent without a readable answer: only a query or a callback can tell."""
    SUCCEEDED = "succeeded"
    """The money moved. Final."""
    FAILED = "failed"
    """The money did not move and will not under this id. Final."""


@dataclass(frozen=True, kw_only=True)
class RegisterWallet:
    """Put the wallet that pays a plan on file; for Telebirr also the mandate's contract number."""

    plan_id: str
    provider: WalletProvider
    msisdn: str
    contract_no: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OpenAttempt:
    """Store the intent to collect, or a part of it, before it is sent; ``wallet_id`` or its own."""

    attempt_id: str
    plan_id: str
    installment_id: str
    channel: Channel
    amount: Money
    at: datetime
    wallet_id: str | None = None
    is_part: bool = False


@dataclass(frozen=True, kw_only=True)
class RecordAnswer:
    """Store what is known now; ``answer`` None means sent, outcome unknown."""

    attempt_id: str
    answer: PaymentAnswer | None
    source: AnswerSource
    at: datetime


@dataclass(frozen=True, kw_only=True)
class AttemptStanding:
    """The attempt after the answer. ``cause`` and ``retryable`` when failed.

    ``provider``: whose wallet it asks; None of older ones.
    """

    attempt_id: str
    state: AttemptState
    cause: str | None = None
    retryable: bool = False
    receipt: str | None = None
    amount: Money | None = None
    succeeded_at: datetime | None = None
    provider: WalletProvider | None = None


@dataclass(frozen=True, kw_only=True)
class AttemptOpened:
    """What the provider call needs. ``state`` tells whether this attempt was there before.

    ``standing`` is what is known of it, so that an end which is on file needs no question.
    ``questions`` says when the provider is asked about it; None where no policy does.
    """

    attempt_id: str
    provider: WalletProvider
    msisdn: str
    contract_no: str | None
    state: AttemptState
    provider_reference: str | None
    standing: AttemptStanding | None = None
    questions: QueryTimes | None = None


@dataclass(frozen=True, kw_only=True)
class RecordMandate:
    """Store what the provider says of the plan's mandate."""

    plan_id: str
    answer: MandateAnswer
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OpenRefund:
    """Store the intent to give an attempt's money back."""

    refund_id: str
    attempt_id: str
    amount: Money
    reason: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class RefundOpened:
    """The refund order for the provider."""

    provider: WalletProvider
    order: RefundPayment
    state: AttemptState


@dataclass(frozen=True, kw_only=True)
class RecordRefund:
    """Store what is known of a refund; ``answer`` None means sent, outcome unknown."""

    refund_id: str
    answer: RefundAnswer | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class QueryPayment:
    """Ask for an order by what the provider called it, or for money that came by its receipt."""

    order_id: str
    provider_reference: str | None = None
    receipt: str | None = None


@dataclass(frozen=True, kw_only=True)
class QueryRefund:
    """Ask for a refund. ``order_id`` and ``receipt`` name the payment it gives back."""

    refund_id: str
    order_id: str
    receipt: str


@dataclass(frozen=True, kw_only=True)
class QueryMandate:
    """Ask for a mandate."""

    contract_no: str


@dataclass(frozen=True, kw_only=True)
class CancelMandate:
    """End a mandate. ``msisdn`` is the customer's phone (the wire's ``initiator``)."""

    contract_no: str
    msisdn: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class MandateLink:
    """The SuperApp link with which the customer signs."""

    link: str


@dataclass(frozen=True, kw_only=True)
class MandateToCancel:
    """The plan's mandate, if it has an active one."""

    contract_no: str | None
    msisdn: str


@dataclass(frozen=True, kw_only=True)
class FindMandate:
    """Which mandate must be cancelled now that the plan has ended?"""

    plan_id: str


@dataclass(frozen=True, kw_only=True)
class LoadPayments:
    """What must a run know that goes on with a plan whose process was lost?"""

    plan_id: str


@dataclass(frozen=True, kw_only=True)
class AttemptFound:
    """A stored attempt. ``succeeded_at``: when its money moved; a surplus pays no installment.

    ``provider``, ``wallet_id``: which wallet it asks; None of older ones. ``is_part``: of a part.
    """

    attempt_id: str
    state: AttemptState
    channel: Channel
    succeeded_at: datetime | None = None
    is_surplus: bool = False
    amount: Money | None = None
    provider: WalletProvider | None = None
    wallet_id: str | None = None
    is_part: bool = False


@dataclass(frozen=True, kw_only=True)
class RefundFound:
    """A stored refund."""

    refund_id: str
    attempt_id: str
    state: AttemptState


@dataclass(frozen=True, kw_only=True)
class LoadedPayments:
    """All orders of a plan, oldest first, the phone of its wallet, and ids of its other wallets."""

    msisdn: str | None = field(repr=False)
    attempts: tuple[AttemptFound, ...]
    refunds: tuple[RefundFound, ...]
    further_wallets: tuple[str, ...] = ()

    def attempt(self, *, attempt_id: str) -> AttemptFound | None:
        """The attempt of that id, if it was ever opened."""
        return next((a for a in self.attempts if a.attempt_id == attempt_id), None)


REGISTER_WALLET = Step(name="payments.register_wallet", command=RegisterWallet, result=Nothing)
OPEN_ATTEMPT = Step(name="payments.open_attempt", command=OpenAttempt, result=AttemptOpened)
RECORD_ANSWER = Step(name="payments.record_answer", command=RecordAnswer, result=AttemptStanding)
RECORD_MANDATE = Step(name="payments.record_mandate", command=RecordMandate, result=Nothing)
FIND_MANDATE = Step(name="payments.find_mandate", command=FindMandate, result=MandateToCancel)
LOAD_PAYMENTS = Step(name="payments.load_payments", command=LoadPayments, result=LoadedPayments)
OPEN_REFUND = Step(name="payments.open_refund", command=OpenRefund, result=RefundOpened)
RECORD_REFUND = Step(name="payments.record_refund", command=RecordRefund, result=Nothing)

TELEBIRR_OPEN_CHECKOUT = Step(
    name="telebirr.open_checkout",
    command=OpenCheckout,
    result=CheckoutOpened,
    kind=StepKind.COMMAND,
)
TELEBIRR_QUERY_PAYMENT = Step(
    name="telebirr.query_payment",
    command=QueryPayment,
    result=PaymentAnswer,
    kind=StepKind.QUESTION,
    is_apart=True,
)
TELEBIRR_DEBIT_MANDATE = Step(
    name="telebirr.debit_mandate",
    command=DebitMandate,
    result=PaymentAnswer,
    kind=StepKind.COMMAND,
)
TELEBIRR_MANDATE_LINK = Step(
    name="telebirr.mandate_link",
    command=QueryMandate,
    result=MandateLink,
    kind=StepKind.QUESTION,
    is_apart=True,
)
TELEBIRR_QUERY_MANDATE = Step(
    name="telebirr.query_mandate",
    command=QueryMandate,
    result=MandateAnswer,
    kind=StepKind.QUESTION,
    is_apart=True,
)
TELEBIRR_CANCEL_MANDATE = Step(
    name="telebirr.cancel_mandate",
    command=CancelMandate,
    result=Nothing,
    kind=StepKind.QUESTION,
    is_apart=True,
)
TELEBIRR_REFUND = Step(
    name="telebirr.refund", command=RefundPayment, result=RefundAnswer, kind=StepKind.COMMAND
)
TELEBIRR_QUERY_REFUND = Step(
    name="telebirr.query_refund",
    command=QueryRefund,
    result=RefundAnswer,
    kind=StepKind.QUESTION,
    is_apart=True,
)
MPESA_PUSH_PAYMENT = Step(
    name="mpesa.push_payment", command=PushPayment, result=PaymentAnswer, kind=StepKind.COMMAND
)
MPESA_ASK_PAYMENT = Step(
    name="mpesa.ask_payment",
    command=QueryPayment,
    result=PaymentAnswer,
    kind=StepKind.QUESTION,
    is_apart=True,
)
MPESA_REVERSE_PAYMENT = Step(
    name="mpesa.reverse_payment", command=RefundPayment, result=RefundAnswer, kind=StepKind.COMMAND
)
MPESA_ASK_REFUND = Step(
    name="mpesa.ask_refund",
    command=QueryRefund,
    result=RefundAnswer,
    kind=StepKind.QUESTION,
    is_apart=True,
)


class PaymentsSteps(Protocol):
    """The payments domain's steps, each idempotent by its ids."""

    async def register_wallet(self, command: RegisterWallet) -> Nothing:
        """The phone is stored encrypted. Refusal ``wallet_differs`` for another phone later."""
        ...

    async def open_attempt(self, command: OpenAttempt) -> AttemptOpened:
        """Idempotent by attempt id.

        Refusals: ``attempt_open`` (another attempt of the installment is still open; a partial
        unique index holds it as well), ``installment_paid`` (one has succeeded).
        """
        ...

    async def record_answer(self, command: RecordAnswer) -> AttemptStanding:
        """A final state never changes; an answer that contradicts it is kept as a finding.

        SUCCEEDED with another amount than asked for is a defect (``amount_differs``).
        NOT_FOUND leaves CREATED/UNKNOWN attempts CREATED: they may be sent again.
        """
        ...

    async def record_mandate(self, command: RecordMandate) -> Nothing:
        """The newest word counts."""
        ...

    async def find_mandate(self, command: FindMandate) -> MandateToCancel:
        """``contract_no`` None when there is no active mandate."""
        ...

    async def open_refund(self, command: OpenRefund) -> RefundOpened:
        """Refusal ``refund_exceeds_payment``: all refunds together never exceed the payment."""
        ...

    async def record_refund(self, command: RecordRefund) -> Nothing:
        """A final state never changes."""
        ...

    async def load_payments(self, command: LoadPayments) -> LoadedPayments:
        """Changes nothing. A plan that is unknown here has no wallet and no orders."""
        ...
