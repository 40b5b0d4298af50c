"""A plan's part in its merchant's day: wait for its share to be paid, or have the day closed."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

from activities.contracts import merchant_settlement
from meqenet.bnpl.events import MerchantPaid, MerchantPayoutRejected
from meqenet.calendar import addis_date, at_addis
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.terms import PAYOUT_HOUR
from workflows.agenda import payout_begins_at, record_beside
from workflows.asking import ask
from workflows.captured_payouts import take_captures_word
from workflows.merchant_settlement import MerchantSettlementWorkflow
from workflows.order_sums import is_captured_by_merchant
from workflows.payday_messages import (
    CloseMerchantDay,
    PayoutTold,
    RetryPayout,
    settlement_workflow_id,
)
from workflows.plan_desk import PlanDesk
from workflows.plan_life import PayoutLife
from workflows.turns import of_merchant

_LOOK_AFTER = timedelta(seconds=1)


def close_day_if_due(desk: PlanDesk, payout: PayoutLife) -> None:
    """Have the merchant's day closed by the plan itself, when its time has come.

    In real time the schedule of all merchants has done that by then, and the plan was told.
    """
    retry = payout.retry if payout.rejected else None
    if payout.rejected and retry is None:
        return
    if retry is None and payout_begins_at(desk, payout=payout) > desk.clock.now():
        return
    desk.payouts_asked = 0
    payout.rejected, payout.retry = False, None
    desk.paying = asyncio.create_task(_close(desk, payout, retry=retry))


async def take_payout_word(desk: PlanDesk, payout: PayoutLife, told: PayoutTold) -> None:
    """Record what became of the plan's share; what is known already is not recorded again."""
    if is_captured_by_merchant(desk):
        await take_captures_word(desk, payout)
        return
    if payout.done:
        return
    if told.state is PayoutState.SETTLED:
        payout.done, payout.rejected = True, False
        await record_beside(
            desk,
            MerchantPaid(payout_id=told.payout_id, amount=told.amount),
        )
        await desk.tell_merchant("plan.settled")
        return
    if told.state is PayoutState.REJECTED and told.payout_id != payout.refused:
        payout.rejected, payout.refused = True, told.payout_id
        await record_beside(
            desk,
            MerchantPayoutRejected(
                payout_id=told.payout_id, reason_code=told.reason_code or "unknown"
            ),
        )
        return
    if told.state is PayoutState.REJECTED:
        # What staff have asked for has not come about: it waits for them again.
        payout.rejected = True
    if not payout.rejected:
        tomorrow = addis_date(at=desk.clock.now()) + timedelta(days=1)
        payout.again_at = at_addis(on=tomorrow, hour=PAYOUT_HOUR)


async def _close(desk: PlanDesk, payout: PayoutLife, *, retry: tuple[str, str] | None) -> None:
    """Close the day, and look how the plan's share stands, unless the plan was told meanwhile."""
    reading = desk.clock.reading
    order = CloseMerchantDay(
        merchant_id=desk.application.merchant_id,
        test_clock_id=desk.application.test_clock_id,
        at=None if reading is None else desk.clock.now(),
        due_at=desk.clock.now() if reading is None else None,
        retry=None if retry is None else await _retry(desk, signed=retry),
    )

    def is_told() -> bool:
        return bool(desk.payout_answers) or payout.done or payout.rejected

    while not is_told() and not await _closed(order):
        # Another plan of the merchant has the day closed: its close may have this plan's share.
        try:
            await workflow.wait_condition(
                is_told, timeout=_LOOK_AFTER, timeout_summary="then close the day, if none does"
            )
        except TimeoutError:
            workflow.logger.info("another close of the merchant's day is at work")
    if not is_told():
        desk.payout_answers.append(await _look(desk, payout))
    desk.paying = None


async def _closed(order: CloseMerchantDay) -> bool:
    try:
        await workflow.execute_child_workflow(
            MerchantSettlementWorkflow.run,
            order,
            id=settlement_workflow_id(
                merchant_id=order.merchant_id, test_clock_id=order.test_clock_id
            ),
            parent_close_policy=ParentClosePolicy.ABANDON,
            static_summary="Close the merchant's day",
            priority=of_merchant(order.merchant_id),
        )
    except WorkflowAlreadyStartedError:
        return False
    except FailureError:
        # Its run says why; the store says what has become of the money.
        workflow.logger.warning("the close of the merchant's day has failed")
    return True


async def _retry(desk: PlanDesk, *, signed: tuple[str, str]) -> RetryPayout | None:
    found = await ask(
        merchant_settlement.FIND_SHARE,
        merchant_settlement.FindShare(plan_id=desk.plan_id),
        summary="In which payout was it?",
    )
    if found.carried_by is None or found.state is not PayoutState.REJECTED:
        return None
    return RetryPayout(payout_id=found.carried_by, who=signed[0], why=signed[1])


async def _look(desk: PlanDesk, payout: PayoutLife) -> PayoutTold:
    found = await ask(
        merchant_settlement.FIND_SHARE,
        merchant_settlement.FindShare(plan_id=desk.plan_id),
        summary="What became of the merchant's money?",
    )
    return PayoutTold(
        payout_id=found.payout_id or payout.scheduled.payout_id,
        amount=found.amount or payout.scheduled.net,
        state=found.state if found.state is not None and found.state.is_final else None,
        reason_code=found.reason_code,
    )
