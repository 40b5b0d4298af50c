"""Messages to a customer: what goes out, and what the provider of messages says of it."""

from dataclasses import dataclass, field
from enum import StrEnum


class MessageKind(StrEnum):
    """How a message reaches its reader."""

    SMS = "sms"
    """A text to a phone number."""
    EMAIL = "email"
    """A text with a subject to an e-mail address."""


class MessageStatus(StrEnum):
    """Where a message stands, by the provider's word."""

    ACCEPTED = "accepted"
    """The provider has it and passes it on."""
    DELIVERED = "delivered"
    """It has reached the phone or the mailbox. Final."""
    UNDELIVERED = "undelivered"
    """It was passed on and did not arrive. Final."""
    REFUSED = "refused"
    """The provider does not pass it on, and says why. Final."""
    NOT_FOUND = "not_found"
    """The provider has no message of this id."""


@dataclass(frozen=True, kw_only=True)
class OutgoingMessage:
    """A message to be sent once, known by its id.

    Attributes:
        message_id: letters, digits, ``_`` and ``-``, given by us.
        to: the phone (``2519…``, 12 digits) or the e-mail address.
        subject: of an e-mail; a text message has none.
    """

    message_id: str
    kind: MessageKind
    to: str = field(repr=False)
    text: str = field(repr=False)
    subject: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class MessageAnswer:
    """What the provider says of one message.

    Attributes:
        failure_code: the provider's own, of a message that was refused or did not arrive.
    """

    message_id: str
    status: MessageStatus
    provider_reference: str | None = None
    failure_code: str | None = None
