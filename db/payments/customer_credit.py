"""The customer's credit: what attempts have brought too much, and how it goes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from db.kernel.encryption import Keyring
from db.kernel.engine import ReadSession, WriteSession
from db.kernel.events import NewEvent, append
from db.payments.attempts import attempt_by_id
from db.payments.late_money import credit_in, tell_surplus
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
class AskedReturn:
    """A stored refund of a surplus.

    ``is_new``: it was not there before. ``is_returned``: the money is back in the wallet.
    """

    refund_id: str
    provider: WalletProvider
    amount: Money
    is_new: bool
    is_returned: bool


async def keep_overpaid(
    *, session: WriteSession, attempt_id: str, amount: Money, at: datetime
) -> None:
    """Keep, once, what of a payment was more than was owed; the books have it already.

    Raises:
        Defect: ``attempt_missing``; ``overpaid_differs``: another amount was kept before, or more
            than the attempt has brought.
    """
    await lock_plan(session=session, plan_id=plan_of(order_id=attempt_id))
    attempt = await attempt_by_id(session=session, attempt_id=attempt_id)
    known = credit_in(attempt=attempt)
    if known == amount:
        return
    if known is not None or attempt.moved_santim is None or amount > attempt.moved_santim:
        raise Defect("overpaid_differs", f"{attempt_id} has brought another amount")
    attempt.overpaid_santim, attempt.overpaid_at, attempt.changed_at = amount, at, at
    await session.flush()
    await tell_surplus(session=session, attempt=attempt, settled_by=None, at=at, amount=amount)


async def ask_return(
    *, session: WriteSession, keyring: Keyring, attempt_id: str, by: str, why: str, at: datetime
) -> AskedReturn:
    """Store that a surplus goes back, and who has said so; else the refund that has not failed.

    Raises:
        Refusal: ``credit_unknown``; ``person_erased``.
    """
    plan_id = plan_of(order_id=attempt_id)
    await lock_plan(session=session, plan_id=plan_id)
    attempt = await session.get(Attempt, (plan_id, attempt_id))
    amount = None if attempt is None else credit_in(attempt=attempt)
    if attempt is None or amount is None:
        raise Refusal(
            "credit_unknown",
            f"attempt: {attempt_id} has brought no money that is the customer's credit",
            mender=Mender.MEQENET,
            field="attempt",
        )
    refunds = await _refunds_of(session, attempt)
    newest = refunds[-1] if refunds else None
    if newest is not None and newest.state is not OrderState.FAILED:
        return AskedReturn(
            refund_id=newest.refund_id,
            provider=attempt.provider,
            amount=newest.amount_santim,
            is_new=False,
            is_returned=newest.state is OrderState.SUCCEEDED,
        )
    made_id = refund_id(attempt_id=attempt_id, number=len(refunds) + 1)
    told = CreditReturnAsked(
        attempt_id=attempt_id, refund_id=made_id, amount=amount, by=by, why=why
    )
    event = NewEvent.of(event_id=f"{made_id}-asked", stream=plan_id, data=told, at=at)
    await append(session=session, event=event)
    await open_refund(
        session=session,
        keyring=keyring,
        refund_id=made_id,
        attempt_id=attempt_id,
        amount=amount,
        reason=REASON,
        at=at,
    )
    return AskedReturn(
        refund_id=made_id,
        provider=attempt.provider,
        amount=amount,
        is_new=True,
        is_returned=False,
    )


async def _refunds_of(session: ReadSession, attempt: Attempt) -> Sequence[Refund]:
    found = await session.scalars(
        select(Refund)
        .where(Refund.plan_id == attempt.plan_id, Refund.attempt_id == attempt.attempt_id)
        .order_by(Refund.opened_at, Refund.refund_id)
    )
    return found.all()
