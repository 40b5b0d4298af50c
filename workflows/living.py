"""An active plan: installments collected when due, the merchant paid, until nothing is owed."""

from datetime import date, datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError

from activities.contracts.bnpl import NextAction
from activities.contracts.collecting import PolicyTerms
from activities.contracts.payments import Channel
from meqenet.bnpl.events import (
    CollectionAttemptFailed,
    CollectionStarted,
    InstallmentFailed,
    PaymentRequested,
    PlanCompleted,
)
from meqenet.bnpl.states import InstallmentState, PlanState
from meqenet.calendar import addis_date
from meqenet.identity import OWN_PAYMENT_FROM, installment_id
from meqenet.payments.rail import WalletProvider
from workflows.agenda import due_at, next_start, next_step, overdue
from workflows.collection import InstallmentCollectionWorkflow
from workflows.delinquency import next_lateness, show_days_past_due, tell_lateness
from workflows.dispute_end import take_outcomes
from workflows.dispute_waits import set_waiting_aside, take_set_aside
from workflows.ending import end_mandate
from workflows.late_fees import charge_late_fees, next_late_fee
from workflows.late_money import settled
from workflows.losses import charge_off_if_due, end_written_off
from workflows.news import (
    CollectionEnd,
    CollectionNews,
    CollectionOrder,
    CollectionResult,
    NewsKind,
)
from workflows.order_sums import refundable, still_authorised
from workflows.order_void import next_expiry, see_authorisation_through
from workflows.own_payments import (
    next_fees_asked,
    see_to_payment,
    set_aside,
    take_own_payment,
)
from workflows.paying_merchant import pay_merchant_if_due, take_payout_answer
from workflows.plan_desk import PlanDesk
from workflows.plan_life import InstallmentLife
from workflows.reminding import learn_policy, next_reminder, note_failure, remind_if_due
from workflows.support_deeds import (
    do_deed,
    go_on_later,
    held_until,
    keep_holds,
    postponed_order,
)
from workflows.taking_part import take_part
from workflows.taking_payment import take_payment

_ROLL_AFTER_COLLECTIONS = 6


async def live(desk: PlanDesk) -> bool:
    """Live until completed (True), or until it is time to continue as new (False)."""
    while not _over(desk):
        if should_roll(desk):
            return False
        await learn_policy(desk)
        await tell_lateness(desk)
        if await charge_late_fees(desk):
            await keep_holds(desk)
        step, step_at = next_step(desk)
        desk.show(step=step, step_at=step_at)
        await desk.clock.wait_until(desk.has_work, until=_next_deed(desk), summary=step)
        await tell_lateness(desk)
        await charge_late_fees(desk)
        await _take_in(desk)
        await see_authorisation_through(desk)
        await charge_off_if_due(desk)
        while desk.retries:
            number, _ = desk.retries.popitem()
            await _collect(desk, desk.life.installment(number=number), now=True)
        while desk.deeds:
            await do_deed(desk, desk.deeds[0], collect=lambda row: _collect(desk, row, now=True))
            desk.deeds.popleft()
        await take_outcomes(desk)
        await set_waiting_aside(desk)
        await keep_holds(desk)
        await see_to_payment(desk, order_of=_order_of)
        while desk.payout_answers:
            await take_payout_answer(desk, desk.payout_answers.popleft())
        await pay_merchant_if_due(desk)
        for installment in desk.life.installments:
            if _is_due(desk, installment):
                await _collect(desk, installment)
        await remind_if_due(desk)
    if desk.life.state is PlanState.WRITTEN_OFF:
        await end_written_off(desk)
        return True
    await tell_lateness(desk)
    await end_mandate(desk)
    await desk.record(
        PlanCompleted(collected=desk.life.collected()), state=PlanState.COMPLETED, step="none"
    )
    await desk.tell_merchant("plan.completed")
    return True


async def _take_in(desk: PlanDesk) -> None:
    """What collections have told, and money that came when none was waiting for it."""
    while desk.news:
        await _take_news(desk, desk.news.popleft())
    while desk.results:
        await _take_result(desk, desk.results.popleft())
    while desk.came:
        await _take_late_money(desk, number=desk.came.popleft())


def _next_deed(desk: PlanDesk) -> datetime | None:
    """When the plan has to begin something, or to remind of something."""
    deeds = (
        next_start(desk),
        next_reminder(desk),
        next_lateness(desk),
        next_late_fee(desk),
        next_fees_asked(desk),
        next_expiry(desk),
    )
    return min((at for at in deeds if at), default=None)


def should_roll(desk: PlanDesk) -> bool:
    """Whether to continue as new: only while no child is at work and nothing waits to be read."""
    if desk.active or desk.paying or desk.has_work():
        return False
    info = workflow.info()
    return (
        info.is_continue_as_new_suggested()
        or desk.life.collections_since_roll >= _ROLL_AFTER_COLLECTIONS
    )


def _over(desk: PlanDesk) -> bool:
    if desk.life.state is PlanState.WRITTEN_OFF:
        return True
    payout = desk.life.payout
    owes_nothing = desk.life.all_paid() and not desk.life.account.fees_left()
    # Where all of the order went back there is nothing to pay out.
    is_paid_out = payout is None or payout.done or not refundable(desk)
    if still_authorised(desk):
        return False
    return owes_nothing and is_paid_out and not desk.active and not desk.life.bills


def _is_due(desk: PlanDesk, installment: InstallmentLife) -> bool:
    return (
        installment.state is InstallmentState.SCHEDULED
        and desk.life.payment is None
        and not desk.life.waits(number=installment.planned.number)
        and due_at(desk, installment=installment) <= desk.clock.now()
    )


async def _collect(desk: PlanDesk, installment: InstallmentLife, *, now: bool = False) -> None:
    started_on = addis_date(at=desk.clock.now()) if now else installment.planned.due_on
    installment.state = InstallmentState.COLLECTING
    number = installment.planned.number
    first_at = None if now else held_until(desk)
    installment.failed = 0
    installment.next_attempt_at = first_at
    if first_at is not None:
        installment.postponed = (due_at(desk, installment=installment), first_at)
    await desk.record(
        CollectionStarted(number=number, next_attempt_at=first_at),
        state=desk.life.state,
        step=f"collect installment {number}",
        step_at=first_at or desk.clock.now(),
    )
    desk.life.collections_since_roll += 1
    # Due anew on another date, what had failed before it does not put its first attempt off.
    is_anew = now or installment.attempts > 0
    mended_at = desk.clock.now() if is_anew else None
    order = collection_order(desk, installment, started_on=started_on, mended_at=mended_at)
    if first_at is not None:
        order = postponed_order(desk, order, installment=installment, at=first_at)
    await desk.start_collection(order)


def _order_of(desk: PlanDesk, installment: InstallmentLife) -> CollectionOrder:
    """As of today."""
    return collection_order(desk, installment, started_on=addis_date(at=desk.clock.now()))


def collection_order(
    desk: PlanDesk,
    installment: InstallmentLife,
    *,
    started_on: date,
    mended_at: datetime | None = None,
) -> CollectionOrder:
    """How an installment is collected.

    The product's distances between attempts count from ``started_on``, where no policy plans them;
    ``mended_at`` is when a person had it collected again.
    """
    terms, provider = desk.life.signed, desk.application.wallet_provider
    number, count = installment.planned.number, len(desk.life.installments)
    installment.asked = desk.life.owed_of(number=number)
    return CollectionOrder(
        plan_id=desk.plan_id,
        installment_id=installment_id(plan_id=desk.plan_id, number=number),
        number=number,
        amount=installment.asked,
        provider=provider,
        channel=Channel.MANDATE if provider is WalletProvider.TELEBIRR else Channel.PUSH,
        first_attempt=installment.attempts + 1,
        retry_on=tuple(started_on + timedelta(days=d) for d in terms.retry_after_days),
        collection_hour=terms.collection_hour,
        title=f"Meqenet installment {number} of {count}",
        account_reference=desk.account_reference,
        return_url=desk.application.return_url,
        clock=desk.clock.reading,
        policy=PolicyTerms(
            option=desk.application.option,
            signed_on=desk.life.activated_on or installment.planned.due_on,
            due_on=installment.planned.due_on,
            mended_at=mended_at,
            asked_from=None if mended_at is None else installment.attempts + 1,
            wallet_id=installment.wallet_id,
        ),
        is_single=desk.life.account.charged_off is not None,
    )


async def _take_news(desk: PlanDesk, news: CollectionNews) -> None:
    """A failed attempt, or a page on which the customer can pay what cannot be pulled."""
    if news.kind is NewsKind.CUSTOMER_ASKED:
        await _request_payment(desk, news)
        return
    if news.kind is NewsKind.PART_PAID:
        await take_part(desk, news)
        return
    installment = desk.life.installment(number=news.number)
    installment.attempts += 1
    installment.failed += 1
    installment.next_attempt_at = news.next_attempt_at
    note_failure(desk, number=news.number, cause=news.cause)
    await desk.record(
        CollectionAttemptFailed(
            number=news.number,
            attempt_id=news.attempt_id or "",
            cause=news.cause or "unknown",
            next_attempt_at=news.next_attempt_at,
            next_attempt_reason=news.next_attempt_reason,
        ),
        state=PlanState.PAST_DUE if overdue(desk) else desk.life.state,
        step=f"try installment {news.number} again",
        step_at=news.next_attempt_at,
    )
    show_days_past_due(desk)


async def _request_payment(desk: PlanDesk, news: CollectionNews) -> None:
    expires_at = news.expires_at or desk.clock.now()
    await desk.record(
        PaymentRequested(expires_at=expires_at, number=news.number),
        state=PlanState.PAST_DUE if overdue(desk) else desk.life.state,
        step="the customer pays"
        if news.number > OWN_PAYMENT_FROM
        else f"the customer pays installment {news.number}",
        step_at=expires_at,
        action=NextAction(
            kind="visit", url=news.url, app_link=news.app_link, expires_at=expires_at
        ),
    )
    show_days_past_due(desk)


async def _take_result(desk: PlanDesk, result: CollectionResult) -> None:
    if result.number > OWN_PAYMENT_FROM:
        await take_own_payment(desk, result, order_of=_order_of)
        show_days_past_due(desk)
        return
    installment = desk.life.installment(number=result.number)
    is_moved = result.end is CollectionEnd.STOPPED and result.number in desk.moved
    if is_moved and desk.life.payment is not None:
        failed = set_aside(desk, result)
        if failed is not None:
            step, step_at = next_step(desk)
            await desk.record(failed, state=desk.life.state, step=step, step_at=step_at)
        return
    if is_moved and desk.life.waits(number=result.number):
        await take_set_aside(desk, result)
        return
    if is_moved:
        today = addis_date(at=desk.clock.now())
        await go_on_later(desk, result, collection_order(desk, installment, started_on=today))
        return
    desk.moved.pop(result.number, None)
    installment.attempts = result.attempts
    installment.next_attempt_at = None
    if result.end is not CollectionEnd.PAID:
        installment.state = InstallmentState.FAILED
        note_failure(desk, number=result.number, cause=result.cause)
        await desk.record(
            InstallmentFailed(
                number=result.number, cause=result.cause or "unknown", reason=result.reason
            ),
            state=PlanState.PAST_DUE,
            step=f"installment {result.number} waits for a retry",
        )
        show_days_past_due(desk)
        return
    await take_payment(desk, installment, result)
    show_days_past_due(desk)


async def _take_late_money(desk: PlanDesk, *, number: int) -> None:
    """Have an installment paid by money of an attempt that had counted as failed.

    A collection at work takes it before it sends anything again; a payment at checkout that
    comes after activation is no installment's, and is not taken.
    """
    collection = desk.active.get(number)
    if collection is not None:
        try:
            await collection.handle.signal(InstallmentCollectionWorkflow.money_came)
        except FailureError:
            workflow.logger.info("a collection ended while money came for it")
        return
    if number > OWN_PAYMENT_FROM:
        # Its payment is over: whoever follows the money keeps it as the customer's credit.
        return
    payment = desk.life.payment
    if payment is not None and payment.sent and number in payment.touched:
        # The customer's own payment may bring the same. Whoever follows the money tells of it
        # again: by then it is needed, or it is the customer's credit.
        return
    installment = desk.life.installment(number=number)
    if installment.state is not InstallmentState.FAILED:
        return
    own_id = installment_id(plan_id=desk.plan_id, number=number)
    standing = await settled(plan_id=desk.plan_id, installment_id=own_id, at=desk.clock.now())
    if standing is not None:
        paid = CollectionResult(
            number=number,
            end=CollectionEnd.PAID,
            attempts=installment.attempts,
            attempt_id=standing.attempt_id,
            amount=standing.amount,
            paid_at=standing.succeeded_at,
            provider=standing.provider,
        )
        await _take_result(desk, paid)
