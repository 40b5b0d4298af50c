"""How far a reminder has come, and what a further word on it changes."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from meqenet.payments.messages import MessageStatus


class ReminderState(StrEnum):
    """Where a reminder stands."""

    CREATED = "created"
    """Stored; the provider may or may not have heard of it."""
    UNKNOWN = "unknown"
    """Sent without a readable answer: only a query can tell."""
    SENT = "sent"
    """The provider has it and passes it on."""
    DELIVERED = "delivered"
    """It has reached the customer. Final."""
    UNDELIVERED = "undelivered"
    """It was passed on and did not arrive. Final."""
    REFUSED = "refused"
    """The provider does not pass it on. Final."""
    GIVEN_UP = "given_up"
    """Its time was over before the provider had taken it. Final."""

    @property
    def is_final(self) -> bool:
        """Whether nothing more can become of it."""
        return self not in _OPEN


_OPEN: Final = frozenset({ReminderState.CREATED, ReminderState.UNKNOWN, ReminderState.SENT})

STATE_OF: Final[Mapping[MessageStatus, ReminderState]] = {
    MessageStatus.ACCEPTED: ReminderState.SENT,
    MessageStatus.DELIVERED: ReminderState.DELIVERED,
    MessageStatus.UNDELIVERED: ReminderState.UNDELIVERED,
    MessageStatus.REFUSED: ReminderState.REFUSED,
    MessageStatus.NOT_FOUND: ReminderState.CREATED,
}
"""What the provider's word makes of a reminder; one that it does not know may be sent."""


def after_word(*, before: ReminderState, told: ReminderState) -> ReminderState:
    """Where a reminder stands after a word on it.

    A final state never changes, and what the provider once took it cannot forget.
    """
    if before.is_final:
        return before
    if before is ReminderState.SENT and not told.is_final:
        return before
    return told
