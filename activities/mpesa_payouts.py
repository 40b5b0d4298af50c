"""M-PESA pays merchants (B2C): one call of the port per step, through its gate, nothing else."""

from activities.contracts import settlement as contract
from activities.edge import takes
from integrations.ports.gates import Gate
from integrations.ports.wallets import Mpesa
from meqenet.payments.lanes import Lane
from meqenet.payments.rail import payout_answer
from meqenet.settlement.transfer import CreditTransfer, TransferAnswer


class MpesaPayoutActivities:
    """The wallet's side of :class:`activities.contracts.settlement.BankSteps`."""

    def __init__(self, *, mpesa: Mpesa, gate: Gate) -> None:
        self._mpesa = mpesa
        self._gate = gate

    @takes(contract.MPESA_PAY_MERCHANT)
    async def pay_merchant(self, command: CreditTransfer) -> TransferAnswer:
        """Pay to a merchant's wallet; the end comes by callback, or is asked for."""
        async with self._gate.passing(lane=Lane.ORDERS):
            said = await self._mpesa.pay_out(
                order_id=command.end_to_end_id,
                msisdn=command.creditor.account_number,
                amount=command.amount,
            )
        return contract.transfer_answer(said=payout_answer(said=said))

    @takes(contract.MPESA_ASK_PAYOUT)
    async def ask_payout(self, command: contract.QueryTransfer) -> TransferAnswer:
        """Ask for a payout's state; the answer may come by callback."""
        async with self._gate.passing(lane=Lane.QUESTIONS):
            said = await self._mpesa.ask_refund(refund_id=command.end_to_end_id)
        return contract.transfer_answer(said=said)
