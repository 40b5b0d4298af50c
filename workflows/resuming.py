"""A plan whose run was lost goes on from the stores: what was under way is brought to its end.

Everything before the newest event of the plan's log is done. What followed it is done again, and
changes nothing where it was done: steps are idempotent, and providers and banks are asked about
whatever may have been sent before anything is sent.
"""

from dataclasses import replace
from datetime import timedelta

from activities.contracts import kyc, marketplace
from activities.contracts.payments import AttemptState
from meqenet.bnpl.states import InstallmentState, PlanState
from meqenet.calendar import addis_date
from meqenet.identity import attempt_id, installment_id
from workflows.activation import activate, finish_activation
from workflows.becoming_active import (
    ask_for_another_login,
    await_signature,
    confirm_identity,
    decide_credit,
    make_offer,
    request_login,
    see_login_through,
)
from workflows.checkout_payment import take_first_payment, was_opened
from workflows.delinquency import show_days_past_due
from workflows.dispute_end import finish_end
from workflows.disputing import finish_dispute
from workflows.ending import end_early, end_mandate
from workflows.hardship import finish_change
from workflows.late_fees import finish_fee
from workflows.living import collection_order
from workflows.losses import end_written_off, finish_charge_off
from workflows.messages import Accept, Cancel
from workflows.news import CollectionEnd, CollectionOrder, CollectionResult
from workflows.order_capture import finish_capture
from workflows.order_refund import finish_refunds
from workflows.order_void import finish_warning, forgive_undelivered
from workflows.own_payments import go_on_paying
from workflows.plan_desk import PlanDesk, PlanEnded
from workflows.plan_life import InstallmentLife, LeftOff
from workflows.replaying_payments import finish_replay

_APPLICATION_LOST = "application_lost"
_NOT_CONFIRMED = "Fayda did not confirm your identity."
_OUTCOME = {
    PlanState.CANCELLED: marketplace.OrderOutcome.CANCELLED,
    PlanState.EXPIRED: marketplace.OrderOutcome.EXPIRED,
}


def take_up(desk: PlanDesk, left: LeftOff) -> None:
    """Put on the desk what the lost run had on it, before anybody is let in."""
    desk.left_off = left
    login, progress = left.login, left.progress
    desk.recorded_at = progress.newest_at
    if login.state is kyc.LoginState.OPEN and login.attempt == desk.life.identity_attempt:
        desk.login_state = login.login_state
    next_try = progress.payments_failed + 1
    awaits_new_try = progress.awaits_new_try and not was_opened(desk, number=next_try)
    if desk.life.state is PlanState.ACCEPTED and not awaits_new_try:
        desk.accepted = Accept(agreement_version=progress.agreement_version or "")
    if desk.life.state in _OUTCOME:
        desk.cancel = Cancel(reason=progress.cancel_reason or desk.life.state)


async def go_on(desk: PlanDesk, left: LeftOff) -> None:
    """Go on where the lost run was; returns once the plan is active.

    Raises:
        PlanEnded: there is nothing more to live.
    """
    desk.show(step=left.next_step, step_at=left.next_step_at)
    match desk.life.state:
        case PlanState.APPLIED | PlanState.IDENTITY_REQUIRED:
            await decide_credit(desk, await _identity(desk, left))
            await make_offer(desk)
        case PlanState.OFFERED:
            expires_at = left.progress.offer_expires_at or desk.clock.now()
            await await_signature(desk, expires_at=expires_at)
        case PlanState.ACCEPTED:
            # The payment at checkout, or what follows it, is under way.
            pass
        case PlanState.ACTIVE | PlanState.PAST_DUE:
            await _be_active_again(desk, left)
            return
        case _:
            await _finish_the_end(desk, left)
            raise PlanEnded
    await activate(desk, await take_first_payment(desk))
    desk.answer()


async def _identity(desk: PlanDesk, left: LeftOff) -> kyc.IdentityVerified:
    login = left.login
    if login.state is kyc.LoginState.NONE:
        # Not even the first login was stored, so nobody knows any more who has applied; the
        # checkout has not been answered either.
        desk.cancel = desk.cancel or Cancel(reason=_APPLICATION_LOST)
        await end_early(desk, stage="application")
    patience = timedelta(minutes=desk.life.signed.offer_minutes_max)
    expires_at = left.progress.login_expires_at or desk.clock.now() + patience
    if login.attempt != desk.life.identity_attempt:
        await request_login(desk, expires_at=expires_at)
    elif login.state is kyc.LoginState.VERIFIED:
        if login.identity is None:
            await desk.decline(("identity_not_confirmed", _NOT_CONFIRMED))
            raise PlanEnded
        if left.progress.identity_confirmed:
            return login.identity
        return await confirm_identity(desk, login.identity)
    elif login.state is kyc.LoginState.CLOSED:
        await _after_closed_login(desk, code=login.outcome or "expired")
        reason = (login.outcome or "identity_not_confirmed", _NOT_CONFIRMED)
        await ask_for_another_login(desk, reason=reason, expires_at=expires_at)
    return await see_login_through(desk, expires_at=expires_at)


async def _after_closed_login(desk: PlanDesk, *, code: str) -> None:
    if code == "cancelled":
        desk.cancel = desk.cancel or Cancel(reason=code)
    if code in ("cancelled", "expired"):
        await end_early(desk, stage="identity")


async def _be_active_again(desk: PlanDesk, left: LeftOff) -> None:
    if left.progress.activating:
        await finish_activation(desk, _paid_at_checkout(desk, left))
    elif left.progress.newest == "merchant_paid":
        await desk.tell_merchant("plan.settled")
    await finish_fee(desk, newest=left.progress.newest)
    await finish_charge_off(desk, newest=left.progress.newest)
    await finish_change(desk, newest=left.progress.newest)
    await finish_capture(desk, newest=left.progress.newest)
    await finish_warning(desk, newest=left.progress.newest)
    await finish_refunds(desk, newest=left.progress.newest)
    await finish_dispute(desk, newest=left.progress.newest)
    await finish_end(desk, newest=left.progress.newest)
    await finish_replay(desk, newest=left.progress.newest)
    await forgive_undelivered(desk)
    show_days_past_due(desk)
    if await go_on_paying(desk, left, order_of=_order_of):
        return
    for installment in desk.life.installments:
        if installment.state is InstallmentState.COLLECTING:
            await _collect_on(desk, installment, left=left)


def _order_of(desk: PlanDesk, installment: InstallmentLife) -> CollectionOrder:
    return collection_order(desk, installment, started_on=addis_date(at=desk.clock.now()))


async def _collect_on(desk: PlanDesk, installment: InstallmentLife, *, left: LeftOff) -> None:
    """Go on with a collection at the attempt that the log does not know the end of."""
    number = installment.planned.number
    known = left.progress.collection(number=number)
    started_on = known.started_on or installment.planned.due_on
    is_asked_for = known.has_failed_for_good and not known.failed
    order = collection_order(
        desk,
        installment,
        started_on=started_on,
        mended_at=desk.clock.now() if is_asked_for else None,
    )
    current = attempt_id(installment_id=order.installment_id, number=order.first_attempt)
    made = left.payments.attempt(attempt_id=current)
    was_made = made is not None
    if made is not None and made.amount is not None and not made.is_part:
        # What was stored is asked about as it was: a late fee may have been charged since.
        installment.asked = made.amount
    await desk.start_collection(
        replace(
            order,
            channel=order.channel if made is None else made.channel,
            provider=order.provider if made is None else made.provider or order.provider,
            wallet_id=None if made is None else made.wallet_id,
            amount=installment.asked or order.amount,
            retry_on=order.retry_on[known.failed :],
            part=made.amount if made is not None and made.is_part else None,
            asks_first=was_made,
            not_before=None if was_made else known.next_attempt_at,
        )
    )


def _paid_at_checkout(desk: PlanDesk, left: LeftOff) -> CollectionResult | None:
    """The payment at checkout as its collection told it; None where nothing was due."""
    first = f"{installment_id(plan_id=desk.plan_id, number=1)}-"
    for attempt in left.payments.attempts:
        is_paid = attempt.state is AttemptState.SUCCEEDED and not attempt.is_surplus
        if attempt.attempt_id.startswith(first) and is_paid:
            return CollectionResult(
                number=1,
                end=CollectionEnd.PAID,
                attempts=desk.life.installment(number=1).attempts,
                attempt_id=attempt.attempt_id,
                amount=desk.life.signed.first_payment,
                paid_at=attempt.succeeded_at,
            )
    return None


async def _finish_the_end(desk: PlanDesk, left: LeftOff) -> None:
    progress, state = left.progress, desk.life.state
    if state is PlanState.DECLINED:
        await desk.close_order(marketplace.OrderOutcome.DECLINED)
    elif state is PlanState.COMPLETED:
        await desk.tell_merchant("plan.completed")
    elif state is PlanState.WRITTEN_OFF:
        await end_written_off(desk)
    elif progress.returned:
        await end_mandate(desk)
    else:
        await desk.release_hold()
        await desk.close_order(_OUTCOME[state])
        if _may_bring_money(desk, left):
            await take_first_payment(desk)


def _may_bring_money(desk: PlanDesk, left: LeftOff) -> bool:
    """Whether a payment at checkout is still open, or has come and must go back."""
    newest = attempt_id(
        installment_id=installment_id(plan_id=desk.plan_id, number=1),
        number=left.progress.payments_failed + 1,
    )
    found = left.payments.attempt(attempt_id=newest)
    return found is not None and found.state is not AttemptState.FAILED
