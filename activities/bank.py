"""The bank's own queue: one call of the port per step, nothing else."""

from activities.contracts import settlement as contract
from activities.edge import takes
from integrations.ports.banks import Bank
from meqenet.settlement.transfer import CreditTransfer, TransferAnswer


class BankActivities:
    """See :class:`activities.contracts.settlement.BankSteps`."""

    def __init__(self, *, bank: Bank) -> None:
        self._bank = bank

    @takes(contract.SEND_TRANSFER)
    async def send_transfer(self, command: CreditTransfer) -> TransferAnswer:
        """Send an order."""
        return await self._bank.send_transfer(order=command)

    @takes(contract.QUERY_TRANSFER)
    async def query_transfer(self, command: contract.QueryTransfer) -> TransferAnswer:
        """Ask for an order's state."""
        return await self._bank.query_transfer(end_to_end_id=command.end_to_end_id)
