"""Money that a customer paid to our short code under the number of a plan that has ended.

Nothing proves what M-PESA tells, so it is asked about the receipt until it has said whether the
money has moved. What has moved is the customer's credit: shown with the plan, sent back by staff.
"""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from activities.contracts import late_money as late
    from activities.contracts.payments import AttemptState
    from meqenet.money import Money
    from meqenet.payments.late_money import MoneyPlace
    from meqenet.payments.rail import PaymentAnswer, RailStatus
    from workflows.asking import ask, distances
    from workflows.late_money import LateMoney, LateMoneyWorkflow
    from workflows.messages import late_money_workflow_id

_ASK_AGAIN_AFTER = distances(first=timedelta(seconds=5), longest=timedelta(hours=6), count=40)
"""Its answer comes by callback, which may be lost."""
_FINAL = (AttemptState.SUCCEEDED, AttemptState.FAILED)


@dataclass(frozen=True, kw_only=True)
class StrayBill:
    """What was told."""

    plan_id: str
    receipt: str
    amount: Money


@workflow.defn
class StrayBillWorkflow:
    """Follows one receipt until the provider has said whether its money has moved."""

    @workflow.run
    async def run(self, bill: StrayBill) -> str:
        """Return the order under which it is known."""
        opened = await ask(
            late.OPEN_STRAY_BILL,
            late.OpenStrayBill(
                plan_id=bill.plan_id, receipt=bill.receipt, amount=bill.amount, at=workflow.now()
            ),
            summary="Make it an order of ours",
        )
        word = LateMoney(
            attempt_id=opened.attempt_id,
            answer=PaymentAnswer(
                order_id=opened.attempt_id,
                status=RailStatus.SUCCEEDED,
                receipt=bill.receipt,
                amount=bill.amount,
            ),
            is_hint=True,
        )
        for wait in _ASK_AGAIN_AFTER:
            if await _follow(word) is MoneyPlace.SURPLUS or await _is_known(opened.attempt_id):
                return opened.attempt_id
            await workflow.sleep(wait, summary="then ask M-PESA about the receipt again")
        workflow.logger.error("M-PESA has not said whether the money has moved: staff have to look")
        return opened.attempt_id


async def _follow(word: LateMoney) -> MoneyPlace:
    try:
        return await workflow.execute_child_workflow(
            LateMoneyWorkflow.run,
            word,
            id=late_money_workflow_id(attempt_id=word.attempt_id),
            static_summary="Money under the number of a plan that has ended",
        )
    except WorkflowAlreadyStartedError:
        # Its answer has come, and is being followed.
        return MoneyPlace.WAITS


async def _is_known(attempt_id: str) -> bool:
    found = await ask(
        late.FIND_ATTEMPT,
        late.FindAttempt(attempt_id=attempt_id),
        summary="Has M-PESA answered?",
    )
    return found.state in _FINAL
