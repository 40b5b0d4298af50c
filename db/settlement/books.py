"""The payouts of many plans at once, for those who compare them with other books."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, Select, Text, any_, func, literal, select, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY

from db.kernel.engine import ReadSession
from db.kernel.tables import events
from db.settlement.tables import MerchantPayout, Payout, Settlement, SettlementLine
from meqenet.money import Money, total
from meqenet.settlement.lines import LineKind, LineMoney
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.transfer import PayoutRail

_PER_PAGE: Final = 2000
_OF_DISPUTES: Final = (LineKind.DISPUTE, LineKind.DISPUTE_RELEASED)


@dataclass(frozen=True, kw_only=True)
class PayoutRow:
    """A settlement of a plan, and the order to the bank that pays it.

    ``state`` None: scheduled, and not sent yet. ``changed_at``: when the bank's last word came.
    ``carried_by``: the merchant's payout in which it is, and which was sent in its place.
    ``beside``: what else adds to what is payable of the plan, or takes from it, such as refunds.
    ``later``: what of that settled payouts have brought without the order, by their shares' ids.
    ``waiting``: what of the merchant's money waits for the end of disputes, by the lines.
    """

    plan_id: str
    payout_id: str
    merchant_id: str
    net: Money
    amount: Money | None
    state: PayoutState | None
    changed_at: datetime | None
    carried_by: str | None = None
    beside: Money = field(default_factory=Money.zero)
    later: Mapping[str, Money] = field(default_factory=dict)
    waiting: Money = field(default_factory=Money.zero)


@dataclass(frozen=True, kw_only=True)
class SentPayout:
    """An order to the bank that it has settled: a plan's own payout, or a merchant's."""

    payout_id: str
    amount: Money
    changed_at: datetime


async def read_payouts(
    *, session: ReadSession, plan_ids: Sequence[str]
) -> dict[str, list[PayoutRow]]:
    """All payouts of these plans, the first of each plan first."""
    wanted = any_(literal(list(plan_ids), ARRAY(Text)))
    query = _payouts().where(Settlement.plan_id == wanted)
    found: dict[str, list[PayoutRow]] = {}
    for settlement, payout in await session.execute(
        query.order_by(Settlement.plan_id, Settlement.number)
    ):
        found.setdefault(settlement.plan_id, []).append(_row(settlement, payout))
    lines: dict[str, list[tuple[SettlementLine, PayoutState | None]]] = {}
    for line, state in await session.execute(
        select(SettlementLine, MerchantPayout.state)
        .outerjoin(MerchantPayout, MerchantPayout.payout_id == SettlementLine.payout_id)
        .where(SettlementLine.plan_id == wanted)
    ):
        lines.setdefault(line.plan_id or "", []).append((line, state))
    for plan_id, of_plan in lines.items():
        found[plan_id] = [_with_lines(row, of_plan) for row in found.get(plan_id, [])]
    return found


def _with_lines(
    row: PayoutRow, lines: Sequence[tuple[SettlementLine, PayoutState | None]]
) -> PayoutRow:
    payable = [(line, state) for line, state in lines if line.money is LineMoney.PAYABLE]
    with_order = {line.payout_id for line, _ in payable if line.kind is LineKind.ORDER}
    later: dict[str, Money] = {}
    for line, state in payable:
        if state is PayoutState.SETTLED and line.payout_id not in with_order:
            share_id = f"{row.plan_id}-{line.payout_id}"
            later[share_id] = later.get(share_id, Money.zero()) + line.net_santim
    return replace(
        row,
        beside=total(line.net_santim for line, _ in payable if line.kind is not LineKind.ORDER),
        later={share_id: amount for share_id, amount in later.items() if amount},
        waiting=-total(line.net_santim for line, _ in lines if line.kind in _OF_DISPUTES),
    )


async def settled_payouts(
    *,
    session: ReadSession,
    plan_id: str | None = None,
    changed_since: datetime | None = None,
) -> AsyncIterator[SentPayout]:
    """Every payout that the bank has settled, one after the other.

    Args:
        session: read while the payouts are taken.
        plan_id: only those that this plan has a part in.
        changed_since: only of plans and merchants' days of which something was recorded since.
    """
    own = select(Payout.payout_id, Payout.amount_santim, Payout.changed_at).where(
        Payout.state == PayoutState.SETTLED, Payout.carried_by.is_(None)
    )
    days = select(
        MerchantPayout.payout_id, MerchantPayout.amount_santim, MerchantPayout.changed_at
    ).where(MerchantPayout.state == PayoutState.SETTLED, MerchantPayout.rail == PayoutRail.BANK)
    if plan_id is not None:
        own = own.where(Payout.plan_id == plan_id)
        carrying = select(Payout.carried_by).where(Payout.plan_id == plan_id)
        days = days.where(MerchantPayout.payout_id.in_(carrying))
    if changed_since is not None:
        changed = select(events.c.stream).where(events.c.recorded_at >= changed_since)
        own = own.where(Payout.plan_id.in_(changed))
        days = days.where(MerchantPayout.payday_id.in_(changed))
    for query in (own.order_by(Payout.payout_id), days.order_by(MerchantPayout.payout_id)):
        found = await session.stream(query.execution_options(yield_per=_PER_PAGE))
        async for payout_id, amount, changed_at in found:
            yield SentPayout(payout_id=payout_id, amount=amount, changed_at=changed_at)


async def sent_amounts(
    *, session: ReadSession, plan_ids: Sequence[str], payday_ids: Sequence[str]
) -> dict[str, Money]:
    """By payout, what the bank has settled of these plans' own and of these merchants' days."""
    plans = any_(literal(list(plan_ids), ARRAY(Text)))
    days = any_(literal(list(payday_ids), ARRAY(Text)))
    own = await session.execute(
        select(Payout.payout_id, Payout.amount_santim).where(
            Payout.plan_id == plans,
            Payout.carried_by.is_(None),
            Payout.state == PayoutState.SETTLED,
        )
    )
    of_days = await session.execute(
        select(MerchantPayout.payout_id, MerchantPayout.amount_santim).where(
            MerchantPayout.payday_id == days, MerchantPayout.state == PayoutState.SETTLED
        )
    )
    return {row[0]: row[1] for row in (*own, *of_days)}


async def carriers_of(*, session: ReadSession, plan_id: str) -> tuple[str, ...]:
    """The merchants' payouts in which the plan had a share, the first one first."""
    found = await session.scalars(
        select(Payout.carried_by)
        .where(Payout.plan_id == plan_id, Payout.carried_by.is_not(None))
        .order_by(Payout.opened_at, Payout.payout_id)
    )
    return tuple(each for each in found if each is not None)


def _payouts() -> Select[Settlement, Payout]:
    return select(Settlement, Payout).outerjoin(
        Payout,
        (Payout.plan_id == Settlement.plan_id) & (Payout.payout_id == Settlement.payout_id),
    )


def _row(settlement: Settlement, payout: Payout | None) -> PayoutRow:
    return PayoutRow(
        plan_id=settlement.plan_id,
        payout_id=settlement.payout_id,
        merchant_id=settlement.merchant_id,
        net=settlement.net_santim,
        amount=None if payout is None else payout.amount_santim,
        state=None if payout is None else payout.state,
        changed_at=None if payout is None else payout.changed_at,
        carried_by=None if payout is None else payout.carried_by,
    )


@dataclass(frozen=True, kw_only=True)
class FinishedPayout:
    """A merchant's payout that is over. ``of_lines`` is what its lines come to."""

    payout_id: str
    payday_id: str
    rail: PayoutRail
    amount: Money
    is_settled: bool
    of_lines: Money


async def finished_payouts(
    *, session: ReadSession, after: str, since: datetime | None, limit: int
) -> list[FinishedPayout]:
    """Merchants' payouts that are over, in the order of their ids.

    Args:
        session: reads the store.
        after: go on behind this payout.
        since: only of days of which something was recorded then or later.
        limit: how many.
    """
    lines = func.coalesce(func.sum(type_coerce(SettlementLine.net_santim, BigInteger)), 0)
    query = (
        select(MerchantPayout, lines)
        .outerjoin(SettlementLine, SettlementLine.payout_id == MerchantPayout.payout_id)
        .where(MerchantPayout.finished_at.is_not(None), MerchantPayout.payout_id > after)
        .group_by(MerchantPayout.payout_id)
        .order_by(MerchantPayout.payout_id)
        .limit(limit)
    )
    if since is not None:
        changed = select(events.c.stream).where(events.c.recorded_at >= since)
        query = query.where(MerchantPayout.payday_id.in_(changed))
    return [
        FinishedPayout(
            payout_id=payout.payout_id,
            payday_id=payout.payday_id,
            rail=payout.rail,
            amount=payout.amount_santim,
            is_settled=payout.state is PayoutState.SETTLED,
            of_lines=Money(int(santim)),
        )
        for payout, santim in await session.execute(query)
    ]
