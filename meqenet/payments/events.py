"""What can happen to wallets, attempts to collect, and money on its way back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from meqenet.event_types import EventData, EventTypes, types_of
from meqenet.money import Money
from meqenet.payments.alarm_events import UnclearPaymentReleased, UnclearPaymentTaken
from meqenet.payments.attempts import Finding, OrderState
from meqenet.payments.causes import FailureCause
from meqenet.payments.rail import MandateStatus, WalletProvider
from meqenet.payments.reconciliation import Because, Verdict
from meqenet.payments.reminder_events import REMINDER_IS, ReminderOpened
from meqenet.payments.replay_events import PaymentRecounted, PaymentReversed
from meqenet.payments.statement_document import StatementForm
from meqenet.payments.surplus_events import BillAssigned, CreditReturnAsked, SurplusReceived


@dataclass(frozen=True, kw_only=True)
class MandateChanged(EventData):
    """The customer's mandate for later installments has another status."""

    event_type = "mandate_changed"
    contract_no: str
    """The mandate's number, given by us."""
    status: MandateStatus
    """Its status now."""


@dataclass(frozen=True, kw_only=True)
class AttemptTold(EventData):
    """What every event of an attempt to collect tells. Base of the events below."""

    attempt_id: str
    """The attempt, and its order id at the provider."""
    installment_id: str
    """What it collects."""
    provider: WalletProvider
    """Who is asked for the money."""
    amount: Money
    """What is asked for."""
    cause: FailureCause | None
    """Why it failed, in our own words; null unless it has."""


@dataclass(frozen=True, kw_only=True)
class AttemptOpened(AttemptTold):
    """The intent to collect is stored; the provider has not heard of it."""

    event_type = "attempt_opened"
    channel: str
    """How the customer pays: on a page, by a push, under a mandate."""


@dataclass(frozen=True, kw_only=True)
class AttemptHeard(AttemptTold):
    """The provider's word on an attempt, or its silence. Base of the events below."""

    receipt: str | None
    """The provider's receipt of moved money."""
    moved_at: datetime | None
    """When the money moved, by the provider's clock if it says so."""


@dataclass(frozen=True, kw_only=True)
class AttemptCreated(AttemptHeard):
    """The provider does not know the order: it never took it, and may be asked again."""

    event_type = "attempt_created"


@dataclass(frozen=True, kw_only=True)
class AttemptPending(AttemptHeard):
    """The provider took it."""

    event_type = "attempt_pending"


@dataclass(frozen=True, kw_only=True)
class AttemptUnknown(AttemptHeard):
    """It was sent, and no readable answer came."""

    event_type = "attempt_unknown"


@dataclass(frozen=True, kw_only=True)
class AttemptSucceeded(AttemptHeard):
    """The money moved. Final."""

    event_type = "attempt_succeeded"


@dataclass(frozen=True, kw_only=True)
class AttemptFailed(AttemptHeard):
    """The money did not move, as far as is known. One that has moved after all is told later."""

    event_type = "attempt_failed"


@dataclass(frozen=True, kw_only=True)
class RefundTold(EventData):
    """What every event of a refund tells. Base of the events below."""

    refund_id: str
    """The refund, and its order id at the provider."""
    attempt_id: str
    """The attempt whose money goes back."""
    amount: Money
    """How much of it."""


@dataclass(frozen=True, kw_only=True)
class RefundOpened(RefundTold):
    """The intent to give money back is stored; the provider has not heard of it."""

    event_type = "refund_opened"
    reason: str
    """Why, in words for the customer."""


@dataclass(frozen=True, kw_only=True)
class RefundHeard(RefundTold):
    """The provider's word on a refund, or its silence. Base of the events below."""

    receipt: str | None
    """The provider's receipt of moved money."""
    moved_at: datetime | None
    """When the money moved, by the provider's clock if it says so."""


@dataclass(frozen=True, kw_only=True)
class RefundCreated(RefundHeard):
    """The provider does not know the order: it never took it, and may be asked again."""

    event_type = "refund_created"


@dataclass(frozen=True, kw_only=True)
class RefundPending(RefundHeard):
    """The provider took it."""

    event_type = "refund_pending"


@dataclass(frozen=True, kw_only=True)
class RefundUnknown(RefundHeard):
    """It was sent, and no readable answer came."""

    event_type = "refund_unknown"


@dataclass(frozen=True, kw_only=True)
class RefundSucceeded(RefundHeard):
    """The money went back. Final."""

    event_type = "refund_succeeded"


@dataclass(frozen=True, kw_only=True)
class RefundFailed(RefundHeard):
    """The money did not go back and will not under this id. Final."""

    event_type = "refund_failed"


@dataclass(frozen=True, kw_only=True)
class AttemptFindingMade(AttemptTold):
    """Two words on one attempt cannot both be true: a person has to look."""

    event_type = "finding_made"
    finding: Finding
    """What is wrong."""


@dataclass(frozen=True, kw_only=True)
class RefundFindingMade(RefundTold):
    """Two words on one refund cannot both be true: a person has to look."""

    event_type = "finding_made"
    finding: Finding
    """What is wrong."""


@dataclass(frozen=True, kw_only=True)
class StatementTold(EventData):
    """What every event of a provider's statement tells. Base of the events below."""

    provider: str
    """Whose statement."""
    day: date
    """The day in Addis Ababa that it is of."""


@dataclass(frozen=True, kw_only=True)
class StatementReceived(StatementTold):
    """A version of a day's statement is kept."""

    event_type = "statement_received"
    statement_version: int
    """1, 2, 3 … of this day."""
    form: StatementForm
    """How the document is written."""
    content_hash: str
    """SHA-256 of the document, in hexadecimal."""
    line_count: int
    """Lines that are read."""


@dataclass(frozen=True, kw_only=True)
class StatementReconciled(StatementTold):
    """Everything undecided at the provider has been judged beside this statement."""

    event_type = "statement_reconciled"
    statement_version: int
    """Which version."""
    line_counts: Mapping[str, int]
    """The statement's lines by how they have ended."""
    open_count: int
    """Differences that are open at the provider, of this day and of all others."""


@dataclass(frozen=True, kw_only=True)
class DifferenceTold(EventData):
    """What every event of a difference tells. Base of the events below."""

    provider: str
    """Whose statement."""
    item_id: str
    """The line, or the order that should be on a line."""
    order_id: str | None
    """Our order; null when no order of ours has its id."""
    amount: Money
    """Of the line, or of the order."""
    verdict: Verdict
    """How it stands."""


@dataclass(frozen=True, kw_only=True)
class DifferenceFound(DifferenceTold):
    """Statement, orders and ledger do not agree: somebody has to look."""

    event_type = "difference_found"
    because: Because
    """In what."""


@dataclass(frozen=True, kw_only=True)
class DifferenceSettled(DifferenceTold):
    """They agree by now, or a person has closed it."""

    event_type = "difference_settled"
    accepted_by: str | None
    """Who closed it; null when it agrees by itself."""
    reason: str | None
    """Why it was closed."""


ATTEMPT_IS: Final[Mapping[OrderState, type[AttemptHeard]]] = MappingProxyType(
    {
        OrderState.CREATED: AttemptCreated,
        OrderState.PENDING: AttemptPending,
        OrderState.UNKNOWN: AttemptUnknown,
        OrderState.SUCCEEDED: AttemptSucceeded,
        OrderState.FAILED: AttemptFailed,
    }
)
"""The event that tells of an attempt's new state."""
REFUND_IS: Final[Mapping[OrderState, type[RefundHeard]]] = MappingProxyType(
    {
        OrderState.CREATED: RefundCreated,
        OrderState.PENDING: RefundPending,
        OrderState.UNKNOWN: RefundUnknown,
        OrderState.SUCCEEDED: RefundSucceeded,
        OrderState.FAILED: RefundFailed,
    }
)
"""The event that tells of a refund's new state."""

EVENT_TYPES: Final = EventTypes(
    domain="payments",
    types=types_of(
        (
            MandateChanged,
            AttemptOpened,
            *ATTEMPT_IS.values(),
            RefundOpened,
            *REFUND_IS.values(),
            AttemptFindingMade,
            RefundFindingMade,
            SurplusReceived,
            CreditReturnAsked,
            BillAssigned,
            PaymentReversed,
            PaymentRecounted,
            UnclearPaymentTaken,
            UnclearPaymentReleased,
            StatementReceived,
            StatementReconciled,
            DifferenceFound,
            DifferenceSettled,
            ReminderOpened,
            *REMINDER_IS.values(),
        )
    ),
)
"""Every event of the domain."""
