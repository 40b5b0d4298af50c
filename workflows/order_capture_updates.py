"""The plan's updates and queries about captures and voids; part of the plan's workflow."""

from temporalio import workflow

from workflows.asked_deed import AskedDeed
from workflows.messages import PlanAnswer
from workflows.order_capture_messages import CaptureOrder, VoidForMerchant, VoidOrder
from workflows.order_capture_rules import (
    captured_before,
    no_capture,
    no_void,
    shown_void,
    voided_before,
)
from workflows.order_refund_messages import RefundOutlook
from workflows.order_refund_updates import OrderRefundUpdates
from workflows.support import no_signature, require


class OrderCaptureUpdates(OrderRefundUpdates):
    """Capturing an order, and voiding what is not captured; beside refunds of it."""

    @workflow.update
    async def capture_order(self, request: CaptureOrder) -> PlanAnswer:
        """The merchant has delivered: it is owed that much, less its fee."""
        if captured_before(self._desk, request):
            return self._as_it_is()
        return await self._have_done(AskedDeed(deed=request))

    @capture_order.validator
    def _may_be_captured(self, request: CaptureOrder) -> None:
        if not captured_before(self._desk, request):
            require(no_capture(self._desk, request))

    @workflow.update
    async def void_order(self, request: VoidOrder) -> PlanAnswer:
        """What is not captured will not be: the customer owes less, or gets back what was paid."""
        if voided_before(self._desk, request):
            return self._as_it_is()
        return await self._have_done(AskedDeed(deed=request))

    @void_order.validator
    def _may_be_voided(self, request: VoidOrder) -> None:
        if not voided_before(self._desk, request):
            require(no_void(self._desk, request))

    @workflow.update
    async def void_for_merchant(self, request: VoidForMerchant) -> PlanAnswer:
        """Staff void what is not captured."""
        if voided_before(self._desk, request):
            return self._as_it_is()
        return await self._have_done(AskedDeed(deed=request))

    @void_for_merchant.validator
    def _may_be_voided_by_staff(self, request: VoidForMerchant) -> None:
        require(no_signature(request))
        if not voided_before(self._desk, request):
            require(no_void(self._desk, request))

    @workflow.query
    def order_void(self, request: VoidOrder) -> RefundOutlook:
        """What the void would do now; or why it is refused."""
        return shown_void(self._desk, request)

    def _as_it_is(self) -> PlanAnswer:
        return PlanAnswer(plan_id=self._desk.plan_id, state=self._desk.life.state)
