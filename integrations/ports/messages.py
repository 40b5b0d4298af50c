"""Port of the provider that passes messages on to customers, as SMS or as e-mail.

Errors as in :mod:`integrations.ports.wallets`. A message that the provider refuses is an *answer*
with ``REFUSED``, no error.
"""

from typing import Protocol

from meqenet.payments.messages import MessageAnswer, OutgoingMessage


class Messages(Protocol):
    """Messages, each known by its id."""

    async def send_message(self, *, message: OutgoingMessage) -> MessageAnswer:
        """Send a message. The same id with the same content is passed on once."""
        ...

    async def query_message(self, *, message_id: str) -> MessageAnswer:
        """Ask for a message's state; NOT_FOUND when the provider never took it."""
        ...
