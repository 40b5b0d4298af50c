"""A merchant's payouts and their statements, and what it is still to get or owes."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Row, func, select, tuple_, type_coerce
from sqlalchemy.dialects.postgresql import distinct_on

from db.kernel.engine import ReadSession
from db.settlement.lines import lines_of_payout, payout_told, told
from db.settlement.tables import MerchantPayout, SettlementLine
from meqenet.money import Money, total
from meqenet.settlement.lines import LineKind
from meqenet.settlement.payout_statement import PayoutStatement, Word, statement_of
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.transfer import PayoutRail


@dataclass(frozen=True, kw_only=True)
class MerchantPayoutView:
    """A payout to a merchant. No account is shown.

    Attributes:
        owed_back: what was kept because the merchant owed it.
        finished_at: when nothing was left to do for it.
        retried_by: of a rejected one, who has let the merchant be paid again.
    """

    payout_id: str
    merchant_id: str
    test_clock_id: str | None
    day: date
    rail: PayoutRail
    state: PayoutState
    amount: Money
    owed_back: Money
    reserve_held: Money
    reserve_released: Money
    opened_at: datetime
    finished_at: datetime | None
    bank_reference: str | None
    reason_code: str | None
    retried_by: str | None


@dataclass(frozen=True, kw_only=True)
class UnpaidMoney:
    """What of a merchant's lines no payout has taken, by the time of their clocks.

    ``waiting`` is available from a later instant on; ``owed_back`` is what the merchant owes.
    """

    available: Money
    waiting: Money
    owed_back: Money


async def merchant_payouts(
    *,
    session: ReadSession,
    merchant_id: str | None = None,
    state: PayoutState | None = None,
    after: str | None = None,
    limit: int,
) -> tuple[MerchantPayoutView, ...]:
    """Payouts, the newest first.

    Args:
        session: reads the store.
        merchant_id: of this merchant only.
        state: only those that stand so.
        after: go on behind this payout.
        limit: at most so many.
    """
    query = select(MerchantPayout)
    if merchant_id is not None:
        query = query.where(MerchantPayout.merchant_id == merchant_id)
    if state is not None:
        query = query.where(MerchantPayout.state == state)
    if after is not None:
        last = await session.get(MerchantPayout, after)
        if last is None:
            return ()
        place = tuple_(MerchantPayout.opened_at, MerchantPayout.payout_id)
        query = query.where(place < (last.opened_at, last.payout_id))
    newest = query.order_by(MerchantPayout.opened_at.desc(), MerchantPayout.payout_id.desc())
    return tuple(_payout_view(row) for row in await session.scalars(newest.limit(limit)))


async def merchant_payout(*, session: ReadSession, payout_id: str) -> MerchantPayoutView | None:
    """One payout; None when there is none of this id."""
    row = await session.get(MerchantPayout, payout_id)
    return None if row is None else _payout_view(row)


async def payout_statement(*, session: ReadSession, payout_id: str) -> PayoutStatement | None:
    """A payout with its lines; None when there is none of this id, or it was rejected.

    The lines of a rejected payout are in another one by now, or wait for it.

    Raises:
        Defect: ``statement_differs``.
    """
    payout = await session.get(MerchantPayout, payout_id)
    if payout is None or payout.state is PayoutState.REJECTED:
        return None
    lines = await lines_of_payout(session=session, payout_id=payout_id)
    return statement_of(
        opened=payout_told(payout=payout, lines=lines),
        lines=[told(line=line) for line in lines],
        word=Word(
            state=payout.state,
            bank_reference=payout.bank_reference,
            reason_code=payout.reason_code,
        ),
    )


async def unpaid_money(*, session: ReadSession, merchant_id: str, at: datetime) -> UnpaidMoney:
    """What a merchant is still to get in real time, and what it owes."""
    rows = await session.execute(
        select(SettlementLine.money, SettlementLine.net_santim, SettlementLine.available_at).where(
            SettlementLine.merchant_id == merchant_id,
            SettlementLine.clock_id == "",
            SettlementLine.payout_id.is_(None),
        )
    )
    lines = rows.all()
    nothing = Money.zero()
    available = total(net for money, net, since in lines if since <= at)
    return UnpaidMoney(
        available=max(available, nothing),
        waiting=total(net for money, net, since in lines if since > at),
        owed_back=max(-available, nothing),
    )


def _payout_view(row: MerchantPayout) -> MerchantPayoutView:
    return MerchantPayoutView(
        payout_id=row.payout_id,
        merchant_id=row.merchant_id,
        test_clock_id=row.clock_id or None,
        day=row.day,
        rail=row.rail,
        state=row.state,
        amount=row.amount_santim,
        owed_back=row.owed_back_santim,
        reserve_held=row.reserve_held_santim,
        reserve_released=row.reserve_released_santim,
        opened_at=row.opened_at,
        finished_at=row.finished_at,
        bank_reference=row.bank_reference,
        reason_code=row.reason_code,
        retried_by=row.retried_by,
    )


@dataclass(frozen=True, kw_only=True)
class MerchantStanding:
    """What a merchant is still to get in real time, and what it owes.

    Attributes:
        under_way: in a payout that is not over.
        reserve: of what is waiting, what was kept of earlier payouts.
        rejected: its newest payout was rejected, and nobody has let it be paid again.
    """

    merchant_id: str
    unpaid: UnpaidMoney
    under_way: Money
    reserve: Money
    rejected: str | None


async def merchant_standings(*, session: ReadSession, at: datetime) -> tuple[MerchantStanding, ...]:
    """Every merchant with something unpaid, under way, owed or rejected, in the order of ids."""
    free = SettlementLine.payout_id.is_(None)
    is_due = SettlementLine.available_at <= at
    net = func.sum(type_coerce(SettlementLine.net_santim, BigInteger))
    open_payout = (
        select(MerchantPayout.merchant_id, MerchantPayout.payout_id, MerchantPayout.amount_santim)
        .where(MerchantPayout.clock_id == "", MerchantPayout.finished_at.is_(None))
        .subquery()
    )
    newest = (
        select(
            MerchantPayout.merchant_id,
            MerchantPayout.payout_id,
            MerchantPayout.state,
            MerchantPayout.retried_by,
        )
        .where(MerchantPayout.clock_id == "")
        .ext(distinct_on(MerchantPayout.merchant_id))
        .order_by(MerchantPayout.merchant_id, MerchantPayout.opened_at.desc())
        .subquery()
    )
    lines = (
        select(
            SettlementLine.merchant_id,
            func.coalesce(net.filter(free & is_due), 0).label("due"),
            func.coalesce(net.filter(free & ~is_due), 0).label("later"),
            func.coalesce(
                net.filter(free & (SettlementLine.kind == LineKind.RESERVE_RELEASED)), 0
            ).label("reserve"),
        )
        .where(SettlementLine.clock_id == "")
        .group_by(SettlementLine.merchant_id)
        .subquery()
    )
    found = await session.execute(
        select(lines, open_payout.c.amount_santim, newest)
        .outerjoin(open_payout, open_payout.c.merchant_id == lines.c.merchant_id)
        .outerjoin(newest, newest.c.merchant_id == lines.c.merchant_id)
        .order_by(lines.c.merchant_id)
    )
    standings = (_standing(row) for row in found)
    return tuple(
        each
        for each in standings
        if each.rejected
        or each.under_way
        or any((each.unpaid.available, each.unpaid.waiting, each.unpaid.owed_back))
    )


def _standing(row: Row[Any]) -> MerchantStanding:
    due = _birr(row.due)
    is_rejected = row.state is PayoutState.REJECTED and row.retried_by is None
    return MerchantStanding(
        merchant_id=row[0],
        unpaid=UnpaidMoney(
            available=max(due, Money.zero()),
            waiting=_birr(row.later),
            owed_back=max(-due, Money.zero()),
        ),
        under_way=row.amount_santim or Money.zero(),
        reserve=_birr(row.reserve),
        rejected=row.payout_id if is_rejected else None,
    )


def _birr(santim: int) -> Money:
    # PostgreSQL sums BIGINT as NUMERIC.
    return Money(int(santim))
