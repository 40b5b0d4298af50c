"""What can happen to the books: a transaction is posted, money is held, a period is closed."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from meqenet.event_types import EventData, EventTypes, types_of
from meqenet.ledger.accounts import Side
from meqenet.ledger.happenings import Happening, PostingReversed
from meqenet.ledger.holds import HoldState
from meqenet.ledger.periods import PeriodKind
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class PostedEntry:
    """One line of a transaction."""

    account: str
    """The account's code: its name, and whose it is after a colon."""
    side: Side
    """Debit or credit."""
    amount: Money
    """More than nothing."""


@dataclass(frozen=True, kw_only=True)
class TransactionPosted(EventData):
    """A balanced transaction was posted; the event's id is the posting's."""

    event_type = "transaction_posted"
    happening: Happening | PostingReversed
    """What happened, in the words of whoever told the books."""
    entries: tuple[PostedEntry, ...]
    """Its lines: debits and credits are equal."""
    backdated_from: datetime | None = None
    """When it was true, if that lies in a period that was closed; it counts from later on."""


@dataclass(frozen=True, kw_only=True)
class HoldPlaced(EventData):
    """Money was kept for a posting that is still to come."""

    event_type = "hold_placed"
    hold_id: str
    """The id under which it will be posted."""
    account: str
    """The code of the account whose money is held."""
    amount: Money
    """How much of it."""
    happening: Happening
    """What will be posted."""
    expires_at: datetime | None
    """When the money is free again if it has not come about; null is never."""


@dataclass(frozen=True, kw_only=True)
class HoldEnded(EventData):
    """Nothing is kept for that posting any more."""

    event_type = "hold_ended"
    hold_id: str
    """The hold."""
    state: HoldState
    """Posted, voided or expired."""
    reason: str
    """Why: a sentence or a stable name."""


@dataclass(frozen=True, kw_only=True)
class PeriodClosed(EventData):
    """A day or a month, and everything before it, takes no entry any more."""

    event_type = "period_closed"
    kind: PeriodKind
    """A day or a month."""
    last_day: date
    """Its last day, in Addis Ababa."""
    closed_until: datetime
    """The first open instant."""
    closed_by: str
    """Who closed it: a name of the operator's own, not a person's data."""
    reason: str
    """Why."""


PERIODS_STREAM: Final = "ledger_periods"
"""The stream of what concerns no plan: the closing of periods."""
EVENT_TYPES: Final = EventTypes(
    domain="ledger", types=types_of((TransactionPosted, HoldPlaced, HoldEnded, PeriodClosed))
)
"""Every event of the domain."""
