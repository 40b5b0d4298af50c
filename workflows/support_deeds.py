"""What staff have asked for is done: recorded with who and why, then carried out.

Only the plan's main coroutine does it, so that of two deeds one comes after the other.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

from activities.contracts.wallets import FILE_WALLET, FileWallet
from meqenet.bnpl.collection_hold import (
    CollectionHold,
    HoldReason,
    last_day_of_hold,
    resumed_at,
)
from meqenet.bnpl.staff_events import (
    CollectionPaused,
    CollectionResumed,
    CustomerUnreachable,
    InstallmentRetryAsked,
    NextAttemptMoved,
    PayoutRetryAsked,
    WalletAdded,
    WalletChosen,
)
from meqenet.bnpl.states import InstallmentState
from meqenet.calendar import addis_date
from meqenet.identity import OWN_PAYMENT_FROM
from workflows.agenda import next_step, record_beside
from workflows.asked_deed import AskedDeed
from workflows.asking import ask, passed_on, report_of
from workflows.collection import InstallmentCollectionWorkflow
from workflows.collection_end import attempt_unheard
from workflows.dispute_messages import DisputeOrder
from workflows.disputing import open_dispute
from workflows.hardship import grant_hardship
from workflows.hardship_messages import GrantHardship
from workflows.late_fees import waive
from workflows.losses import give_up
from workflows.messages import (
    AddWallet,
    ChargeOff,
    MarkUnreachable,
    PauseCollection,
    PayByAnotherWallet,
    ResumeCollection,
    RetryInstallment,
    RetryMoneyOut,
    WaiveFee,
    WriteOff,
)
from workflows.news import CollectionOrder, CollectionResult
from workflows.order_capture import capture_order
from workflows.order_capture_messages import CaptureOrder, VoidForMerchant, VoidOrder
from workflows.order_refund import take_goods_back
from workflows.order_refund_messages import TakeGoodsBack
from workflows.order_void import void_order
from workflows.plan_desk import PlanDesk
from workflows.plan_life import InstallmentLife
from workflows.replay_messages import ReplayPayment
from workflows.replaying_payments import replay_payment
from workflows.support import hold_in_force, is_waiting

Collect = Callable[[InstallmentLife], Awaitable[None]]
"""Begins a collection at once."""


async def do_deed(desk: PlanDesk, asked: AskedDeed, *, collect: Collect) -> None:
    """Record what was asked for, and carry it out."""
    deed = asked.deed
    match deed:
        case RetryInstallment():
            await _retry(desk, deed, planned_at=asked.planned_at, collect=collect)
        case AddWallet():
            asked.refused = await _add_wallet(desk, deed)
        case PayByAnotherWallet():
            await _pay_by(desk, deed, collect=collect)
        case PauseCollection() | MarkUnreachable() | ResumeCollection():
            await _hold(desk, deed)
        case WaiveFee():
            amount = desk.life.account.fees_left(number=deed.number)
            if amount:
                await waive(desk, number=deed.number, amount=amount, who=deed.who, why=deed.why)
        case (
            GrantHardship()
            | TakeGoodsBack()
            | CaptureOrder()
            | VoidOrder()
            | VoidForMerchant()
            | DisputeOrder()
            | ReplayPayment()
        ):
            asked.refused = await _change_plan(desk, deed)
        case ChargeOff() | WriteOff():
            asked.refused = await give_up(desk, deed)
        case RetryMoneyOut():
            await _retry_payout(desk, deed)
    asked.done = True


async def _retry_payout(desk: PlanDesk, deed: RetryMoneyOut) -> None:
    await record_beside(desk, PayoutRetryAsked(by=deed.who, why=deed.why))
    desk.payouts_asked += 1
    if desk.life.payout is not None and desk.life.payout.by_day:
        desk.life.payout.retry = (deed.who, deed.why)


async def _change_plan(
    desk: PlanDesk,
    deed: GrantHardship
    | TakeGoodsBack
    | CaptureOrder
    | VoidOrder
    | VoidForMerchant
    | DisputeOrder
    | ReplayPayment,
) -> ApplicationError | None:
    match deed:
        case GrantHardship():
            return await grant_hardship(desk, deed)
        case TakeGoodsBack():
            return await take_goods_back(desk, deed)
        case CaptureOrder():
            return await capture_order(desk, deed)
        case VoidOrder() | VoidForMerchant():
            return await void_order(desk, deed)
        case DisputeOrder():
            return await open_dispute(desk, deed)
        case ReplayPayment():
            return await replay_payment(desk, deed)


async def _hold(desk: PlanDesk, deed: PauseCollection | MarkUnreachable | ResumeCollection) -> None:
    match deed:
        case PauseCollection():
            latest = last_day_of_hold(reason=HoldReason.PAUSED, now=desk.clock.now())
            until = deed.until or latest
            desk.life.hold = CollectionHold(reason=HoldReason.PAUSED, until=until)
            await record_beside(desk, CollectionPaused(until=until, by=deed.who, why=deed.why))
        case MarkUnreachable():
            desk.life.hold = CollectionHold(reason=HoldReason.UNREACHABLE, until=deed.until)
            await record_beside(
                desk, CustomerUnreachable(until=deed.until, by=deed.who, why=deed.why)
            )
        case ResumeCollection():
            desk.life.hold = None
            await record_beside(desk, CollectionResumed(by=deed.who, why=deed.why))


async def keep_holds(desk: PlanDesk) -> None:
    """Stop collections that wait for a time at which a hold is, or was, in the way.

    So are those that would ask for another amount than is owed by now: a late fee was charged, or
    waived. Each goes on at its new time, once it has stopped (:func:`go_on_later`). An attempt that
    is under way is seen to its end: what has been sent cannot be called back.
    """
    for number in list(desk.active):
        if number > OWN_PAYMENT_FROM:
            continue
        installment = desk.life.installment(number=number)
        if not is_waiting(desk, number=number):
            continue
        at = _next_attempt(desk, installment)
        if at != installment.next_attempt_at or _asks_otherwise(desk, installment):
            desk.moved[number] = at
            if at == installment.next_attempt_at:
                desk.unmoved.add(number)
            installment.postponed = (installment.planned_at or at, at)
            installment.next_attempt_at = None
            await desk.stop_collection(number=number)


def _asks_otherwise(desk: PlanDesk, installment: InstallmentLife) -> bool:
    """Whether its collection asks for another amount than is owed by now."""
    asked = installment.asked or installment.planned.amount
    return asked != desk.life.owed_of(number=installment.planned.number)


async def go_on_later(desk: PlanDesk, result: CollectionResult, order: CollectionOrder) -> None:
    """Begin a stopped collection again, to make its next attempt at the time it was moved to.

    The distances that are left count from there.

    Args:
        desk: the plan's desk.
        result: of the collection that was stopped.
        order: how the installment is collected as of today.
    """
    installment = desk.life.installment(number=result.number)
    at = desk.moved[result.number]
    failed = attempt_unheard(installment, result, next_attempt_at=at)
    installment.next_attempt_at = at
    if failed is not None or result.number not in desk.unmoved:
        step, step_at = next_step(desk)
        await desk.record(
            failed or NextAttemptMoved(number=result.number, next_attempt_at=at),
            state=desk.life.state,
            step=step,
            step_at=step_at,
        )
    desk.unmoved.discard(result.number)
    await desk.start_collection(postponed_order(desk, order, installment=installment, at=at))
    del desk.moved[result.number]


def postponed_order(
    desk: PlanDesk, order: CollectionOrder, *, installment: InstallmentLife, at: datetime
) -> CollectionOrder:
    """The order as of a later time: nothing before it, and what is left of the set dates after."""
    days = (0, *desk.life.signed.retry_after_days)
    before = days[min(installment.failed, len(days) - 1)]
    left = days[installment.failed + 1 :]
    return replace(
        order,
        first_attempt=installment.attempts + 1,
        not_before=at,
        retry_on=tuple(addis_date(at=at) + timedelta(days=day - before) for day in left),
    )


def held_until(desk: PlanDesk) -> datetime | None:
    """Until when nothing is tried by itself; None when nothing is in the way."""
    hold = hold_in_force(desk)
    return None if hold is None else hold.ends_at(hour=desk.life.signed.collection_hour)


def _next_attempt(desk: PlanDesk, installment: InstallmentLife) -> datetime:
    planned, now = installment.planned_at, desk.clock.now()
    if planned is None:
        raise ValueError("only a collection that waits has a next attempt")
    until = held_until(desk)
    if until is not None:
        return max(planned, until)
    return resumed_at(planned=planned, now=now, hour=desk.life.signed.collection_hour)


async def _retry(
    desk: PlanDesk, deed: RetryInstallment, *, planned_at: datetime | None, collect: Collect
) -> None:
    await record_beside(desk, InstallmentRetryAsked(number=deed.number, by=deed.who, why=deed.why))
    collection = desk.active.get(deed.number)
    if planned_at is None:
        await collect(desk.life.installment(number=deed.number))
    elif collection is not None and planned_at > desk.clock.now():
        try:
            await collection.handle.signal(InstallmentCollectionWorkflow.retry_now)
        except FailureError:
            workflow.logger.info("a collection ended while it was to be tried again")
    # Else its time came in between: it tries by itself, and once is enough.


async def _add_wallet(desk: PlanDesk, deed: AddWallet) -> ApplicationError | None:
    """The phone goes to the payments domain alone; the plan knows the wallet by its opaque id."""
    command = FileWallet(
        plan_id=desk.plan_id, provider=deed.provider, msisdn=deed.msisdn, at=desk.clock.now()
    )
    try:
        filed = await ask(FILE_WALLET, command, summary="Put another wallet on file")
    except ActivityError as error:
        return passed_on(report_of(error))
    if filed.wallet_id not in desk.life.further_wallets:
        desk.life.further_wallets.append(filed.wallet_id)
        added = WalletAdded(
            wallet_id=filed.wallet_id, provider=deed.provider, by=deed.who, why=deed.why
        )
        await record_beside(desk, added)
    return None


async def _pay_by(desk: PlanDesk, deed: PayByAnotherWallet, *, collect: Collect) -> None:
    installment = desk.life.installment(number=deed.number)
    installment.wallet_id = deed.wallet_id
    chosen = WalletChosen(number=deed.number, wallet_id=deed.wallet_id, by=deed.who, why=deed.why)
    await record_beside(desk, chosen)
    collection = desk.active.get(deed.number)
    if collection is not None:
        try:
            await collection.handle.signal(InstallmentCollectionWorkflow.pay_by, deed.wallet_id)
        except FailureError:
            workflow.logger.info("a collection ended while another wallet was to be asked")
    elif installment.state is InstallmentState.FAILED:
        await collect(installment)
