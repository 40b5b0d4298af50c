"""How a line or an order stands: each change is kept, and differences are told."""

from datetime import datetime

from db.kernel.engine import WriteSession
from db.kernel.events import NewEvent, append
from db.payments.tables import ReconciliationItem, ReconciliationJudgement
from meqenet.event_types import EventData
from meqenet.payments.events import DifferenceFound, DifferenceSettled
from meqenet.payments.reconciliation import Judgement


async def judge_item(
    *,
    session: WriteSession,
    item: ReconciliationItem,
    judgement: Judgement,
    at: datetime,
    judged_by: str | None = None,
    reason: str | None = None,
) -> bool:
    """Take a judgement over; whether it says anything new.

    Args:
        session: the transaction that has the item locked.
        item: changed in place.
        judgement: how it stands now.
        at: when it was judged.
        judged_by: a person; None is a run.
        reason: why the person did.
    """
    was_open = is_open(item=item)
    before = (item.verdict, item.because, item.partner, item.accepted_by)
    if before == (judgement.verdict, judgement.because, judgement.partner, judged_by):
        return False
    item.verdict, item.because = judgement.verdict, judgement.because
    item.partner, item.accepted_by = judgement.partner, judged_by
    item.changed_at = at
    item.judgements += 1
    session.add(
        ReconciliationJudgement(
            provider=item.provider,
            item_id=item.item_id,
            number=item.judgements,
            verdict=judgement.verdict,
            because=judgement.because,
            partner=judgement.partner,
            judged_by=judged_by,
            reason=reason,
            at=at,
        )
    )
    await session.flush()
    told = _told(item, was_open=was_open, reason=reason)
    if told is not None:
        # A stream of its own: differences are few, and no run waits for another's.
        event = NewEvent.of(
            event_id=f"{item.item_id}-j{item.judgements}",
            stream=f"difference-{item.item_id}",
            data=told,
            at=at,
        )
        await append(session=session, event=event)
    return True


def is_open(*, item: ReconciliationItem) -> bool:
    """Whether somebody has to do something about it."""
    return item.verdict.is_open and item.accepted_by is None


def _told(item: ReconciliationItem, *, was_open: bool, reason: str | None) -> EventData | None:
    if is_open(item=item):
        return DifferenceFound(
            provider=item.provider,
            item_id=item.item_id,
            order_id=item.order_id,
            amount=item.amount_santim,
            verdict=item.verdict,
            because=item.because,
        )
    if not was_open:
        return None
    return DifferenceSettled(
        provider=item.provider,
        item_id=item.item_id,
        order_id=item.order_id,
        amount=item.amount_santim,
        verdict=item.verdict,
        accepted_by=item.accepted_by,
        reason=reason,
    )
