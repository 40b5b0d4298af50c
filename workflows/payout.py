"""The payout of a plan's merchant money through the bank, exactly once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.contracts import ledger, settlement
    from meqenet.ledger.happenings import MerchantPaidOut
    from meqenet.settlement.transfer import CreditTransfer, TransferAnswer, TransferStatus
    from workflows.asking import ask, believed_from, distances
    from workflows.transfers import ask_about_transfer, send_transfer

_AGAIN_AFTER = distances(first=timedelta(seconds=1), longest=timedelta(hours=1), count=40)


@dataclass(frozen=True, kw_only=True)
class PayoutOrder:
    """Which payout to send; its content is the settlement domain's.

    ``asks_first``: a run that was lost may have sent it.
    """

    plan_id: str
    merchant_id: str
    payout_id: str
    at: datetime
    asks_first: bool = False


@workflow.defn
class MerchantPayoutWorkflow:
    """Pays a merchant. Sent once under its end-to-end id; an unknown outcome is asked about."""

    @workflow.run
    async def run(self, order: PayoutOrder) -> TransferAnswer:
        """Return the bank's final word; money moved only when SETTLED, and is posted then."""
        transfer = await ask(
            settlement.OPEN_PAYOUT,
            settlement.OpenPayout(payout_id=order.payout_id, at=order.at),
            summary="Store the payout",
        )
        answer = await self._see_through(order, transfer)
        if answer.status is TransferStatus.SETTLED:
            await ask(
                ledger.POST,
                ledger.Post(
                    posting_id=order.payout_id,
                    happening=MerchantPaidOut(
                        plan_id=order.plan_id,
                        merchant_id=order.merchant_id,
                        payout_id=order.payout_id,
                        amount=transfer.amount,
                    ),
                    effective_at=order.at,
                ),
                summary="Post the payout",
            )
        return answer

    async def _see_through(self, order: PayoutOrder, transfer: CreditTransfer) -> TransferAnswer:
        may_send = not order.asks_first
        believed_at = believed_from(asks_first=order.asks_first)
        turn = 0
        while True:
            answer = await (
                send_transfer(transfer, step=settlement.SEND_TRANSFER)
                if may_send
                else ask_about_transfer(transfer, step=settlement.QUERY_TRANSFER)
            )
            known = answer is not None and answer.status is not TransferStatus.NOT_FOUND
            may_send = (
                answer is not None
                and answer.status is TransferStatus.NOT_FOUND
                and workflow.now() >= believed_at
            )
            if known or answer is None:
                await ask(
                    settlement.RECORD_PAYOUT,
                    settlement.RecordPayout(payout_id=order.payout_id, answer=answer, at=order.at),
                    summary=f"Store the answer: {answer.status if answer else 'unknown'}",
                )
            if answer is not None and answer.status in (
                TransferStatus.SETTLED,
                TransferStatus.REJECTED,
            ):
                return answer
            wait = _AGAIN_AFTER[min(turn, len(_AGAIN_AFTER) - 1)]
            await workflow.sleep(wait, summary="then ask the bank")
            turn += 1
