"""Telebirr's own queues: one call of the port per step, through its gate, nothing else."""

from activities.contracts import payments as contract
from activities.contracts.step import Nothing
from activities.contracts.turns import TELEBIRR_AWAIT_TURN, AwaitTurn
from activities.edge import takes
from integrations.ports.gates import Gate
from integrations.ports.wallets import Telebirr
from meqenet.payments.lanes import Lane
from meqenet.payments.rail import (
    CheckoutOpened,
    DebitMandate,
    MandateAnswer,
    OpenCheckout,
    PaymentAnswer,
    RefundAnswer,
    RefundPayment,
)


class TelebirrActivities:
    """Errors are those of :mod:`integrations.ports.wallets` and :mod:`integrations.ports.gates`."""

    def __init__(self, *, telebirr: Telebirr, gate: Gate) -> None:
        self._telebirr = telebirr
        self._gate = gate

    @takes(TELEBIRR_AWAIT_TURN)
    async def await_turn(self, command: AwaitTurn) -> Nothing:
        """Wait until Telebirr may be called."""
        await self._gate.await_turn(lane=command.lane, line=command.line)
        return Nothing()

    @takes(contract.TELEBIRR_OPEN_CHECKOUT)
    async def open_checkout(self, command: OpenCheckout) -> CheckoutOpened:
        """Create an order that the customer pays."""
        async with self._gate.passing(lane=Lane.ORDERS):
            return await self._telebirr.open_checkout(request=command)

    @takes(contract.TELEBIRR_QUERY_PAYMENT)
    async def query_payment(self, command: contract.QueryPayment) -> PaymentAnswer:
        """Ask for an order; Telebirr knows it by our id."""
        async with self._gate.passing(lane=Lane.QUESTIONS):
            return await self._telebirr.query_payment(order_id=command.order_id)

    @takes(contract.TELEBIRR_DEBIT_MANDATE)
    async def debit_mandate(self, command: DebitMandate) -> PaymentAnswer:
        """Pull money under a mandate."""
        async with self._gate.passing(lane=Lane.ORDERS):
            return await self._telebirr.debit_mandate(request=command)

    @takes(contract.TELEBIRR_MANDATE_LINK)
    async def mandate_link(self, command: contract.QueryMandate) -> contract.MandateLink:
        """Make the link with which a customer signs."""
        link = self._telebirr.mandate_link(contract_no=command.contract_no)
        return contract.MandateLink(link=link)

    @takes(contract.TELEBIRR_QUERY_MANDATE)
    async def query_mandate(self, command: contract.QueryMandate) -> MandateAnswer:
        """Ask for a mandate."""
        async with self._gate.passing(lane=Lane.QUESTIONS):
            return await self._telebirr.query_mandate(contract_no=command.contract_no)

    @takes(contract.TELEBIRR_CANCEL_MANDATE)
    async def cancel_mandate(self, command: contract.CancelMandate) -> Nothing:
        """End a mandate."""
        async with self._gate.passing(lane=Lane.QUESTIONS):
            await self._telebirr.cancel_mandate(
                contract_no=command.contract_no, msisdn=command.msisdn, reason=command.reason
            )
        return Nothing()

    @takes(contract.TELEBIRR_REFUND)
    async def refund(self, command: RefundPayment) -> RefundAnswer:
        """Give a payment back."""
        async with self._gate.passing(lane=Lane.ORDERS):
            return await self._telebirr.refund(request=command)

    @takes(contract.TELEBIRR_QUERY_REFUND)
    async def query_refund(self, command: contract.QueryRefund) -> RefundAnswer:
        """Ask for a refund."""
        async with self._gate.passing(lane=Lane.QUESTIONS):
            return await self._telebirr.query_refund(
                refund_id=command.refund_id, order_id=command.order_id, receipt=command.receipt
            )
