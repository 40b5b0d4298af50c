"""The plan's update and query about goods that go back; part of the plan's workflow."""

from temporalio import workflow

from workflows.asked_deed import AskedDeed
from workflows.hardship_updates import HardshipUpdates
from workflows.messages import PlanAnswer
from workflows.order_refund_messages import RefundOutlook, TakeGoodsBack
from workflows.order_refund_rules import outlook, repeated, shown
from workflows.support import No, require


class OrderRefundUpdates(HardshipUpdates):
    """Seeing what a refund of the order would do, and having it; beside changes in hardship."""

    @workflow.update
    async def refund_order(self, request: TakeGoodsBack) -> PlanAnswer:
        """Take goods back: the customer owes less, and gets back what was paid beyond."""
        if repeated(self._desk, request):
            return PlanAnswer(plan_id=self._desk.plan_id, state=self._desk.life.state)
        return await self._have_done(AskedDeed(deed=request))

    @refund_order.validator
    def _may_go_back(self, request: TakeGoodsBack) -> None:
        if repeated(self._desk, request):
            return
        found = outlook(self._desk, request)
        require(found if isinstance(found, No) else None)

    @workflow.query
    def order_refund(self, request: TakeGoodsBack) -> RefundOutlook:
        """What the refund would do now; or why it is refused."""
        return shown(self._desk, request)
