"""The plan's update about late fees; part of the plan's workflow."""

from abc import abstractmethod

from temporalio import workflow

from workflows.asked_deed import AskedDeed
from workflows.messages import PlanAnswer, WaiveFee
from workflows.plan_desk import PlanDesk
from workflows.support import no_signature, no_waiver, require


class FeeUpdates:
    """Taking back what a customer owes for being late."""

    _desk: PlanDesk

    @abstractmethod
    async def _have_done(self, asked: AskedDeed) -> PlanAnswer:
        """Leave the deed for the main coroutine; answers once what it changes can be seen."""

    @workflow.update
    async def waive_fee(self, request: WaiveFee) -> PlanAnswer:
        """Take all unpaid late fees of an installment back, for good."""
        return await self._have_done(AskedDeed(deed=request))

    @waive_fee.validator
    def _may_be_waived(self, request: WaiveFee) -> None:
        require(no_signature(request) or no_waiver(self._desk, number=request.number))
