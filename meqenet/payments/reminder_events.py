"""What can happen to a reminder: stored, sent, and every word on what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from meqenet.event_types import EventData
from meqenet.payments.messages import MessageKind
from meqenet.payments.reminder_states import ReminderState
from meqenet.payments.reminders import Language, ReminderKind


@dataclass(frozen=True, kw_only=True)
class ReminderTold(EventData):
    """What every event of a reminder tells. Base of the events below; the text is in none."""

    reminder_id: str
    """The reminder, and its message id at the provider."""
    installment_id: str
    """What the customer is reminded of."""
    kind: ReminderKind
    """What is told of it."""
    message_channel: MessageKind
    """How it reaches the customer."""
    language: Language
    """In which language."""
    template_version: int
    """Which version of the texts."""


@dataclass(frozen=True, kw_only=True)
class ReminderOpened(ReminderTold):
    """The intent to remind is stored with its text; the provider has not heard of it."""

    event_type = "reminder_opened"
    text_hash: str
    """SHA-256 of the text, in hexadecimal."""


@dataclass(frozen=True, kw_only=True)
class ReminderHeard(ReminderTold):
    """The provider's word on a reminder, or its silence. Base of the events below."""

    failure_code: str | None
    """The provider's own code of a refusal or a failure; null without one."""


@dataclass(frozen=True, kw_only=True)
class ReminderCreated(ReminderHeard):
    """The provider does not know the message: it never took it, and may be asked again."""

    event_type = "reminder_created"


@dataclass(frozen=True, kw_only=True)
class ReminderUnknown(ReminderHeard):
    """It was sent, and no readable answer came."""

    event_type = "reminder_unknown"


@dataclass(frozen=True, kw_only=True)
class ReminderSent(ReminderHeard):
    """The provider has it and passes it on."""

    event_type = "reminder_sent"


@dataclass(frozen=True, kw_only=True)
class ReminderDelivered(ReminderHeard):
    """It has reached the customer. Final."""

    event_type = "reminder_delivered"


@dataclass(frozen=True, kw_only=True)
class ReminderUndelivered(ReminderHeard):
    """It was passed on and did not arrive. Final."""

    event_type = "reminder_undelivered"


@dataclass(frozen=True, kw_only=True)
class ReminderRefused(ReminderHeard):
    """The provider does not pass it on. Final."""

    event_type = "reminder_refused"


@dataclass(frozen=True, kw_only=True)
class ReminderGivenUp(ReminderHeard):
    """Its time was over before the provider had taken it. Final."""

    event_type = "reminder_given_up"


REMINDER_IS: Final[Mapping[ReminderState, type[ReminderHeard]]] = MappingProxyType(
    {
        ReminderState.CREATED: ReminderCreated,
        ReminderState.UNKNOWN: ReminderUnknown,
        ReminderState.SENT: ReminderSent,
        ReminderState.DELIVERED: ReminderDelivered,
        ReminderState.UNDELIVERED: ReminderUndelivered,
        ReminderState.REFUSED: ReminderRefused,
        ReminderState.GIVEN_UP: ReminderGivenUp,
    }
)
"""The event that tells of a reminder's new state."""
