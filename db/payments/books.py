"""The orders to wallet providers of many plans at once, for those who compare them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from db.kernel.engine import ReadSession
from db.kernel.tables import events
from db.payments.our_orders import IS_BILL, key_of
from db.payments.tables import Attempt, PaidBill, Refund
from meqenet.identity import wire_id
from meqenet.money import Money
from meqenet.payments.attempts import OrderState
from meqenet.payments.rail import WalletProvider

_PER_PAGE: Final = 2000


@dataclass(frozen=True, kw_only=True)
class WalletOrder:
    """An attempt to collect, or a refund of one.

    Attributes:
        order_id: the attempt's or the refund's.
        attempt_id: the attempt's; of a refund the one whose money goes back.
        amount: what was asked for, which is what moved if it succeeded.
        moved_at: when, by the provider; None unless it succeeded.
        key: how a statement names it: its id in letters and digits only; of money that came
            unasked, its receipt.
        is_gone: its money was taken back since.
    """

    plan_id: str
    order_id: str
    attempt_id: str
    provider: str
    amount: Money
    state: OrderState
    moved_at: datetime | None
    key: str
    is_gone: bool = False

    @property
    def is_refund(self) -> bool:
        """Whether money goes back."""
        return self.order_id != self.attempt_id

    @property
    def signed(self) -> Money:
        """What it brings us."""
        return -self.amount if self.is_refund else self.amount


async def read_orders(
    *, session: ReadSession, plan_ids: Sequence[str]
) -> dict[str, list[WalletOrder]]:
    """All orders of these plans, whatever became of them."""
    wanted = any_(literal(list(plan_ids), ARRAY(Text)))
    found: dict[str, list[WalletOrder]] = {}
    for attempt in await session.scalars(
        select(Attempt).where(Attempt.plan_id == wanted).order_by(Attempt.attempt_id)
    ):
        found.setdefault(attempt.plan_id, []).append(_collected(attempt))
    rows = await session.execute(
        _refunds().where(Refund.plan_id == wanted).order_by(Refund.refund_id)
    )
    for refund, provider in rows:
        found.setdefault(refund.plan_id, []).append(_returned(refund, provider))
    return found


async def bills_of(*, session: ReadSession, plan_id: str) -> frozenset[str]:
    """Receipts of all money that came unasked for a plan, taken by it or told of only."""
    taken = await session.scalars(
        select(Attempt.receipt).where(Attempt.plan_id == plan_id, IS_BILL)
    )
    told = await session.scalars(select(PaidBill.receipt).where(PaidBill.plan_id == plan_id))
    return frozenset(receipt for receipt in (*taken, *told) if receipt is not None)


async def plans_of_bills(*, session: ReadSession, receipts: Sequence[str]) -> frozenset[str]:
    """The plans that have taken money of these receipts."""
    wanted = any_(literal(list(receipts), ARRAY(Text)))
    return frozenset(
        await session.scalars(select(Attempt.plan_id).where(IS_BILL, Attempt.receipt == wanted))
    )


async def told_bills(*, session: ReadSession, receipts: Sequence[str]) -> dict[str, Money]:
    """What the provider has told of these receipts; whether a plan has taken it is not asked."""
    wanted = any_(literal(list(receipts), ARRAY(Text)))
    rows = await session.execute(
        select(PaidBill.receipt, PaidBill.amount_santim).where(PaidBill.receipt == wanted)
    )
    return {row.receipt: row.amount_santim for row in rows}


async def succeeded_orders(
    *,
    session: ReadSession,
    provider: str,
    plan_id: str | None = None,
    changed_since: datetime | None = None,
) -> AsyncIterator[WalletOrder]:
    """Every attempt and refund that a provider has confirmed, one after the other.

    Args:
        session: read while the orders are taken.
        provider: whose.
        plan_id: of this plan only.
        changed_since: only of plans of which something was recorded then or later.
    """
    attempts = select(Attempt).where(
        Attempt.provider == provider, Attempt.state == OrderState.SUCCEEDED
    )
    refunds = _refunds().where(Attempt.provider == provider, Refund.state == OrderState.SUCCEEDED)
    if plan_id is not None:
        attempts = attempts.where(Attempt.plan_id == plan_id)
        refunds = refunds.where(Refund.plan_id == plan_id)
    if changed_since is not None:
        changed = select(events.c.stream).where(events.c.recorded_at >= changed_since)
        attempts = attempts.where(Attempt.plan_id.in_(changed))
        refunds = refunds.where(Refund.plan_id.in_(changed))
    paged = {"yield_per": _PER_PAGE}
    in_order = attempts.order_by(Attempt.plan_id, Attempt.attempt_id).execution_options(**paged)
    async for attempt in await session.stream_scalars(in_order):
        yield _collected(attempt)
    in_turn = refunds.order_by(Refund.plan_id, Refund.refund_id).execution_options(**paged)
    async for refund, of in await session.stream(in_turn):
        yield _returned(refund, of)


def _refunds() -> Select[Refund, WalletProvider]:
    return select(Refund, Attempt.provider).join(
        Attempt, (Attempt.plan_id == Refund.plan_id) & (Attempt.attempt_id == Refund.attempt_id)
    )


def _collected(attempt: Attempt) -> WalletOrder:
    return WalletOrder(
        plan_id=attempt.plan_id,
        order_id=attempt.attempt_id,
        attempt_id=attempt.attempt_id,
        provider=attempt.provider,
        amount=attempt.asked_santim if attempt.moved_santim is None else attempt.moved_santim,
        state=attempt.state,
        moved_at=attempt.moved_at,
        key=key_of(attempt=attempt),
        is_gone=attempt.reversed_at is not None,
    )


def _returned(refund: Refund, provider: str) -> WalletOrder:
    return WalletOrder(
        plan_id=refund.plan_id,
        order_id=refund.refund_id,
        attempt_id=refund.attempt_id,
        provider=provider,
        amount=refund.amount_santim,
        state=refund.state,
        moved_at=refund.moved_at,
        key=wire_id(meqenet_id=refund.refund_id),
    )
