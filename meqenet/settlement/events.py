"""What can happen to what a merchant gets for a plan."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from meqenet.event_types import EventData, EventTypes, types_of
from meqenet.money import Money
from meqenet.settlement.payouts import PayoutState


@dataclass(frozen=True, kw_only=True)
class SettlementScheduled(EventData):
    """It is fixed what the merchant gets for a plan, and when."""

    event_type = "settlement_scheduled"
    payout_id: str
    """The payout that will bring it."""
    merchant_id: str
    """The merchant."""
    option: str
    """The plan's payment option, by which the fee was found."""
    gross: Money
    """The order's price."""
    fee: Money
    """What the merchant pays us."""
    net: Money
    """What the merchant gets: the price less the fee."""
    due_at: datetime
    """When it is paid out."""


@dataclass(frozen=True, kw_only=True)
class PayoutOpened(EventData):
    """The intent to pay is stored; the bank has not heard of it."""

    event_type = "payout_opened"
    payout_id: str
    """The payout, and its order id at the bank."""
    merchant_id: str
    """The merchant."""
    amount: Money
    """What is paid."""


@dataclass(frozen=True, kw_only=True)
class PayoutHeard(EventData):
    """The bank's word on a payout, or its silence. Base of the events below."""

    payout_id: str
    """The payout."""
    merchant_id: str
    """The merchant."""
    amount: Money
    """What is paid."""
    reason_code: str | None
    """Why the bank refused it: ISO 20022 status reason."""
    bank_reference: str | None
    """The bank's own number of the transfer."""


@dataclass(frozen=True, kw_only=True)
class PayoutCreated(PayoutHeard):
    """The bank does not know the payout: it never took it, and may be told again."""

    event_type = "payout_created"


@dataclass(frozen=True, kw_only=True)
class PayoutUnknown(PayoutHeard):
    """It was sent, and no readable answer came."""

    event_type = "payout_unknown"


@dataclass(frozen=True, kw_only=True)
class PayoutPending(PayoutHeard):
    """The bank took it."""

    event_type = "payout_pending"


@dataclass(frozen=True, kw_only=True)
class PayoutSettled(PayoutHeard):
    """The merchant has the money. Final."""

    event_type = "payout_settled"


@dataclass(frozen=True, kw_only=True)
class PayoutRejected(PayoutHeard):
    """The bank refused it; the money stays payable. Final."""

    event_type = "payout_rejected"


@dataclass(frozen=True, kw_only=True)
class PayoutContradicted(PayoutHeard):
    """The bank said otherwise than what is final: a person has to look."""

    event_type = "payout_contradicted"


PAYOUT_IS: Final[Mapping[PayoutState, type[PayoutHeard]]] = MappingProxyType(
    {
        PayoutState.CREATED: PayoutCreated,
        PayoutState.UNKNOWN: PayoutUnknown,
        PayoutState.PENDING: PayoutPending,
        PayoutState.SETTLED: PayoutSettled,
        PayoutState.REJECTED: PayoutRejected,
    }
)
"""The event that tells of a payout's new state."""

EVENT_TYPES: Final = EventTypes(
    domain="settlement",
    types=types_of((SettlementScheduled, PayoutOpened, *PAYOUT_IS.values(), PayoutContradicted)),
)
"""Every event of the domain."""
