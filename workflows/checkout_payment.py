"""Between signature and activation: the payment at checkout, and Telebirr's mandate."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.contracts import ledger, payments
from activities.contracts.bnpl import NextAction
from activities.contracts.payments import Channel
from meqenet.bnpl.events import CheckoutPaymentFailed, PaymentRequested
from meqenet.bnpl.progress import PlanProgress
from meqenet.bnpl.states import PlanState
from meqenet.identity import attempt_id, contract_number, installment_id
from meqenet.ledger.happenings import CheckoutPaymentReceived
from meqenet.payments.rail import MandateStatus, WalletProvider
from workflows.asking import ask, distances, report_of
from workflows.ending import (
    end_early,
    end_mandate,
    record_cancellation,
    return_payment,
)
from workflows.news import CollectionEnd, CollectionOrder, CollectionResult, NewsKind
from workflows.plan_desk import PlanDesk, PlanEnded

_UNWANTED = (PlanState.CANCELLED, PlanState.EXPIRED)
_POLL_MANDATE_AFTER = distances(first=timedelta(seconds=2), longest=timedelta(seconds=30), count=8)


async def take_first_payment(desk: PlanDesk) -> CollectionResult | None:
    """Collect what is due at checkout and get the mandate signed; None where nothing is due."""
    terms = desk.life.signed
    left = desk.left_off.progress if desk.left_off is not None else PlanProgress()
    minutes_max = timedelta(minutes=terms.first_payment_minutes_max)
    deadline = left.payment_deadline or (left.accepted_at or desk.clock.now()) + minutes_max
    if not terms.first_payment:
        await _prepare_later_payments(desk, deadline=deadline, is_asked=left.payment_requested)
        return None
    attempts = left.payments_failed
    if desk.left_off is not None and not was_opened(desk, number=attempts + 1):
        await _before_next_attempt(desk, left, deadline=deadline)
    while True:
        result = await _collect_once(desk, deadline=deadline, first_attempt=attempts + 1)
        attempts = result.attempts
        if result.end is CollectionEnd.PAID:
            await _post_received(desk, result)
            if desk.cancel is None:
                desk.activating = True
                if len(desk.life.installments) > 1 and _by_telebirr(desk):
                    await confirm_mandate(desk)
                return result
            if desk.cancel_is_new():
                await record_cancellation(desk)
            await return_payment(desk, result, refunds=_refunds_of(desk, result))
            await end_mandate(desk)
            raise PlanEnded
        if desk.life.state in _UNWANTED:
            raise PlanEnded
        if desk.cancel is not None or desk.clock.now() >= deadline:
            await end_early(desk, stage="payment")
        await _await_another_try(desk, result, deadline=deadline)


async def _prepare_later_payments(desk: PlanDesk, *, deadline: datetime, is_asked: bool) -> None:
    if _by_telebirr(desk):
        await _have_mandate_signed(desk, deadline=deadline, is_asked=is_asked)
    if desk.cancel is not None:
        await end_mandate(desk)
        await end_early(desk, stage="payment")
    desk.activating = True


def _by_telebirr(desk: PlanDesk) -> bool:
    return desk.application.wallet_provider is WalletProvider.TELEBIRR


async def _collect_once(
    desk: PlanDesk, *, deadline: datetime, first_attempt: int
) -> CollectionResult:
    order = _first_order(desk, deadline=deadline, first_attempt=first_attempt)
    left = desk.left_off
    if left is not None and was_opened(desk, number=first_attempt):
        is_late = desk.clock.now() >= deadline
        order = replace(
            order,
            asks_first=True,
            is_shown=left.progress.payment_requested,
            is_unwanted=is_late or desk.life.state in _UNWANTED,
        )
    if order.channel is Channel.PUSH and not (order.is_shown or order.is_unwanted):
        await _request_payment(
            desk, NextAction(kind="confirm_on_phone", expires_at=deadline), deadline=deadline
        )
        desk.answer()
    await desk.start_collection(order)
    while True:
        await desk.clock.wait_until(
            lambda: bool(desk.news or desk.results or desk.cancel_is_new()),
            until=None,
            summary="the customer pays",
        )
        if desk.results:
            return desk.results.popleft()
        if desk.cancel_is_new():
            await record_cancellation(desk)
            await desk.stop_collection(number=order.number)
        while desk.news:
            news = desk.news.popleft()
            if news.kind is NewsKind.CUSTOMER_ASKED and desk.life.state is PlanState.ACCEPTED:
                action = NextAction(
                    kind="open_app" if order.first_debit_on else "visit",
                    url=news.url,
                    app_link=news.app_link,
                    expires_at=deadline,
                )
                await _request_payment(desk, action, deadline=deadline)
                desk.answer()


def _first_order(desk: PlanDesk, *, deadline: datetime, first_attempt: int) -> CollectionOrder:
    a = desk.application
    telebirr = _by_telebirr(desk)
    later = [i.planned for i in desk.life.installments[1:]]
    return CollectionOrder(
        plan_id=desk.plan_id,
        installment_id=installment_id(plan_id=desk.plan_id, number=1),
        number=1,
        amount=desk.life.signed.first_payment,
        provider=a.wallet_provider,
        channel=Channel.CHECKOUT if telebirr else Channel.PUSH,
        first_attempt=first_attempt,
        retry_on=(),
        collection_hour=desk.life.signed.collection_hour,
        title="Meqenet payment at checkout",
        account_reference=desk.account_reference,
        return_url=a.return_url,
        deadline=deadline,
        contract_no=contract_number(plan_id=desk.plan_id) if telebirr and later else None,
        first_debit_on=later[0].due_on if telebirr and later else None,
        clock=desk.clock.reading,
    )


async def _request_payment(desk: PlanDesk, action: NextAction, *, deadline: datetime) -> None:
    await desk.record(
        PaymentRequested(expires_at=deadline),
        state=PlanState.ACCEPTED,
        step="the customer pays",
        step_at=deadline,
        action=action,
    )


def was_opened(desk: PlanDesk, *, number: int) -> bool:
    """Whether a run that was lost has opened this attempt."""
    if desk.left_off is None:
        return False
    first = installment_id(plan_id=desk.plan_id, number=1)
    opened = attempt_id(installment_id=first, number=number)
    return desk.left_off.payments.attempt(attempt_id=opened) is not None


async def _before_next_attempt(desk: PlanDesk, left: PlanProgress, *, deadline: datetime) -> None:
    """A lost run has not asked for the payment yet: it is asked for if there is still time."""
    if left.awaits_new_try:
        await _await_new_try(desk, deadline=deadline)
    if desk.clock.now() >= deadline:
        await end_early(desk, stage="payment")


def _refunds_of(desk: PlanDesk, paid: CollectionResult) -> tuple[payments.RefundFound, ...]:
    """Refunds of this payment that a lost run has left behind."""
    if desk.left_off is None:
        return ()
    found = desk.left_off.payments.refunds
    return tuple(refund for refund in found if refund.attempt_id == paid.attempt_id)


async def _await_another_try(
    desk: PlanDesk, result: CollectionResult, *, deadline: datetime
) -> None:
    desk.accepted = None
    await desk.record(
        CheckoutPaymentFailed(
            attempt_id=result.attempt_id or "",
            cause=result.cause or "unknown",
            expires_at=deadline,
        ),
        state=PlanState.ACCEPTED,
        step="the customer tries the payment again",
        step_at=deadline,
        action=NextAction(kind="retry_payment", expires_at=deadline),
    )
    desk.answer()
    await _await_new_try(desk, deadline=deadline)


async def _await_new_try(desk: PlanDesk, *, deadline: datetime) -> None:
    await desk.clock.wait_until(
        lambda: desk.accepted is not None or desk.cancel is not None,
        until=deadline,
        summary="the customer tries again",
    )
    if desk.accepted is None:
        await end_early(desk, stage="payment")


async def _post_received(desk: PlanDesk, result: CollectionResult) -> None:
    if result.attempt_id is None or result.amount is None:
        raise ValueError("a paid collection names its attempt and amount")
    desk.life.installment(number=1).attempts = result.attempts
    await ask(
        ledger.POST,
        ledger.Post(
            posting_id=result.attempt_id,
            happening=CheckoutPaymentReceived(
                plan_id=desk.plan_id,
                attempt_id=result.attempt_id,
                provider=desk.application.wallet_provider,
                amount=result.amount,
            ),
            effective_at=desk.clock.now(),
        ),
        summary="Post the payment at checkout",
    )


async def _have_mandate_signed(desk: PlanDesk, *, deadline: datetime, is_asked: bool) -> None:
    if is_asked and await confirm_mandate(desk):
        return
    if not is_asked:
        await _ask_for_mandate(desk, deadline=deadline)
    watch = asyncio.create_task(_until_mandate_is_active(desk))
    await desk.clock.wait_until(
        lambda: watch.done() or desk.cancel is not None,
        until=deadline,
        summary="the customer signs the mandate",
    )
    if not watch.done():
        watch.cancel()
        await confirm_mandate(desk)
        await end_mandate(desk)
        await end_early(desk, stage="payment")


async def _ask_for_mandate(desk: PlanDesk, *, deadline: datetime) -> None:
    link = await ask(
        payments.TELEBIRR_MANDATE_LINK,
        payments.QueryMandate(contract_no=contract_number(plan_id=desk.plan_id)),
        summary="Make the mandate's link",
    )
    await _request_payment(
        desk,
        NextAction(kind="open_app", app_link=link.link, expires_at=deadline),
        deadline=deadline,
    )
    desk.answer()


async def _until_mandate_is_active(desk: PlanDesk) -> None:
    turn = 0
    while not await confirm_mandate(desk):
        wait = _POLL_MANDATE_AFTER[min(turn, len(_POLL_MANDATE_AFTER) - 1)]
        await workflow.sleep(wait, summary="then ask for the mandate")
        turn += 1


async def confirm_mandate(desk: PlanDesk) -> bool:
    """Ask Telebirr for the plan's mandate and store its word; True when it is active."""
    contract_no = contract_number(plan_id=desk.plan_id)
    try:
        answer = await ask(
            payments.TELEBIRR_QUERY_MANDATE,
            payments.QueryMandate(contract_no=contract_no),
            summary="Is the mandate signed?",
        )
    except ActivityError as error:
        workflow.logger.warning("mandate query failed: %s", report_of(error).code)
        return False
    if answer.status is not MandateStatus.ABSENT:
        await ask(
            payments.RECORD_MANDATE,
            payments.RecordMandate(plan_id=desk.plan_id, answer=answer, at=desk.clock.now()),
            summary=f"Store the mandate: {answer.status}",
        )
    return answer.status is MandateStatus.ACTIVE
