"""Money that goes back because goods do: shared over the payments that brought it, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from db.kernel.encryption import Keyring
from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append
from db.payments.refunds import open_refund
from db.payments.tables import Attempt, Refund
from db.payments.wallets import lock_plan
from meqenet.errors import Defect
from meqenet.identity import refund_id
from meqenet.money import Money, total
from meqenet.payments.attempts import OrderState
from meqenet.payments.cash_back import CashBackPart
from meqenet.payments.surplus_events import CreditReturnAsked

REASON: Final = "goods went back"
"""Why the money goes back, in words for the customer."""
_NOTHING: Final = Money.zero()


@dataclass(frozen=True, kw_only=True)
class Again:
    """Who has what a provider has refused sent again, and why; no private data."""

    by: str
    why: str


async def share_cash_back(
    *,
    session: WriteSession,
    keyring: Keyring,
    plan_id: str,
    cash_back_id: str,
    amount: Money,
    at: datetime,
    again: Again | None,
) -> tuple[CashBackPart, ...]:
    """Store which payments it goes back to, once; asked again, the same as they stand.

    Whole payments go back before parts of others, as the newest are taken first.

    Args:
        session: the transaction.
        keyring: opens the wallets' phones.
        plan_id: the plan.
        cash_back_id: the refund of the order.
        amount: all that goes back.
        at: now, by the plan's clock.
        again: who has what a provider has refused shared anew; None: nobody.

    Raises:
        Defect: ``cash_back_uncovered``: the plan's payments have brought less.
        Refusal: as of :func:`db.payments.refunds.open_refund`.
    """
    await lock_plan(session=session, plan_id=plan_id)
    mine = [each for each in await _refunds(session, plan_id) if each.cash_back_of == cash_back_id]
    known = {each.refund_id for each in mine}
    live = [each for each in mine if each.state is not OrderState.FAILED]
    missing = amount - total(each.amount_santim for each in live)
    if missing and (again or not mine):
        await _share(
            session,
            keyring,
            plan_id=plan_id,
            cash_back_id=cash_back_id,
            missing=missing,
            at=at,
            again=again,
        )
    attempts = {each.attempt_id: each for each in await _attempts(session, plan_id)}
    return tuple(
        CashBackPart(
            refund_id=each.refund_id,
            attempt_id=each.attempt_id,
            provider=attempts[each.attempt_id].provider,
            amount=each.amount_santim,
            is_new=each.refund_id not in known,
            is_returned=each.state is OrderState.SUCCEEDED,
        )
        for each in await _refunds(session, plan_id)
        if each.cash_back_of == cash_back_id and each.state is not OrderState.FAILED
    )


async def _share(
    session: WriteSession,
    keyring: Keyring,
    *,
    plan_id: str,
    cash_back_id: str,
    missing: Money,
    at: datetime,
    again: Again | None,
) -> None:
    refunds = await _refunds(session, plan_id)
    for attempt in reversed(await _attempts(session, plan_id)):
        of_it = [each for each in refunds if each.attempt_id == attempt.attempt_id]
        amount = min(missing, _left_of(attempt, of_it))
        if not amount:
            continue
        made_id = refund_id(attempt_id=attempt.attempt_id, number=len(of_it) + 1)
        await open_refund(
            session=session,
            keyring=keyring,
            refund_id=made_id,
            attempt_id=attempt.attempt_id,
            amount=amount,
            reason=REASON,
            at=at,
        )
        opened = await session.get_one(Refund, (plan_id, made_id))
        opened.cash_back_of = cash_back_id
        if again is not None:
            await _tell_asked(session, opened, again=again, at=at)
        missing -= amount
    if missing:
        raise Defect("cash_back_uncovered", f"{plan_id}: its payments have brought {missing} less")
    await session.flush()


async def _tell_asked(session: WriteSession, refund: Refund, *, again: Again, at: datetime) -> None:
    told = CreditReturnAsked(
        attempt_id=refund.attempt_id,
        refund_id=refund.refund_id,
        amount=refund.amount_santim,
        by=again.by,
        why=again.why,
    )
    event = NewEvent.of(
        event_id=f"{refund.refund_id}-asked", stream=refund.plan_id, data=told, at=at
    )
    await append(session=session, event=event)


def _left_of(attempt: Attempt, refunds: Sequence[Refund]) -> Money:
    """What of a payment has paid the plan and has not gone back."""
    brought = (attempt.moved_santim or _NOTHING) - (attempt.overpaid_santim or _NOTHING)
    back = total(
        each.amount_santim
        for each in refunds
        if each.cash_back_of is not None and each.state is not OrderState.FAILED
    )
    return max(_NOTHING, brought - back)


async def _attempts(session: ReadSession, plan_id: str) -> Sequence[Attempt]:
    """Those that have paid something of the plan, the oldest first."""
    found = await session.scalars(
        select(Attempt)
        .where(
            Attempt.plan_id == plan_id,
            Attempt.state == OrderState.SUCCEEDED,
            Attempt.surplus_at.is_(None),
            Attempt.reversed_at.is_(None),
        )
        .order_by(Attempt.moved_at, Attempt.attempt_id)
    )
    return found.all()


async def _refunds(session: ReadSession, plan_id: str) -> Sequence[Refund]:
    found = await session.scalars(
        select(Refund).where(Refund.plan_id == plan_id).order_by(Refund.opened_at, Refund.refund_id)
    )
    return found.all()
