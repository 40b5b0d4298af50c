"""The plan's update and query about changes in hardship; part of the plan's workflow."""

from abc import abstractmethod

from temporalio import workflow

from meqenet.bnpl.servicing.account import Account
from meqenet.calendar import addis_date
from workflows.asked_deed import AskedDeed
from workflows.hardship_messages import GrantHardship, Hardship, HardshipOutlook, HardshipRow
from workflows.hardship_rules import no_hardship, outlook
from workflows.messages import PlanAnswer
from workflows.plan_desk import PlanDesk
from workflows.support import No, require


class HardshipUpdates:
    """Seeing what another schedule would do, and having it."""

    _desk: PlanDesk

    @abstractmethod
    async def _have_done(self, asked: AskedDeed) -> PlanAnswer:
        """Leave the deed for the main coroutine; answers once what it changes can be seen."""

    @workflow.update
    async def grant_hardship(self, request: GrantHardship) -> PlanAnswer:
        """Change the schedule for a customer who cannot pay as agreed."""
        return await self._have_done(AskedDeed(deed=request))

    @grant_hardship.validator
    def _may_be_granted(self, request: GrantHardship) -> None:
        require(no_hardship(self._desk, request))

    @workflow.query
    def hardship(self, request: Hardship) -> HardshipOutlook:
        """What the change would do now; or why it is not made."""
        on = addis_date(at=self._desk.clock.now())
        preview = outlook(self._desk, request)
        if isinstance(preview, No):
            return HardshipOutlook(on=on, code=preview.code, text=preview.text, field=preview.field)
        return HardshipOutlook(
            on=on,
            before=_rows(preview.before),
            after=_rows(preview.after),
            cost=preview.cost,
            approvals=tuple((each.field, each.text) for each in preview.approvals),
        )


def _rows(account: Account) -> tuple[HardshipRow, ...]:
    return tuple(
        HardshipRow(
            number=row.number,
            due_on=row.due_on,
            principal=row.owed.principal,
            interest=row.owed.interest,
            late_fee=row.owed.fees,
            left=row.left.total,
        )
        for row in account.installments
    )
