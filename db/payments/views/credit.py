"""The customer's credit: what attempts have brought too much, and what has gone back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from db.kernel.engine import ReadSession
from db.payments.late_money import credit_in, find_attempt
from db.payments.tables import Attempt, Refund
from meqenet.errors import Defect
from meqenet.money import Money
from meqenet.payments.attempts import OrderState
from meqenet.payments.rail import WalletProvider

_SINCE: Final = func.coalesce(Attempt.surplus_at, Attempt.overpaid_at)


@dataclass(frozen=True, kw_only=True)
class CreditView:
    """A surplus. No phone is in it.

    Attributes:
        amount: how much of what the attempt has brought.
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


async def credits_of(*, session: ReadSession, plan_id: str) -> tuple[CreditView, ...]:
    """A plan's surpluses in the order in which they came."""
    found = await session.scalars(
        select(Attempt)
        .where(Attempt.plan_id == plan_id, _SINCE.is_not(None))
        .order_by(_SINCE, Attempt.attempt_id)
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


async def awaits_money(*, session: ReadSession, attempt_id: str) -> bool:
    """Whether it is one of ours that does not count as paid."""
    attempt = await find_attempt(session=session, attempt_id=attempt_id)
    return attempt is not None and attempt.state is not OrderState.SUCCEEDED


def _view(attempt: Attempt, refund: Refund | None) -> CreditView:
    amount, since = credit_in(attempt=attempt), attempt.surplus_at or attempt.overpaid_at
    if amount is None or since is None or attempt.moved_at is None:
        raise Defect("surplus_unmoved", f"{attempt.attempt_id} has brought nothing")
    returned = refund is not None and refund.state is OrderState.SUCCEEDED
    return CreditView(
        attempt_id=attempt.attempt_id,
        installment_id=attempt.installment_id,
        provider=attempt.provider,
        amount=amount,
        receipt=attempt.receipt,
        moved_at=attempt.moved_at,
        since=since,
        refund=None if refund is None else refund.state,
        failure_code=None if refund is None else refund.failure_code,
        returned_at=refund.moved_at if refund is not None and returned else None,
    )
