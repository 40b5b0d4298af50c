"""M-PESA's own queue: one call of the port per step, nothing else."""

from activities.contracts import payments as contract
from activities.edge import takes
from integrations.ports.wallets import Mpesa
from meqenet.payments.rail import PaymentAnswer, PushPayment, RefundAnswer, RefundPayment


class MpesaActivities:
    """Errors are those of :mod:`integrations.ports.wallets`."""

    def __init__(self, *, mpesa: Mpesa) -> None:
        self._mpesa = mpesa

    @takes(contract.MPESA_PUSH_PAYMENT)
    async def push_payment(self, command: PushPayment) -> PaymentAnswer:
        """Send a prompt to the customer's phone."""
        return await self._mpesa.push_payment(request=command)

    @takes(contract.MPESA_ASK_PAYMENT)
    async def ask_payment(self, command: contract.QueryPayment) -> PaymentAnswer:
        """Ask for an order; the answer may come by callback."""
        return await self._mpesa.ask_payment(
            order_id=command.order_id, provider_reference=command.provider_reference
        )

    @takes(contract.MPESA_REVERSE_PAYMENT)
    async def reverse_payment(self, command: RefundPayment) -> RefundAnswer:
        """Reverse a whole payment."""
        return await self._mpesa.reverse_payment(request=command)

    @takes(contract.MPESA_ASK_REFUND)
    async def ask_refund(self, command: contract.QueryRefund) -> RefundAnswer:
        """Ask for a reversal; the answer may come by callback."""
        return await self._mpesa.ask_refund(refund_id=command.refund_id)
