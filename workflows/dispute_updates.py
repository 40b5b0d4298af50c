"""The plan's update and signal about disputes of its order; part of the plan's workflow."""

from temporalio import workflow

from workflows.asked_deed import AskedDeed
from workflows.dispute_messages import DisputeAnswer, DisputeOrder, OutcomeKnown
from workflows.dispute_rules import no_dispute, opened_by
from workflows.order_refund_updates import OrderRefundUpdates
from workflows.support import require


class DisputeUpdates(OrderRefundUpdates):
    """Having installments wait for a dispute, and following its end; beside refunds."""

    @workflow.update
    async def dispute_order(self, request: DisputeOrder) -> DisputeAnswer:
        """Have the disputed part wait; answers once that is recorded, and posted."""
        await self._have_done(AskedDeed(deed=request))
        return DisputeAnswer(dispute_id=opened_by(self._desk, request) or "")

    @dispute_order.validator
    def _may_be_disputed(self, request: DisputeOrder) -> None:
        if opened_by(self._desk, request) is None:
            require(no_dispute(self._desk, request))

    @workflow.signal
    def dispute_decided(self, known: OutcomeKnown) -> None:
        """A dispute is over: the plan follows its outcome."""
        self._desk.outcomes.append(known)
