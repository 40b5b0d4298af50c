"""What a merchant has not captured is voided: because it says so, or its time is over.

The plan is then as if that part had never been bought; what was paid for it goes back.
"""

from collections.abc import Callable
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from meqenet.bnpl.news import NOTICE_BY_EVENT
from meqenet.bnpl.refund_events import (
    AuthorisationExpired,
    AuthorisationExpiring,
    Gone,
    OrderVoided,
    price_gone,
)
from meqenet.bnpl.servicing.order_refund import OrderRefund
from workflows.agenda import record_beside
from workflows.delinquency import tell_lateness
from workflows.late_fees import charge_late_fees, waive
from workflows.order_capture_messages import AnyVoid, VoidForMerchant
from workflows.order_capture_rules import gone_of, void_outlook, voided_before
from workflows.order_refund import take_off_price
from workflows.order_sums import is_captured_by_merchant, still_authorised
from workflows.plan_account import account, policy_of
from workflows.plan_desk import PlanDesk
from workflows.support import No, first_under_way, refused

_BY_MERCHANT = "merchant"
_EXPIRED = "authorisation-expired"
_LOST = "charged-off"
_BY_ITSELF = "meqenet"
_UNDELIVERED = "nothing of the order was delivered"


async def void_order(desk: PlanDesk, deed: AnyVoid) -> ApplicationError | None:
    """Void what is not captured, or a part; returns why not, where it is not safe any more."""
    if voided_before(desk, deed):
        return None
    await tell_lateness(desk)
    await charge_late_fees(desk)
    gone = void_outlook(desk, deed)
    if isinstance(gone, No):
        return refused(gone)
    number = len(desk.life.account.voids()) + 1
    no = await _take_off(
        desk,
        gone,
        tell=lambda: OrderVoided(
            **vars(
                price_gone(
                    before=account(desk), refund=gone, number=number, reference=deed.reference
                )
            ),
            by=deed.who if isinstance(deed, VoidForMerchant) else _BY_MERCHANT,
            why=deed.why if isinstance(deed, VoidForMerchant) else None,
        ),
    )
    return None if no is None else refused(no)


async def see_authorisation_through(desk: PlanDesk) -> None:
    """Warn the merchant in time; void what is not captured once the time is over.

    While something is under way that may pay for it, it waits for the end of that.
    """
    until = desk.life.authorised_until
    if until is None or not still_authorised(desk):
        return
    now = desk.clock.now()
    warns_at = _warns_at(desk)
    if now < until:
        if warns_at is not None and warns_at <= now:
            await _warn(desk, until=until)
        return
    if first_under_way(desk) is None:
        await _expire(desk)


def next_expiry(desk: PlanDesk) -> datetime | None:
    """When the merchant is warned, or its time is over; None: whatever is in the way ends first."""
    until = desk.life.authorised_until
    if until is None or until <= desk.clock.now() or not still_authorised(desk):
        return None
    return _warns_at(desk) or until


async def void_before_loss(desk: PlanDesk, *, who: str, why: str) -> No | None:
    """Nothing that was not delivered is a loss: it is voided before a plan is given up."""
    if not (is_captured_by_merchant(desk) and still_authorised(desk)):
        return None
    gone = gone_of(desk, amount=still_authorised(desk))
    if isinstance(gone, No):
        return gone
    number = len(desk.life.account.voids()) + 1
    return await _take_off(
        desk,
        gone,
        tell=lambda: OrderVoided(
            **vars(price_gone(before=account(desk), refund=gone, number=number, reference=_LOST)),
            by=who,
            why=why,
        ),
    )


async def forgive_undelivered(desk: PlanDesk) -> None:
    """Nobody pays for being late with what was never delivered: unpaid late fees are waived."""
    if not is_captured_by_merchant(desk) or desk.life.account.captures or still_authorised(desk):
        return
    for installment in desk.life.installments:
        number = installment.planned.number
        if owed := desk.life.account.fees_left(number=number):
            await waive(desk, number=number, amount=owed, who=_BY_ITSELF, why=_UNDELIVERED)


async def finish_warning(desk: PlanDesk, *, newest: str) -> None:
    """Have the merchant told of it, where it is the newest event of a plan's log."""
    if newest == AuthorisationExpiring.kind:
        await desk.tell_merchant(NOTICE_BY_EVENT[newest])


async def _take_off(desk: PlanDesk, gone: OrderRefund, *, tell: Callable[[], Gone]) -> No | None:
    if no := await take_off_price(desk, gone, step="void what is not captured", tell=tell):
        return no
    await forgive_undelivered(desk)
    return None


def _warns_at(desk: PlanDesk) -> datetime | None:
    until = desk.life.authorised_until
    if until is None or desk.life.expiry_told:
        return None
    return policy_of(desk).authorisation.warns_at(expires_at=until)


async def _warn(desk: PlanDesk, *, until: datetime) -> None:
    desk.life.expiry_told = True
    told = AuthorisationExpiring(expires_at=until, left=still_authorised(desk))
    await record_beside(desk, told)
    await desk.tell_merchant(NOTICE_BY_EVENT[told.kind])


async def _expire(desk: PlanDesk) -> None:
    await tell_lateness(desk)
    await charge_late_fees(desk)
    gone = gone_of(desk, amount=still_authorised(desk))
    if isinstance(gone, No):
        workflow.logger.warning("what is not captured cannot be voided: %s", gone.code)
        return
    number = len(desk.life.account.voids()) + 1
    await _take_off(
        desk,
        gone,
        tell=lambda: AuthorisationExpired(
            **vars(price_gone(before=account(desk), refund=gone, number=number, reference=_EXPIRED))
        ),
    )
