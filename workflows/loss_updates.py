"""The plan's updates about its loss; part of the plan's workflow."""

from abc import abstractmethod

from temporalio import workflow

from workflows.asked_deed import AskedDeed
from workflows.dispute_rules import no_dispute_open
from workflows.messages import ChargeOff, PlanAnswer, WriteOff
from workflows.plan_desk import PlanDesk
from workflows.support import no_charge_off, no_signature, no_write_off, require


class LossUpdates:
    """Giving a plan up as a loss, and asking for its rest no more."""

    _desk: PlanDesk

    @abstractmethod
    async def _have_done(self, asked: AskedDeed) -> PlanAnswer:
        """Leave the deed for the main coroutine; answers once what it changes can be seen."""

    @workflow.update
    async def charge_off(self, request: ChargeOff) -> PlanAnswer:
        """Give the plan up as a loss. The customer owes as before; nothing is tried by itself."""
        return await self._have_done(AskedDeed(deed=request))

    @charge_off.validator
    def _may_be_charged_off(self, request: ChargeOff) -> None:
        no = no_signature(request) or no_dispute_open(self._desk)
        require(no or no_charge_off(self._desk, early=request.early))

    @workflow.update
    async def write_off(self, request: WriteOff) -> PlanAnswer:
        """Ask for what was lost no more; the plan ends."""
        return await self._have_done(AskedDeed(deed=request))

    @write_off.validator
    def _may_be_written_off(self, request: WriteOff) -> None:
        no = no_signature(request) or no_dispute_open(self._desk)
        require(no or no_write_off(self._desk))
