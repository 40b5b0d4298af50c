"""Who looks after a payment whose outcome has been unknown for too long."""

from dataclasses import dataclass

from meqenet.event_types import EventData


@dataclass(frozen=True, kw_only=True)
class UnclearPaymentTaken(EventData):
    """A member of staff looks after a payment whose outcome is unknown for too long."""

    event_type = "unclear_payment_taken"
    attempt_id: str
    """The attempt whose outcome is unknown."""
    by: str
    """Who has taken it, by the opaque id of the member of staff."""


@dataclass(frozen=True, kw_only=True)
class UnclearPaymentReleased(EventData):
    """Nobody of the staff looks after a payment of unknown end any more: it waits for another."""

    event_type = "unclear_payment_released"
    attempt_id: str
    """The attempt whose outcome is unknown."""
    owner: str
    """Who had taken it."""
    by: str
    """Who has released it: the owner, or a supervisor."""
