"""Where money that came late belongs: taken for its installment, or kept as a surplus."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select

from db.kernel.engine import WriteSession
from db.kernel.events import NewEvent, append
from db.payments.attempts import attempt_by_id, standing_of, take_over, told_change
from db.payments.late_money import (
    came_late,
    late_word,
    payer_among,
    pays,
    place_of,
    siblings_of,
    tell_surplus,
)
from db.payments.tables import Attempt
from db.payments.wallets import lock_plan
from meqenet.payments.attempts import after_answer
from meqenet.payments.late_money import MoneyPlace, Need, place_of_late_money
from meqenet.payments.orders import plan_of


@dataclass(frozen=True, kw_only=True)
class PlacedMoney:
    """An attempt, and where its money belongs."""

    attempt: Attempt
    place: MoneyPlace


async def settle_installment(
    *, session: WriteSession, plan_id: str, installment_id: str, at: datetime
) -> Attempt | None:
    """The attempt whose money pays the installment; what came late is taken for it.

    None where no money is there, or where an attempt is open that may bring it.

    Args:
        session: the transaction.
        plan_id: the plan.
        installment_id: its installment, which whoever asks posts as paid.
        at: now, by the plan's clock.
    """
    await lock_plan(session=session, plan_id=plan_id)
    mine = (Attempt.plan_id == plan_id) & (Attempt.installment_id == installment_id)
    tried = await session.scalars(
        select(Attempt).where(mine).order_by(Attempt.opened_at, Attempt.attempt_id)
    )
    for attempt in tried:
        if pays(attempt=attempt):
            return attempt
    late = await session.scalars(
        select(Attempt)
        .where(mine, came_late(), Attempt.is_part.is_(False))
        .order_by(Attempt.opened_at, Attempt.attempt_id)
        .limit(1)
    )
    first = late.one_or_none()
    if first is None:
        return None
    place = await _place(session, first, need=Need.NEEDED, at=at)
    return first if place is MoneyPlace.INSTALLMENT else None


async def place_money(
    *, session: WriteSession, attempt_id: str, need: Need, at: datetime
) -> PlacedMoney:
    """Where an attempt's money belongs, and, where that is certain by now, keep it there.

    Args:
        session: the transaction.
        attempt_id: whose money.
        need: ``OVER`` also makes a surplus of money that was taken to pay an installment, which
            its plan has ended without: whoever says so has seen that it is not posted.
        at: now.

    Raises:
        Defect: ``attempt_missing``.
    """
    plan_id = plan_of(order_id=attempt_id)
    await lock_plan(session=session, plan_id=plan_id)
    attempt = await attempt_by_id(session=session, attempt_id=attempt_id)
    is_late = bool(
        await session.scalar(
            select(
                exists().where(
                    Attempt.plan_id == plan_id, Attempt.attempt_id == attempt_id, came_late()
                )
            )
        )
    )
    place = place_of(attempt=attempt, is_late=is_late)
    if place is MoneyPlace.WAITS:
        place = await _place(session, attempt, need=need, at=at)
    elif place is MoneyPlace.INSTALLMENT and need is Need.OVER:
        attempt.surplus_at = attempt.changed_at = at
        await session.flush()
        await tell_surplus(session=session, attempt=attempt, settled_by=None, at=at)
        place = MoneyPlace.SURPLUS
    return PlacedMoney(attempt=attempt, place=place)


async def _place(
    session: WriteSession, attempt: Attempt, *, need: Need, at: datetime
) -> MoneyPlace:
    siblings = await siblings_of(session=session, attempt=attempt)
    settled_by = payer_among(attempts=siblings)
    place = place_of_late_money(
        # A part may have been asked for again since it had failed: what comes late is a credit.
        is_paid_otherwise=settled_by is not None or attempt.is_part,
        is_another_open=any(not each.state.is_final for each in siblings),
        need=need,
    )
    if place is MoneyPlace.WAITS:
        return place
    word = await late_word(session=session, attempt=attempt)
    after = after_answer(
        standing=standing_of(attempt=attempt),
        answer=word.answer,
        at=word.heard_at,
        late_money_counts=True,
    )
    is_surplus = place is MoneyPlace.SURPLUS
    take_over(attempt=attempt, standing=after.standing, at=at, is_surplus=is_surplus)
    await session.flush()
    await append(
        session=session,
        event=NewEvent.of(
            event_id=f"{attempt.attempt_id}-came-late",
            stream=attempt.plan_id,
            data=told_change(attempt=attempt),
            at=at,
        ),
    )
    if is_surplus:
        await tell_surplus(session=session, attempt=attempt, settled_by=settled_by, at=at)
    return place
