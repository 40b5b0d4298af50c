"""What can happen to money that had paid a plan and turns out not to have, or pays otherwise."""

from dataclasses import dataclass

from meqenet.event_types import EventData
from meqenet.money import Money
from meqenet.payments.rail import WalletProvider


@dataclass(frozen=True, kw_only=True)
class PaymentReversed(EventData):
    """The provider has taken an attempt's money back, or it was somebody else's: it is gone."""

    event_type = "payment_reversed"
    attempt_id: str
    """The attempt that had brought it."""
    replay_id: str
    """The replay by which the plan has taken it out."""
    provider: WalletProvider
    """Who had collected it for us."""
    amount: Money
    """All of it."""
    by: str
    """Who says so, by the opaque id of the member of staff."""
    why: str
    """For what reason; no private data."""


@dataclass(frozen=True, kw_only=True)
class PaymentRecounted(EventData):
    """The plan has replayed its payments: this one pays what the plan's own log says since then."""

    event_type = "payment_recounted"
    attempt_id: str
    """The attempt that brought the money."""
    replay_id: str
    """The replay."""
    credit: Money
    """What of it is the customer's credit from now on."""
