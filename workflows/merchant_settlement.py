"""The close of a merchant's day: its lines become a payout, proven, sent once, posted and told."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, FailureError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from activities.contracts import merchant_books, merchant_settlement
    from activities.contracts.merchant_settlement import OpenedPayout, Release, Share
    from meqenet.calendar import addis_date
    from meqenet.ledger.happenings import (
        MerchantPayoutSettled,
        MerchantSharePaid,
        ProtectionEnded,
    )
    from meqenet.money import Money, total
    from meqenet.settlement.payouts import PayoutState
    from meqenet.settlement.transfer import PayoutRail, TransferStatus
    from workflows.asking import ask, passed_on, report_of
    from workflows.merchant_transfer import MerchantTransfer, MerchantTransferWorkflow
    from workflows.messages import payout_workflow_id, plan_workflow_id
    from workflows.orphans import when_free
    from workflows.payday_messages import CloseMerchantDay, MerchantDayClosed, PayoutTold
    from workflows.turns import of_merchant

_AT_A_TIME = 100
"""So many plans are posted in one transaction, and told at once."""
_PROVE_AGAIN_AFTER = (timedelta(seconds=2), timedelta(seconds=10), timedelta(minutes=1))
"""A posting may be on its way; what still differs then is told to operators."""
_LOOK_AGAIN_AFTER = timedelta(hours=1)


@workflow.defn
class MerchantSettlementWorkflow:
    """Closes a merchant's day until nothing is left to pay. One at a time for a merchant."""

    def __init__(self) -> None:
        self._looked_into = False

    @workflow.run
    async def run(self, order: CloseMerchantDay) -> MerchantDayClosed:
        """Return what it came to. A domain that refuses fails the run with its code."""
        try:
            return await self._close(order)
        except ActivityError as error:
            raise passed_on(report_of(error)) from error

    @workflow.signal
    def look_again(self) -> None:
        """An operator has looked into a difference: prove the payout again now."""
        self._looked_into = True

    async def _close(self, order: CloseMerchantDay) -> MerchantDayClosed:
        if order.retry is not None:
            await ask(
                merchant_settlement.LET_RETRY,
                merchant_settlement.LetRetry(
                    payout_id=order.retry.payout_id,
                    who=order.retry.who,
                    why=order.retry.why,
                    at=_now(order),
                ),
                summary="Staff let the merchant be paid again",
            )
        paid: list[str] = []
        while True:
            at = _now(order)
            closed = await ask(
                merchant_settlement.CLOSE_DAY,
                merchant_settlement.CloseDay(
                    merchant_id=order.merchant_id,
                    test_clock_id=order.test_clock_id,
                    day=addis_date(at=at),
                    at=at,
                    run=workflow.info().first_execution_run_id,
                ),
                summary="Put the available lines into a payout",
            )
            payout = closed.payout
            if payout is None:
                workflow.set_current_details(f"{closed.outcome}: {closed.available} birr")
                return MerchantDayClosed(outcome=closed.outcome, payout_ids=tuple(paid))
            paid.append(payout.transfer.end_to_end_id)
            state = await self._pay(order, payout)
            if state is PayoutState.REJECTED:
                return MerchantDayClosed(
                    outcome=closed.outcome, payout_ids=tuple(paid), is_rejected=True
                )
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(replace(order, retry=None))

    async def _pay(self, order: CloseMerchantDay, payout: OpenedPayout) -> PayoutState:
        state, reason = payout.state, payout.reason_code
        if not state.is_final:
            await self._prove(order, payout)
            state, reason = await _send(order, payout)
        if state is PayoutState.SETTLED:
            await _post(order, payout)
        await ask(
            merchant_settlement.FINISH_MERCHANT_PAYOUT,
            merchant_settlement.FinishMerchantPayout(
                payout_id=payout.transfer.end_to_end_id, at=_now(order)
            ),
            summary=f"The payout is {state}",
        )
        await _tell(payout.shares, state=state, reason=reason)
        return state

    async def _prove(self, order: CloseMerchantDay, payout: OpenedPayout) -> None:
        """Return once the ledger owes what the lines say; until then nothing is sent."""
        held = [share for share in payout.shares if share.protected or share.releases]
        for some in _batches(held):
            await ask(
                merchant_books.RELEASE_PROTECTED,
                _release(some, merchant_id=order.merchant_id, at=payout.opened_at),
                summary=f"Release the protected money of {len(some)} plans",
            )
        turn = 0
        while differences := await _differences(order, payout):
            if turn < len(_PROVE_AGAIN_AFTER):
                await workflow.sleep(_PROVE_AGAIN_AFTER[turn], summary="then prove it again")
                turn += 1
                continue
            await ask(
                merchant_settlement.RECORD_UNPROVEN,
                merchant_settlement.RecordUnproven(
                    payout_id=payout.transfer.end_to_end_id, differences=differences
                ),
                summary="Tell operators: lines and ledger differ",
            )
            workflow.set_current_details(
                "**Not sent: lines and ledger differ**\n\n" + "\n".join(differences)
            )
            await self._wait_for_a_look()

    async def _wait_for_a_look(self) -> None:
        self._looked_into = False
        try:
            await workflow.wait_condition(
                lambda: self._looked_into,
                timeout=_LOOK_AGAIN_AFTER,
                timeout_summary="then prove it again",
            )
        except TimeoutError:
            workflow.logger.info("nobody has said that the difference is mended")


def _release(
    shares: Sequence[Share], *, merchant_id: str, at: datetime
) -> merchant_books.ReleaseProtected:
    """What is held of captures is let go capture by capture, all else plan by plan."""
    ended = [
        (
            each.posting_id,
            ProtectionEnded(plan_id=share.plan_id, merchant_id=merchant_id, amount=each.amount),
        )
        for share in shares
        for each in share.releases or (Release(posting_id="", amount=share.protected),)
    ]
    own_ids = tuple(own_id for own_id, _ in ended)
    return merchant_books.ReleaseProtected(
        ended=tuple(told for _, told in ended),
        effective_at=at,
        posting_ids=own_ids if any(own_ids) else (),
    )


def _now(order: CloseMerchantDay) -> datetime:
    if order.at is not None:
        return order.at
    now = workflow.now()
    return now if order.due_at is None else max(now, order.due_at)


async def _differences(order: CloseMerchantDay, payout: OpenedPayout) -> tuple[str, ...]:
    proven = await ask(
        merchant_books.PROVE_PAYOUT,
        merchant_books.ProvePayout(
            merchant_id=order.merchant_id,
            owed=tuple((share.plan_id, share.owed) for share in payout.shares),
            owed_back=payout.owed_back,
            reserve_released=payout.reserve_released,
        ),
        summary="Does the ledger owe what the lines say?",
    )
    return proven.differences


async def _send(order: CloseMerchantDay, payout: OpenedPayout) -> tuple[PayoutState, str | None]:
    transfer = payout.transfer
    child_id = payout_workflow_id(payout_id=transfer.end_to_end_id)
    answer = await when_free(
        lambda: workflow.execute_child_workflow(
            MerchantTransferWorkflow.run,
            MerchantTransfer(
                transfer=transfer,
                rail=payout.rail,
                at=order.at,
                asks_first=payout.asks_first,
            ),
            id=child_id,
            parent_close_policy=ParentClosePolicy.ABANDON,
            static_summary=f"Pay the merchant {transfer.amount} birr",
            priority=of_merchant(order.merchant_id),
        ),
        orphan_id=child_id,
    )
    if answer.status is TransferStatus.SETTLED:
        return PayoutState.SETTLED, None
    return PayoutState.REJECTED, answer.reason_code


async def _post(order: CloseMerchantDay, payout: OpenedPayout) -> None:
    """Each plan's share, then the payout itself: all under ids of their own, so once."""
    payout_id, nothing = payout.transfer.end_to_end_id, Money.zero()
    at = payout.opened_at
    for some in _batches(payout.shares):
        await ask(
            merchant_books.POST_SHARES,
            merchant_books.PostShares(
                shares=tuple(
                    MerchantSharePaid(
                        plan_id=share.plan_id,
                        merchant_id=order.merchant_id,
                        payout_id=share.payout_id or f"{share.plan_id}-{payout_id}",
                        carried_by=payout_id,
                        amount=max(share.amount, nothing),
                        taken_back=max(-share.amount, nothing),
                    )
                    for share in some
                    if share.amount
                ),
                effective_at=at,
            ),
            summary=f"Post the shares of {len(some)} plans",
        )
    shares = total(share.amount for share in payout.shares)
    await ask(
        merchant_books.POST_MERCHANT_PAYOUT,
        merchant_books.PostMerchantPayout(
            settled=MerchantPayoutSettled(
                payout_id=payout_id,
                merchant_id=order.merchant_id,
                amount=payout.transfer.amount,
                shares=max(shares, nothing),
                taken_back=max(-shares, nothing),
                owed_back=payout.owed_back,
                reserve_held=payout.reserve_held,
                reserve_released=payout.reserve_released,
                provider=None if payout.rail is PayoutRail.BANK else payout.rail.value,
            ),
            effective_at=at,
        ),
        summary="Post the payout",
    )


async def _tell(shares: Sequence[Share], *, state: PayoutState, reason: str | None) -> None:
    """Tell the plans. One that does not hear of it asks by itself."""
    for some in _batches([share for share in shares if share.payout_id is not None]):
        await asyncio.gather(
            *(
                _tell_plan(
                    share.plan_id,
                    PayoutTold(
                        payout_id=share.payout_id or "",
                        amount=share.amount,
                        state=state,
                        reason_code=reason,
                    ),
                )
                for share in some
            )
        )


async def _tell_plan(plan_id: str, told: PayoutTold) -> None:
    plan = workflow.get_external_workflow_handle(plan_workflow_id(plan_id=plan_id))
    try:
        await plan.signal("payout_told", told)
    except FailureError:
        workflow.logger.info("a plan is not there to be told")


def _batches(shares: Sequence[Share]) -> list[Sequence[Share]]:
    return [shares[at : at + _AT_A_TIME] for at in range(0, len(shares), _AT_A_TIME)]
