"""The customer's credit: what attempts have brought too much, and how it goes back."""

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
from meqenet.errors import Defect, Mender, Refusal
from meqenet.identity import refund_id
from meqenet.money import Money
from meqenet.payments.attempts import OrderState
from meqenet.payments.orders import plan_of
from meqenet.payments.rail import WalletProvider
from meqenet.payments.surplus_events import CreditReturnAsked

REASON: Final = "paid more than was owed"
"""Why the money goes back, in words for the customer."""


@dataclass(frozen=True, kw_only=True)
class CreditView:
    """A surplus. No phone is in it.

    Attributes:
        since: when it became the customer's credit.
        refund: how its newest return stands; None where none was asked for.
        returned_at: when it went back; None while it is here.
    """

    attempt_id: str
    installment_id: str
    provider: WalletProvider
    amount: Money
    receipt: str | None
    moved_at: datetime
    since: datetime
    refund: OrderState | None = None
    failure_code: str | None = None
    returned_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class AskedReturn:
    """A stored refund of a surplus; ``is_new``: it was not there before."""

    refund_id: str
    provider: WalletProvider
    amount: Money
    is_new: bool


async def credits_of(*, session: ReadSession, plan_id: str) -> tuple[CreditView, ...]:
    """A plan's surpluses in the order in which they came."""
    found = await session.scalars(
        select(Attempt)
        .where(Attempt.plan_id == plan_id, Attempt.surplus_at.is_not(None))
        .order_by(Attempt.surplus_at, Attempt.attempt_id)
    )
    brought = found.all()
    if not brought:
        return ()
    refunds: dict[str, Refund] = {}
    for refund in await session.scalars(
        select(Refund)
        .where(
            Refund.plan_id == plan_id,
            Refund.attempt_id.in_([attempt.attempt_id for attempt in brought]),
        )
        .order_by(Refund.opened_at, Refund.refund_id)
    ):
        refunds[refund.attempt_id] = refund
    return tuple(_view(attempt, refunds.get(attempt.attempt_id)) for attempt in brought)


async def ask_return(
    *, session: WriteSession, keyring: Keyring, attempt_id: str, by: str, why: str, at: datetime
) -> AskedReturn:
    """Store that a surplus goes back, and who has said so; one that has not ended goes on.

    Raises:
        Refusal: ``credit_unknown``; ``credit_returned``; ``person_erased``.
    """
    plan_id = plan_of(order_id=attempt_id)
    await lock_plan(session=session, plan_id=plan_id)
    attempt = await session.get(Attempt, (plan_id, attempt_id))
    if attempt is None or attempt.surplus_at is None or attempt.moved_santim is None:
        raise Refusal(
            "credit_unknown",
            f"attempt: {attempt_id} has brought no money that is the customer's credit",
            mender=Mender.MEQENET,
            field="attempt",
        )
    refunds = await _refunds_of(session, attempt)
    newest = refunds[-1] if refunds else None
    if newest is not None and newest.state is OrderState.SUCCEEDED:
        raise Refusal(
            "credit_returned", f"{attempt_id} has gone back to the wallet", mender=Mender.NOBODY
        )
    if newest is not None and newest.state is not OrderState.FAILED:
        return _asked(attempt, newest.refund_id, amount=newest.amount_santim, is_new=False)
    made_id = refund_id(attempt_id=attempt_id, number=len(refunds) + 1)
    told = CreditReturnAsked(
        attempt_id=attempt_id, refund_id=made_id, amount=attempt.moved_santim, by=by, why=why
    )
    event = NewEvent.of(event_id=f"{made_id}-asked", stream=plan_id, data=told, at=at)
    await append(session=session, event=event)
    await open_refund(
        session=session,
        keyring=keyring,
        refund_id=made_id,
        attempt_id=attempt_id,
        amount=attempt.moved_santim,
        reason=REASON,
        at=at,
    )
    return _asked(attempt, made_id, amount=attempt.moved_santim, is_new=True)


async def _refunds_of(session: ReadSession, attempt: Attempt) -> Sequence[Refund]:
    found = await session.scalars(
        select(Refund)
        .where(Refund.plan_id == attempt.plan_id, Refund.attempt_id == attempt.attempt_id)
        .order_by(Refund.opened_at, Refund.refund_id)
    )
    return found.all()


def _asked(attempt: Attempt, made_id: str, *, amount: Money, is_new: bool) -> AskedReturn:
    return AskedReturn(refund_id=made_id, provider=attempt.provider, amount=amount, is_new=is_new)


def _view(attempt: Attempt, refund: Refund | None) -> CreditView:
    if attempt.surplus_at is None or attempt.moved_santim is None or attempt.moved_at is None:
        raise Defect("surplus_unmoved", f"{attempt.attempt_id} has brought nothing")
    returned = refund is not None and refund.state is OrderState.SUCCEEDED
    return CreditView(
        attempt_id=attempt.attempt_id,
        installment_id=attempt.installment_id,
        provider=attempt.provider,
        amount=attempt.moved_santim,
        receipt=attempt.receipt,
        moved_at=attempt.moved_at,
        since=attempt.surplus_at,
        refund=None if refund is None else refund.state,
        failure_code=None if refund is None else refund.failure_code,
        returned_at=refund.moved_at if refund is not None and returned else None,
    )
