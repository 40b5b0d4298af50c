"""The early ends of a plan: expired or cancelled before activation; its mandate cancelled."""

from collections.abc import Sequence

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.contracts import marketplace, payments
from activities.contracts.payments import AttemptState, RefundFound
from meqenet.bnpl.events import PaymentReturned, PlanCancelled, PlanExpired
from meqenet.bnpl.staff_events import RefundRetryAsked
from meqenet.bnpl.states import PlanState
from meqenet.identity import refund_id
from workflows.asking import ask, report_of
from workflows.messages import RetryMoneyOut, refund_workflow_id
from workflows.news import CollectionResult
from workflows.plan_desk import PlanDesk, PlanEnded
from workflows.refund import RefundEnd, RefundOrder, RefundWorkflow
from workflows.turns import of_merchant


async def record_expiry(desk: PlanDesk, *, stage: str) -> None:
    """The customer was too late: give the held limit back and tell the merchant."""
    await desk.record(PlanExpired(stage=stage), state=PlanState.EXPIRED, step="none")
    await desk.release_hold()
    await desk.close_order(marketplace.OrderOutcome.EXPIRED)
    desk.answer()


async def record_cancellation(desk: PlanDesk) -> None:
    """The checkout cancelled: give the held limit back and tell the merchant."""
    reason = desk.cancel.reason if desk.cancel is not None else "cancelled"
    await desk.record(PlanCancelled(reason=reason), state=PlanState.CANCELLED, step="none")
    await desk.release_hold()
    await desk.close_order(marketplace.OrderOutcome.CANCELLED)
    desk.answer()


async def end_early(desk: PlanDesk, *, stage: str) -> None:
    """End a plan at which nothing was collected: cancelled if asked to, expired otherwise.

    Raises:
        PlanEnded: always.
    """
    if desk.cancel is not None:
        await record_cancellation(desk)
    else:
        await record_expiry(desk, stage=stage)
    raise PlanEnded


async def return_payment(
    desk: PlanDesk, paid: CollectionResult, *, refunds: Sequence[RefundFound] = ()
) -> None:
    """Send a collected checkout payment back to its wallet and note it in the plan's log.

    ``refunds`` are those that a lost run has left behind, the newest last.
    """
    if paid.attempt_id is None or paid.amount is None:
        raise ValueError("only a paid collection can be returned")
    number, is_begun = max(1, len(refunds)), bool(refunds)
    if refunds and refunds[-1].state is AttemptState.FAILED:
        await _person_retries_refund(desk, why=None)
        number, is_begun = number + 1, False
    while True:
        refund = refund_id(attempt_id=paid.attempt_id, number=number)
        result = await workflow.execute_child_workflow(
            RefundWorkflow.run,
            RefundOrder(
                plan_id=desk.plan_id,
                refund_id=refund,
                attempt_id=paid.attempt_id,
                amount=paid.amount,
                reason="plan not activated",
                at=desk.clock.now(),
                asks_first=is_begun,
            ),
            id=refund_workflow_id(refund_id=refund),
            static_summary=f"Return {paid.amount} birr",
            priority=of_merchant(desk.application.merchant_id),
        )
        if result.end is RefundEnd.RETURNED:
            break
        await _person_retries_refund(desk, why=result.failure_code)
        number, is_begun = number + 1, False
    await desk.record(
        PaymentReturned(refund_id=refund, amount=paid.amount),
        state=desk.life.state,
        step="none",
    )


async def _person_retries_refund(desk: PlanDesk, *, why: str | None) -> None:
    """The money stays in the books as the customer's until a person has it sent again."""
    desk.show(step=f"refund refused ({why or 'see payments'}): retry it", step_at=None)
    desk.refund_refused = True
    await desk.clock.wait_until(
        lambda: desk.refunds_asked > 0, until=None, summary="a person retries the refund"
    )
    desk.refund_refused = False
    desk.refunds_asked = 0
    asked, desk.refund_asked = desk.refund_asked, None
    if asked is None or not isinstance(asked.deed, RetryMoneyOut):
        return
    await desk.record(
        RefundRetryAsked(by=asked.deed.who, why=asked.deed.why),
        state=desk.life.state,
        step="return the payment",
    )
    asked.done = True


async def end_mandate(desk: PlanDesk) -> None:
    """Cancel the plan's mandate at Telebirr, if it has an active one; nothing hangs on it."""
    found = await ask(
        payments.FIND_MANDATE,
        payments.FindMandate(plan_id=desk.plan_id),
        summary="Is there a mandate to cancel?",
    )
    if found.contract_no is None:
        return
    try:
        await ask(
            payments.TELEBIRR_CANCEL_MANDATE,
            payments.CancelMandate(
                contract_no=found.contract_no, msisdn=found.msisdn, reason="plan ended"
            ),
            summary="Cancel the mandate",
        )
        answer = await ask(
            payments.TELEBIRR_QUERY_MANDATE,
            payments.QueryMandate(contract_no=found.contract_no),
            summary="Is the mandate cancelled?",
        )
    except ActivityError as error:
        workflow.logger.warning("mandate not cancelled: %s", report_of(error).code)
        return
    await ask(
        payments.RECORD_MANDATE,
        payments.RecordMandate(plan_id=desk.plan_id, answer=answer, at=desk.clock.now()),
        summary="Store the mandate's state",
    )
