"""What can happen to what a merchant gets for a plan."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from meqenet.event_types import EventData, EventTypes, types_of
from meqenet.money import Money
from meqenet.settlement.authorisation_events import (
    OrderAuthorised,
    OrderPartCaptured,
    OrderPartVoided,
)
from meqenet.settlement.lines import LineKind, LineMoney
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.transfer import PayoutRail


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


@dataclass(frozen=True, kw_only=True)
class LineAdded(EventData):
    """Something adds to a merchant's money, or takes from it. ``gross - fee - tax = net``."""

    event_type = "line_added"
    line_id: str
    """The line."""
    merchant_id: str
    """The merchant."""
    kind_of_line: LineKind
    """What it is about."""
    money: LineMoney
    """Where the money stands in the books."""
    plan_id: str | None
    """The plan; none of what concerns no plan alone."""
    reference: str | None
    """The merchant's own order number."""
    gross: Money
    """Signed: what it is of, before our fee."""
    fee: Money
    """Signed: our fee on it."""
    tax: Money
    """Signed: the tax on the fee."""
    tax_code: str | None
    """What the tax is called."""
    net: Money
    """Signed: what it adds to a payout."""
    available_at: datetime
    """From when on a payout takes it."""


@dataclass(frozen=True, kw_only=True)
class MerchantPayoutOpened(EventData):
    """A merchant's day is closed: these lines are in a payout. Nothing has been sent."""

    event_type = "merchant_payout_opened"
    payout_id: str
    """The payout, and its order id at the bank or wallet provider."""
    merchant_id: str
    """The merchant."""
    day: date
    """The day that is closed, in Addis Ababa."""
    rail: PayoutRail
    """How the money travels."""
    amount: Money
    """What is paid."""
    shares: Money
    """What its plans bring."""
    owed_back: Money
    """What is kept because the merchant owed it."""
    reserve_held: Money
    """What is kept as a reserve."""
    reserve_released: Money
    """What is paid of reserves kept earlier."""
    line_ids: tuple[str, ...]
    """The lines whose sum it is."""


@dataclass(frozen=True, kw_only=True)
class MerchantPayoutHeard(EventData):
    """The provider's word on a merchant's payout, or its silence."""

    event_type = "merchant_payout_heard"
    payout_id: str
    """The payout."""
    merchant_id: str
    """The merchant."""
    amount: Money
    """What is paid."""
    state: PayoutState
    """Where it stands by now."""
    contradicts: bool
    """Whether it was told otherwise than what is final: a person has to look."""
    reason_code: str | None
    """Why it was refused."""
    bank_reference: str | None
    """The provider's own number of the transfer."""


@dataclass(frozen=True, kw_only=True)
class MerchantPayoutUnproven(EventData):
    """The lines and the ledger do not agree: nothing is sent before they do."""

    event_type = "merchant_payout_unproven"
    payout_id: str
    """The payout."""
    merchant_id: str
    """The merchant."""
    differences: tuple[str, ...]
    """In sentences: the account, what the lines say, and what the ledger says."""


@dataclass(frozen=True, kw_only=True)
class MerchantPayoutFinished(EventData):
    """Nothing is left to do for a payout: it is settled and posted, or it was rejected."""

    event_type = "merchant_payout_finished"
    payout_id: str
    """The payout."""
    merchant_id: str
    """The merchant."""
    state: PayoutState
    """How it ended."""


@dataclass(frozen=True, kw_only=True)
class MerchantPayoutRetryAsked(EventData):
    """A member of staff lets a merchant be paid again after a rejected payout."""

    event_type = "merchant_payout_retry_asked"
    payout_id: str
    """The payout that was rejected."""
    merchant_id: str
    """The merchant."""
    who: str
    """The member of staff."""
    why: str
    """The reason given."""


@dataclass(frozen=True, kw_only=True)
class MerchantOwes(EventData):
    """A day's lines take more than they bring: the merchant owes us the difference."""

    event_type = "merchant_owes"
    merchant_id: str
    """The merchant."""
    day: date
    """The day, in Addis Ababa."""
    amount: Money
    """What it owes."""


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
    types=types_of(
        (
            SettlementScheduled,
            PayoutOpened,
            *PAYOUT_IS.values(),
            PayoutContradicted,
            LineAdded,
            MerchantPayoutOpened,
            MerchantPayoutHeard,
            MerchantPayoutUnproven,
            MerchantPayoutFinished,
            MerchantPayoutRetryAsked,
            MerchantOwes,
            OrderAuthorised,
            OrderPartCaptured,
            OrderPartVoided,
        )
    ),
)
"""Every event of the domain."""
