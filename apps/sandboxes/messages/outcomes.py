"""Well-known receivers: a phone's last two digits, or a mailbox's name, choose what happens.

``2519999999NN`` and ``2517999999NN``, or ``outcome+NN@…``; docs/sandboxes/messages.md holds the
table. They are other numbers than the well-known ones of wallets, which get their messages.
"""

import re
from enum import StrEnum

from apps.sandboxes.kernel.faults import Fault, FaultKind

_PHONE = re.compile(r"\+251[0-9]999999(\d{2})")
_MAILBOX = re.compile(r"outcome\+(\d{2})@.+")


class MessageOutcome(StrEnum):
    """What a message to a well-known receiver does. The value is the number's last two digits."""

    DELIVERED = "00"
    """Delivered like a message to any other receiver."""
    INVALID_DESTINATION = "01"
    """Refused at once: ``invalid_destination``."""
    BLOCKED = "02"
    """Refused at once: ``blocked``, as if the reader wanted no messages."""
    ABSENT = "03"
    """Accepted first; then undelivered with ``absent_subscriber``."""
    HELD = "04"
    """Accepted until the control API says more."""
    TIMEOUT_AFTER_COMMIT = "05"
    """Taken, and the answer is lost."""
    ERROR_AFTER_COMMIT = "06"
    """Taken, and the answer is HTTP 500."""
    UNAVAILABLE_ONCE = "07"
    """HTTP 503 once per message; then it is taken."""


REFUSALS = {
    MessageOutcome.INVALID_DESTINATION: "invalid_destination",
    MessageOutcome.BLOCKED: "blocked",
}
"""Reasons of messages that are refused at once."""

FAULTS = {
    MessageOutcome.TIMEOUT_AFTER_COMMIT: Fault(kind=FaultKind.TIMEOUT_AFTER_COMMIT),
    MessageOutcome.ERROR_AFTER_COMMIT: Fault(kind=FaultKind.ERROR_AFTER_COMMIT),
    MessageOutcome.UNAVAILABLE_ONCE: Fault(kind=FaultKind.UNAVAILABLE),
}
"""Faults that come with a receiver; the last one strikes once per message."""


def outcome_for(*, to: str) -> MessageOutcome:
    """What this receiver stands for; ``DELIVERED`` for all that are not well known."""
    match = _PHONE.fullmatch(to) or _MAILBOX.fullmatch(to)
    known = {outcome.value: outcome for outcome in MessageOutcome}
    return known.get(match[1], MessageOutcome.DELIVERED) if match else MessageOutcome.DELIVERED
