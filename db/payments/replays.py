"""Money of a plan's payments that are replayed: gone, credit, or paying otherwise."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select

from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append
from db.payments.attempts import attempt_by_id
from db.payments.late_money import credit_in, tell_surplus
from db.payments.tables import Attempt, Refund
from db.payments.wallets import lock_plan
from meqenet.errors import Defect
from meqenet.identity import replayed_id
from meqenet.money import Money
from meqenet.payments.attempts import OrderState
from meqenet.payments.replay_events import PaymentRecounted, PaymentReversed

_NOTHING = Money.zero()


async def went_back(*, session: ReadSession, plan_id: str) -> Sequence[str]:
    """Attempts of which money has gone back to a wallet, or is on its way."""
    found = await session.scalars(
        select(Refund.attempt_id)
        .where(Refund.plan_id == plan_id, Refund.state != OrderState.FAILED)
        .order_by(Refund.attempt_id)
    )
    return list(dict.fromkeys(found))


async def reverse_payment(
    *, session: WriteSession, attempt_id: str, replay_id: str, by: str, why: str, at: datetime
) -> None:
    """Note, once, that an attempt's money is gone.

    Raises:
        Defect: ``attempt_missing``; ``reversal_unmoved``: it has brought nothing that is here.
    """
    attempt = await _locked(session, attempt_id)
    if attempt.replay_id == replay_id:
        return
    if attempt.state is not OrderState.SUCCEEDED or attempt.surplus_at is not None:
        raise Defect("reversal_unmoved", f"{attempt_id} has brought nothing that pays its plan")
    attempt.overpaid_santim = attempt.overpaid_at = None
    attempt.replay_id, attempt.reversed_at, attempt.changed_at = replay_id, at, at
    await session.flush()
    told = PaymentReversed(
        attempt_id=attempt_id,
        replay_id=replay_id,
        provider=attempt.provider,
        amount=attempt.moved_santim or _NOTHING,
        by=by,
        why=why,
    )
    await _append(session, attempt, told, replay_id=replay_id, what="reversed", at=at)


async def recount_payments(
    *, session: WriteSession, replay_id: str, credit_of: Mapping[str, Money], at: datetime
) -> None:
    """Note, once, that payments pay what their plan's log says, and what of each is credit.

    Args:
        session: the transaction.
        replay_id: the replay.
        credit_of: by attempt, what of its money pays nothing; all of one that pays nothing at all.
        at: now, by the plan's clock.

    Raises:
        Defect: ``attempt_missing``; ``credit_unmoved``: more would be credit than has come.
    """
    for attempt_id, credit in credit_of.items():
        attempt = await _locked(session, attempt_id)
        if attempt.replay_id == replay_id:
            continue
        moved = attempt.moved_santim
        if moved is None or credit > moved:
            raise Defect("credit_unmoved", f"{attempt_id} has brought less")
        before = credit_in(attempt=attempt) or _NOTHING
        attempt.replay_id, attempt.changed_at = replay_id, at
        if credit != before:
            attempt.overpaid_santim = attempt.overpaid_at = None
            if credit == moved:
                attempt.surplus_at = at
            elif credit:
                attempt.overpaid_santim, attempt.overpaid_at = credit, at
        await session.flush()
        told = PaymentRecounted(attempt_id=attempt_id, replay_id=replay_id, credit=credit)
        await _append(session, attempt, told, replay_id=replay_id, what="recounted", at=at)
        if credit > before:
            made_id = f"{replayed_id(replay_id=replay_id, attempt_id=attempt_id)}-surplus"
            await tell_surplus(
                session=session,
                attempt=attempt,
                settled_by=None,
                at=at,
                amount=credit,
                event_id=made_id,
            )


async def _locked(session: WriteSession, attempt_id: str) -> Attempt:
    attempt = await attempt_by_id(session=session, attempt_id=attempt_id)
    await lock_plan(session=session, plan_id=attempt.plan_id)
    await session.refresh(attempt)
    return attempt


async def _append(
    session: WriteSession,
    attempt: Attempt,
    told: PaymentReversed | PaymentRecounted,
    *,
    replay_id: str,
    what: str,
    at: datetime,
) -> None:
    event_id = f"{replayed_id(replay_id=replay_id, attempt_id=attempt.attempt_id)}-{what}"
    event = NewEvent.of(event_id=event_id, stream=attempt.plan_id, data=told, at=at)
    await append(session=session, event=event)
