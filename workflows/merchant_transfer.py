"""The transfer of a merchant's payout: sent once, asked about until its end is known."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.contracts import merchant_settlement, settlement
    from meqenet.settlement.transfer import (
        CreditTransfer,
        PayoutRail,
        TransferAnswer,
        TransferStatus,
    )
    from workflows.asking import ask, believed_from, distances
    from workflows.messages import RefundReported
    from workflows.transfers import ask_about_transfer, send_transfer

_AGAIN_AFTER = distances(first=timedelta(seconds=1), longest=timedelta(hours=1), count=40)
_FINAL = (TransferStatus.SETTLED, TransferStatus.REJECTED)
_SEND = {
    PayoutRail.BANK: settlement.SEND_TRANSFER,
    PayoutRail.MPESA: settlement.MPESA_PAY_MERCHANT,
}
_ASK = {
    PayoutRail.BANK: settlement.QUERY_TRANSFER,
    PayoutRail.MPESA: settlement.MPESA_ASK_PAYOUT,
}


@dataclass(frozen=True, kw_only=True)
class MerchantTransfer:
    """What to send. ``at``: by the test clock, None in real time; ``asks_first``: may be sent."""

    transfer: CreditTransfer
    rail: PayoutRail
    at: datetime | None = None
    asks_first: bool = False


@workflow.defn
class MerchantTransferWorkflow:
    """Sees one transfer through. What is told by callback ends the waiting."""

    def __init__(self) -> None:
        self._told: TransferAnswer | None = None

    @workflow.run
    async def run(self, order: MerchantTransfer) -> TransferAnswer:
        """Return the final word; money moved only when SETTLED."""
        may_send = not order.asks_first
        believed_at = believed_from(asks_first=order.asks_first)
        turn = 0
        while True:
            # Taken before the call: what is told during it is looked at after it.
            told, self._told = self._told, None
            answer = told or await (
                send_transfer(order.transfer, step=_SEND[order.rail])
                if may_send
                else ask_about_transfer(order.transfer, step=_ASK[order.rail])
            )
            known = answer is not None and answer.status is not TransferStatus.NOT_FOUND
            may_send = (
                answer is not None
                and answer.status is TransferStatus.NOT_FOUND
                and workflow.now() >= believed_at
            )
            if known or answer is None:
                await ask(
                    merchant_settlement.RECORD_MERCHANT_PAYOUT,
                    merchant_settlement.RecordMerchantPayout(
                        payout_id=order.transfer.end_to_end_id,
                        answer=answer,
                        at=order.at or workflow.now(),
                    ),
                    summary=f"Store the answer: {answer.status if answer else 'unknown'}",
                )
            if answer is not None and answer.status in _FINAL:
                return answer
            wait = _AGAIN_AFTER[min(turn, len(_AGAIN_AFTER) - 1)]
            try:
                await workflow.wait_condition(
                    lambda: self._told is not None, timeout=wait, timeout_summary="then ask"
                )
            except TimeoutError:
                turn += 1

    @workflow.signal
    def refund_reported(self, reported: RefundReported) -> None:
        """The wallet provider has called back, as it does of whatever it pays out."""
        answer = settlement.transfer_answer(said=reported.answer)
        if answer.status in _FINAL:
            self._told = answer
