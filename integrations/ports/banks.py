"""Port of the bank that pays merchants. Errors as in :mod:`integrations.ports.wallets`."""

from typing import Protocol

from meqenet.settlement.transfer import CreditTransfer, TransferAnswer


class Bank(Protocol):
    """Credit transfers, each known by its end-to-end id."""

    async def send_transfer(self, *, order: CreditTransfer) -> TransferAnswer:
        """Send an order. The same end-to-end id with the same content is acted upon once."""
        ...

    async def query_transfer(self, *, end_to_end_id: str) -> TransferAnswer:
        """Ask for an order's state."""
        ...
