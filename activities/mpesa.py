"""M-PESA's own queues: one call of the port per step, through its gate, nothing else."""

from activities.contracts import payments as contract
from activities.contracts.late_money import MPESA_PAY_OUT_REFUND
from activities.contracts.step import Nothing
from activities.contracts.turns import MPESA_AWAIT_TURN, AwaitTurn
from activities.edge import takes
from integrations.ports.gates import Gate
from integrations.ports.wallets import Mpesa
from meqenet.payments.lanes import Lane
from meqenet.payments.rail import (
    PaymentAnswer,
    PushPayment,
    RefundAnswer,
    RefundPayment,
    payout_answer,
)


class MpesaActivities:
    """Errors are those of :mod:`integrations.ports.wallets` and :mod:`integrations.ports.gates`."""

    def __init__(self, *, mpesa: Mpesa, gate: Gate) -> None:
        self._mpesa = mpesa
        self._gate = gate

    @takes(MPESA_AWAIT_TURN)
    async def await_turn(self, command: AwaitTurn) -> Nothing:
        """Wait until M-PESA may be called."""
        await self._gate.await_turn(lane=command.lane, line=command.line)
        return Nothing()

    @takes(contract.MPESA_PUSH_PAYMENT)
    async def push_payment(self, command: PushPayment) -> PaymentAnswer:
        """Send a prompt to the customer's phone."""
        async with self._gate.passing(lane=Lane.ORDERS):
            return await self._mpesa.push_payment(request=command)

    @takes(contract.MPESA_ASK_PAYMENT)
    async def ask_payment(self, command: contract.QueryPayment) -> PaymentAnswer:
        """Ask for an order; the answer may come by callback."""
        async with self._gate.passing(lane=Lane.QUESTIONS):
            return await self._mpesa.ask_payment(
                order_id=command.order_id,
                provider_reference=command.provider_reference,
                receipt=command.receipt,
            )

    @takes(contract.MPESA_REVERSE_PAYMENT)
    async def reverse_payment(self, command: RefundPayment) -> RefundAnswer:
        """Reverse a whole payment."""
        async with self._gate.passing(lane=Lane.ORDERS):
            return await self._mpesa.reverse_payment(request=command)

    @takes(MPESA_PAY_OUT_REFUND)
    async def pay_out_refund(self, command: RefundPayment) -> RefundAnswer:
        """Pay a part of a payment out to the wallet that paid it."""
        async with self._gate.passing(lane=Lane.ORDERS):
            said = await self._mpesa.pay_out(
                order_id=command.refund_id, msisdn=command.msisdn, amount=command.amount
            )
        return payout_answer(said=said)

    @takes(contract.MPESA_ASK_REFUND)
    async def ask_refund(self, command: contract.QueryRefund) -> RefundAnswer:
        """Ask for a reversal or a payout; the answer may come by callback."""
        async with self._gate.passing(lane=Lane.QUESTIONS):
            return await self._mpesa.ask_refund(refund_id=command.refund_id)
