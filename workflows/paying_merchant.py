"""The merchant's side of an active plan: protection released, payout sent, refusal retried."""

import asyncio
from dataclasses import replace

from temporalio import workflow
from temporalio.workflow import ParentClosePolicy

from activities.contracts import ledger, settlement
from meqenet.bnpl.events import MerchantPaid, MerchantPayoutRejected
from meqenet.calendar import addis_date
from meqenet.identity import payout_id
from meqenet.ledger.happenings import ProtectionEnded
from meqenet.settlement.transfer import TransferStatus
from workflows.agenda import record_beside
from workflows.asking import ask
from workflows.merchant_day import close_day_if_due, take_payout_word
from workflows.messages import payout_workflow_id
from workflows.orphans import when_free
from workflows.payday_messages import PayoutNews, PayoutTold
from workflows.payout import MerchantPayoutWorkflow, PayoutOrder
from workflows.plan_desk import PlanDesk
from workflows.plan_life import PayoutLife
from workflows.turns import of_merchant


async def pay_merchant_if_due(desk: PlanDesk) -> None:
    """Start the payout when its time has come; its answer arrives in ``payout_answers``."""
    payout = desk.life.payout
    if payout is None or payout.done or desk.paying:
        return
    if payout.by_day:
        close_day_if_due(desk, payout)
        return
    if payout.rejected and desk.payouts_asked:
        await _reopen_payout(desk, payout)
    if payout.rejected or payout.scheduled.due_at > desk.clock.now():
        return
    if desk.life.signed.protection_days > 0 and not payout.released:
        await _release_protection(desk, payout)
    desk.paying = asyncio.create_task(_pay(desk, payout))


async def take_payout_answer(desk: PlanDesk, answer: PayoutNews) -> None:
    """Record the bank's final word, or what the close of the merchant's day has told."""
    payout = desk.life.payout
    if payout is None:
        raise ValueError("an answer without a payout")
    if isinstance(answer, PayoutTold):
        await take_payout_word(desk, payout, answer)
        return
    if answer.status is TransferStatus.SETTLED:
        payout.done = True
        await record_beside(
            desk,
            MerchantPaid(payout_id=payout.scheduled.payout_id, amount=payout.scheduled.net),
        )
        await desk.tell_merchant("plan.settled")
        return
    payout.rejected = True
    await record_beside(
        desk,
        MerchantPayoutRejected(
            payout_id=payout.scheduled.payout_id, reason_code=answer.reason_code or "unknown"
        ),
    )


async def _pay(desk: PlanDesk, payout: PayoutLife) -> None:
    child_id = payout_workflow_id(payout_id=payout.scheduled.payout_id)
    order = PayoutOrder(
        plan_id=desk.plan_id,
        merchant_id=desk.application.merchant_id,
        payout_id=payout.scheduled.payout_id,
        at=desk.clock.now(),
        asks_first=payout.begun,
    )
    answer = await when_free(
        lambda: workflow.execute_child_workflow(
            MerchantPayoutWorkflow.run,
            order,
            id=child_id,
            parent_close_policy=ParentClosePolicy.ABANDON,
            static_summary=f"Pay the merchant {payout.scheduled.net} birr",
            priority=of_merchant(desk.application.merchant_id),
        ),
        orphan_id=child_id,
    )
    desk.payout_answers.append(answer)
    desk.paying = None


async def _release_protection(desk: PlanDesk, payout: PayoutLife) -> None:
    await ask(
        ledger.POST,
        ledger.Post(
            posting_id=f"{desk.plan_id}-protection",
            happening=ProtectionEnded(
                plan_id=desk.plan_id,
                merchant_id=desk.application.merchant_id,
                amount=payout.scheduled.net,
            ),
            effective_at=desk.clock.now(),
        ),
        summary="Release the protected money",
    )
    payout.released = True


async def _reopen_payout(desk: PlanDesk, payout: PayoutLife) -> None:
    """Send a refused payout again under a new id, to the account on file by now."""
    desk.payouts_asked = 0
    payout.number += 1
    payout.rejected = payout.begun = False
    new_id = payout_id(plan_id=desk.plan_id, number=payout.number)
    scheduled = await ask(
        settlement.SCHEDULE,
        settlement.ScheduleSettlement(
            plan_id=desk.plan_id,
            merchant_id=desk.application.merchant_id,
            payout_id=new_id,
            option=desk.application.option,
            amount=desk.application.amount,
            activated_on=addis_date(at=desk.clock.now()),
            protection_days=0,
            at=desk.clock.now(),
        ),
        summary="Schedule the payout again",
    )
    payout.scheduled = replace(
        payout.scheduled, payout_id=scheduled.payout_id, due_at=desk.clock.now()
    )
