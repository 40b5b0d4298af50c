"""The merchant's side of captures: each is due on its own day, and brought by its merchant's day.

Which of them a payout had is the settlement domain's knowledge: the plan asks it whenever something
may have changed.
"""

from dataclasses import replace
from datetime import timedelta

from activities.contracts import captures
from meqenet.bnpl.events import MerchantPaid, MerchantPayoutRejected
from meqenet.calendar import addis_date, at_addis
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.terms import PAYOUT_HOUR
from workflows.agenda import record_beside
from workflows.asking import ask
from workflows.plan_desk import PlanDesk
from workflows.plan_life import PayoutLife


def learn(payout: PayoutLife, found: captures.CapturesFound) -> None:
    """Take in what has become of captures: when the next payout is due, if any is."""
    waiting = [each for each in found.captures if not each.is_paid and each.left]
    payout.done = not waiting
    if waiting:
        due_at = min(each.due_at for each in waiting)
        payout.scheduled = replace(payout.scheduled, due_at=due_at)


async def take_captures_word(desk: PlanDesk, payout: PayoutLife) -> None:
    """Record what became of the plan's shares; what is known already is not recorded again."""
    found = await ask(
        captures.FIND_CAPTURES,
        captures.FindCaptures(plan_id=desk.plan_id),
        summary="What became of the captures?",
    )
    learn(payout, found)
    news = [
        share
        for share in found.shares
        if share.state.is_final and share.payout_id not in payout.told
    ]
    for share in news:
        payout.told.append(share.payout_id)
        await _tell(desk, payout, share)
    newest = found.shares[-1] if found.shares else None
    is_refused = newest is not None and newest.state is PayoutState.REJECTED
    if is_refused and not payout.done:
        # Without news, what staff have asked for has not come about: it waits for them again.
        payout.rejected, payout.refused = True, newest.payout_id if newest else None
    elif not news and not payout.done:
        _wait_for_the_next_day(desk, payout)


def _wait_for_the_next_day(desk: PlanDesk, payout: PayoutLife) -> None:
    """What is due and was not paid is looked at tomorrow; what is due later, on its own day."""
    now = desk.clock.now()
    tomorrow = at_addis(on=addis_date(at=now) + timedelta(days=1), hour=PAYOUT_HOUR)
    payout.again_at = tomorrow if payout.scheduled.due_at <= now else None


async def _tell(desk: PlanDesk, payout: PayoutLife, share: captures.ShareStanding) -> None:
    if share.state is PayoutState.SETTLED:
        payout.rejected, payout.again_at = False, None
        await record_beside(
            desk,
            MerchantPaid(payout_id=share.payout_id, amount=share.amount, is_part=not payout.done),
        )
        await desk.tell_merchant("plan.settled")
        return
    await record_beside(
        desk,
        MerchantPayoutRejected(
            payout_id=share.payout_id, reason_code=share.reason_code or "unknown"
        ),
    )
