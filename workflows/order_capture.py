"""A merchant captures its order: what it has delivered is owed to it.

The event is recorded first; the rest follows from it, and is done again after a loss.
"""

from temporalio.exceptions import ApplicationError

from activities.contracts import captures, ledger
from meqenet.bnpl.news import NOTICE_BY_EVENT
from meqenet.bnpl.refund_events import OrderCaptured
from meqenet.calendar import addis_date
from meqenet.identity import capture_id
from meqenet.ledger import order_happenings as h
from workflows.agenda import record_beside
from workflows.asking import ask
from workflows.captured_payouts import learn
from workflows.order_capture_messages import CaptureOrder
from workflows.order_capture_rules import captured_before, no_capture
from workflows.order_sums import still_authorised
from workflows.plan_desk import PlanDesk
from workflows.support import refused


async def capture_order(desk: PlanDesk, deed: CaptureOrder) -> ApplicationError | None:
    """Capture the order, or a part; returns why not, where it cannot be any more."""
    if captured_before(desk, deed):
        return None
    if no := no_capture(desk, deed):
        return refused(no)
    told = OrderCaptured(
        number=len(desk.life.account.captures) + 1,
        reference=deed.reference,
        on=addis_date(at=desk.clock.now()),
        amount=deed.amount or still_authorised(desk),
    )
    desk.life.account = desk.life.account.captured(told)
    await record_beside(desk, told)
    await _tell_books(desk, told)
    await desk.tell_merchant(NOTICE_BY_EVENT[told.kind])
    return None


async def finish_capture(desk: PlanDesk, *, newest: str) -> None:
    """Do again what follows from the newest capture, for a run that was lost with it."""
    if newest == OrderCaptured.kind:
        await _tell_books(desk, desk.life.account.captures[-1])
        await desk.tell_merchant(NOTICE_BY_EVENT[newest])


async def _tell_books(desk: PlanDesk, told: OrderCaptured) -> None:
    """The merchant's side first: it says what of it the merchant gets, and when."""
    own_id = capture_id(plan_id=desk.plan_id, number=told.number)
    at = desk.recorded_at or desk.clock.now()
    captured = await ask(
        captures.CAPTURE_ORDER,
        captures.CaptureOrder(
            plan_id=desk.plan_id, capture_id=own_id, amount=told.amount, on=told.on, at=at
        ),
        summary=f"The merchant gets {told.amount} birr, less its fee",
    )
    if captured.net:
        await ask(
            ledger.POST,
            ledger.Post(
                posting_id=own_id,
                happening=h.OrderCaptured(
                    plan_id=desk.plan_id,
                    merchant_id=desk.application.merchant_id,
                    capture_id=own_id,
                    amount=captured.net,
                    protected=captured.is_protected,
                ),
                effective_at=at,
            ),
            summary=f"Post a capture of {told.amount} birr",
        )
    if desk.life.payout is not None:
        learn(desk.life.payout, captured.found)
