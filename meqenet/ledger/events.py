"""What can happen to the books: a transaction is posted, and nothing else."""

from dataclasses import dataclass
from typing import Final

from meqenet.event_types import EventData, EventTypes, types_of
from meqenet.ledger.accounts import Side
from meqenet.ledger.happenings import Happening
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
    happening: Happening
    """What happened, in the words of whoever told the books."""
    entries: tuple[PostedEntry, ...]
    """Its lines: debits and credits are equal."""


EVENT_TYPES: Final = EventTypes(domain="ledger", types=types_of((TransactionPosted,)))
"""Every event of the domain."""
