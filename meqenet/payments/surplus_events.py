"""What can happen to money that no installment needs: it is the customer's, and goes back."""

from dataclasses import dataclass
from datetime import datetime

from meqenet.event_types import EventData
from meqenet.money import Money
from meqenet.payments.rail import WalletProvider


@dataclass(frozen=True, kw_only=True)
class SurplusReceived(EventData):
    """An attempt has brought money that nothing needs: the customer's credit."""

    event_type = "surplus_received"
    attempt_id: str
    """The attempt, and its order id at the provider."""
    installment_id: str
    """What it was to collect."""
    provider: WalletProvider
    """Who holds the money for us, and to whose wallet it can go back."""
    amount: Money
    """All that the attempt has brought; of money that came unasked, what was more than owed."""
    receipt: str | None
    """The provider's receipt of moved money."""
    moved_at: datetime
    """When the money moved, by the provider's clock if it says so."""
    paid_by: str | None
    """The attempt that has paid the installment; null where none has, or where it is this one."""


@dataclass(frozen=True, kw_only=True)
class CreditReturnAsked(EventData):
    """A member of staff has a surplus sent back to the customer."""

    event_type = "credit_return_asked"
    attempt_id: str
    """The attempt that has brought the surplus."""
    refund_id: str
    """The refund by which it goes back."""
    amount: Money
    """How much of it: all."""
    by: str
    """Who asked, by the opaque id of the member of staff."""
    why: str
    """For what reason; no private data."""


@dataclass(frozen=True, kw_only=True)
class BillAssigned(EventData):
    """A member of staff says for which plan money came whose reference was no plan's number."""

    event_type = "bill_assigned"
    receipt: str
    """The provider's receipt of the money."""
    amount: Money
    """As the provider has told it; the plan asks about it before it takes it."""
    by: str
    """Who said so, by the opaque id of the member of staff."""
    why: str
    """How they know; no private data."""
