"""What a plan is told of its merchant's money."""

from temporalio import workflow

from workflows.payday_messages import PayoutTold
from workflows.plan_desk import PlanDesk


class PayoutWords:
    """The signal by which the close of a merchant's day reaches a plan."""

    _desk: PlanDesk

    @workflow.signal
    def payout_told(self, told: PayoutTold) -> None:
        """The plan's share of a payout is settled, or was rejected."""
        payout = self._desk.life.payout
        if payout is not None and payout.by_day and not payout.done:
            self._desk.payout_answers.append(told)
