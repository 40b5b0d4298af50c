"""The bank's own queue: one call of the port per step, through its gate, nothing else."""

from activities.contracts import settlement as contract
from activities.contracts.step import Nothing
from activities.contracts.turns import BANK_AWAIT_TURN, AwaitTurn
from activities.edge import takes
from integrations.ports.banks import Bank
from integrations.ports.gates import Gate
from meqenet.payments.lanes import Lane
from meqenet.settlement.transfer import CreditTransfer, TransferAnswer


class BankActivities:
    """See :class:`activities.contracts.settlement.BankSteps`."""

    def __init__(self, *, bank: Bank, gate: Gate) -> None:
        self._bank = bank
        self._gate = gate

    @takes(BANK_AWAIT_TURN)
    async def await_turn(self, command: AwaitTurn) -> Nothing:
        """Wait until the bank may be called."""
        await self._gate.await_turn(lane=command.lane, line=command.line)
        return Nothing()

    @takes(contract.SEND_TRANSFER)
    async def send_transfer(self, command: CreditTransfer) -> TransferAnswer:
        """Send an order."""
        async with self._gate.passing(lane=Lane.ORDERS):
            return await self._bank.send_transfer(order=command)

    @takes(contract.QUERY_TRANSFER)
    async def query_transfer(self, command: contract.QueryTransfer) -> TransferAnswer:
        """Ask for an order's state."""
        async with self._gate.passing(lane=Lane.QUESTIONS):
            return await self._bank.query_transfer(end_to_end_id=command.end_to_end_id)
