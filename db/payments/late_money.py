"""Money that came although its attempt had counted as failed: where it belongs, decided once.

Each decision is made under the plan's lock, so that an installment is paid by one attempt, however
many collections, callbacks and statements ask at once. All that is not taken is a surplus.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select

from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append
from db.payments.tables import Answer, Attempt, Refund
from meqenet.errors import Defect
from meqenet.money import Money
from meqenet.payments.attempts import Finding, OrderState
from meqenet.payments.late_money import MoneyPlace
from meqenet.payments.orders import plan_of
from meqenet.payments.rail import PaymentAnswer, RailStatus
from meqenet.payments.surplus_events import SurplusReceived


@dataclass(frozen=True, kw_only=True)
class LateWord:
    """The newest word that an attempt's money has come, and when it was heard."""

    answer: PaymentAnswer
    heard_at: datetime


async def siblings_of(*, session: ReadSession, attempt: Attempt) -> Sequence[Attempt]:
    """The other attempts of the same installment, in the order in which they were opened."""
    found = await session.scalars(
        select(Attempt)
        .where(
            Attempt.plan_id == attempt.plan_id,
            Attempt.installment_id == attempt.installment_id,
            Attempt.attempt_id != attempt.attempt_id,
        )
        .order_by(Attempt.opened_at, Attempt.attempt_id)
    )
    return found.all()


async def paid_by(*, session: ReadSession, attempt: Attempt) -> str | None:
    """The other attempt that has paid the installment of this one; None where none has."""
    return payer_among(attempts=await siblings_of(session=session, attempt=attempt))


def payer_among(*, attempts: Sequence[Attempt]) -> str | None:
    """The attempt of one installment that pays it; None where none of them does."""
    return next((each.attempt_id for each in attempts if pays(attempt=each)), None)


async def find_attempt(*, session: ReadSession, attempt_id: str) -> Attempt | None:
    """The attempt of that id; None when no order of ours has it, whatever it looks like."""
    try:
        plan_id = plan_of(order_id=attempt_id)
    except Defect:
        return None
    return await session.get(Attempt, (plan_id, attempt_id))


def pays(*, attempt: Attempt) -> bool:
    """Whether its money pays its installment, alone or as the last part."""
    is_taken = attempt.state is OrderState.SUCCEEDED and attempt.surplus_at is None
    # What a replayed payment pays is told by its plan's log: it may be another installment.
    return is_taken and not attempt.is_part and attempt.replay_id is None


def credit_in(*, attempt: Attempt) -> Money | None:
    """How much of what an attempt has brought is the customer's credit; None: nothing of it."""
    return attempt.overpaid_santim if attempt.surplus_at is None else attempt.moved_santim


def came_late() -> ColumnElement[bool]:
    """A failed attempt whose money came after that and has not gone back."""
    came = exists().where(
        Answer.plan_id == Attempt.plan_id,
        Answer.order_id == Attempt.attempt_id,
        Answer.finding == Finding.MONEY_AFTER_FAILURE,
    )
    went_back = exists().where(
        Refund.plan_id == Attempt.plan_id,
        Refund.attempt_id == Attempt.attempt_id,
        Refund.state == OrderState.SUCCEEDED,
    )
    return (Attempt.state == OrderState.FAILED) & came & ~went_back


async def late_word(*, session: ReadSession, attempt: Attempt) -> LateWord:
    """The evidence of an attempt that :func:`came_late`.

    Raises:
        Defect: ``late_money_missing``.
    """
    found = await session.scalars(
        select(Answer)
        .where(
            Answer.plan_id == attempt.plan_id,
            Answer.order_id == attempt.attempt_id,
            Answer.finding == Finding.MONEY_AFTER_FAILURE,
        )
        .order_by(Answer.number.desc())
        .limit(1)
    )
    kept = found.one_or_none()
    if kept is None:
        raise Defect("late_money_missing", f"no money of {attempt.attempt_id} came late")
    return LateWord(
        answer=PaymentAnswer(
            order_id=attempt.attempt_id,
            status=RailStatus.SUCCEEDED,
            provider_reference=kept.provider_reference,
            receipt=kept.receipt,
            amount=kept.amount_santim,
            occurred_at=kept.occurred_at,
        ),
        heard_at=kept.heard_at,
    )


async def tell_surplus(
    *,
    session: WriteSession,
    attempt: Attempt,
    settled_by: str | None,
    at: datetime,
    amount: Money | None = None,
    event_id: str | None = None,
) -> None:
    """Tell, once, that an attempt's money, or so much of it, is the customer's credit.

    Once for its event's id, that is; without one, once for the attempt.

    Raises:
        Defect: ``surplus_unmoved``: it has brought nothing.
    """
    if attempt.moved_santim is None or attempt.moved_at is None:
        raise Defect("surplus_unmoved", f"{attempt.attempt_id} has brought nothing")
    event = NewEvent.of(
        event_id=event_id or f"{attempt.attempt_id}-surplus",
        stream=attempt.plan_id,
        data=SurplusReceived(
            attempt_id=attempt.attempt_id,
            installment_id=attempt.installment_id,
            provider=attempt.provider,
            amount=attempt.moved_santim if amount is None else amount,
            receipt=attempt.receipt,
            moved_at=attempt.moved_at,
            paid_by=settled_by,
        ),
        at=at,
    )
    await append(session=session, event=event)


def place_of(*, attempt: Attempt, is_late: bool) -> MoneyPlace:
    """Where an attempt's money stands by the store alone; ``is_late``: it :func:`came_late`."""
    if attempt.surplus_at is not None:
        return MoneyPlace.SURPLUS
    if attempt.reversed_at is not None:
        return MoneyPlace.NOWHERE
    if attempt.state is OrderState.SUCCEEDED:
        return MoneyPlace.INSTALLMENT
    return MoneyPlace.WAITS if is_late else MoneyPlace.NOWHERE
