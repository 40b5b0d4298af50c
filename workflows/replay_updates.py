"""The plan's updates about payments that were not what they had seemed; part of its workflow."""

from abc import abstractmethod

from temporalio import workflow

from workflows.asked_deed import AskedDeed
from workflows.messages import PlanAnswer
from workflows.plan_desk import PlanDesk
from workflows.replay_messages import ReplayOutlook, ReplayPayment, ReplayRequest
from workflows.replay_rules import no_replay, shown
from workflows.support import require


class ReplayUpdates:
    """Seeing what a replay of the plan's payments would do, and having it."""

    _desk: PlanDesk

    @abstractmethod
    async def _have_done(self, asked: AskedDeed) -> PlanAnswer:
        """Leave the deed for the main coroutine; answers once what it changes can be seen."""

    @workflow.update
    async def replay_preview(self, request: ReplayRequest) -> ReplayOutlook:
        """What would become of the plan; or why it is refused. Nothing is stored."""
        return await shown(self._desk, request)

    @workflow.update
    async def replay_payment(self, request: ReplayPayment) -> PlanAnswer:
        """Reverse a payment, date it back, or call it a repetition; what came after pays anew."""
        return await self._have_done(AskedDeed(deed=request))

    @replay_payment.validator
    def _may_be_replayed(self, request: ReplayPayment) -> None:
        require(no_replay(self._desk, request))
