"""What merchants are owed, what they were paid, and what was kept of it."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import BigInteger, func, select, tuple_, type_coerce
from sqlalchemy.dialects.postgresql import distinct_on

from db.kernel.engine import ReadSession
from db.settlement.lines import told
from db.settlement.tables import MerchantPayout, Payout, Settlement, SettlementLine
from meqenet.money import Money, total
from meqenet.settlement.events import MerchantPayoutOpened
from meqenet.settlement.payout_statement import PayoutStatement, Word, statement_of
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.transfer import PayoutRail


@dataclass(frozen=True, kw_only=True)
class MerchantPosition:
    """A merchant's money over all its plans. ``gross = fees + payable + paid``."""

    merchant_id: str
    plans: int
    gross: Money
    fees: Money
    payable: Money
    paid: Money


@dataclass(frozen=True, kw_only=True)
class FeesOfOption:
    """Commission by payment option."""

    option: str
    plans: int
    fees: Money


@dataclass(frozen=True, kw_only=True)
class PayoutView:
    """A plan's payout. ``state`` None: scheduled, and not sent yet. No account is shown."""

    plan_id: str
    payout_id: str
    merchant_id: str
    gross: Money
    fee: Money
    net: Money
    due_at: datetime
    state: PayoutState | None
    bank_reference: str | None
    reason_code: str | None


async def merchant_positions(
    *, session: ReadSession, merchant_id: str | None = None
) -> tuple[MerchantPosition, ...]:
    """Every merchant's position, or one's, in the order of their ids.

    A plan counts once, by its newest settlement: the ones before it were rejected by the bank.
    """
    newest = (
        select(
            Settlement.plan_id,
            Settlement.merchant_id,
            Settlement.gross_santim,
            Settlement.fee_santim,
            Settlement.net_santim,
            Payout.state,
        )
        .outerjoin(
            Payout,
            (Payout.plan_id == Settlement.plan_id) & (Payout.payout_id == Settlement.payout_id),
        )
        .ext(distinct_on(Settlement.plan_id))
        .order_by(Settlement.plan_id, Settlement.number.desc())
    )
    if merchant_id is not None:
        newest = newest.where(Settlement.merchant_id == merchant_id)
    plan = newest.subquery()
    net = func.sum(type_coerce(plan.c.net_santim, BigInteger))
    paid = func.coalesce(net.filter(plan.c.state == PayoutState.SETTLED), 0)
    found = await session.execute(
        select(
            plan.c.merchant_id,
            func.count(),
            func.sum(type_coerce(plan.c.gross_santim, BigInteger)),
            func.sum(type_coerce(plan.c.fee_santim, BigInteger)),
            net,
            paid,
        )
        .group_by(plan.c.merchant_id)
        .order_by(plan.c.merchant_id)
    )
    return tuple(
        MerchantPosition(
            merchant_id=merchant,
            plans=plans,
            gross=_money(gross),
            fees=_money(fees),
            payable=_money(net_santim - paid_santim),
            paid=_money(paid_santim),
        )
        for merchant, plans, gross, fees, net_santim, paid_santim in found
    )


async def fees_by_option(*, session: ReadSession) -> tuple[FeesOfOption, ...]:
    """Commission of every option, in the order of their names."""
    found = await session.execute(
        select(
            Settlement.option,
            func.count(),
            func.sum(type_coerce(Settlement.fee_santim, BigInteger)),
        )
        .where(Settlement.number == 1)
        .group_by(Settlement.option)
        .order_by(Settlement.option)
    )
    return tuple(
        FeesOfOption(option=option, plans=plans, fees=_money(fees)) for option, plans, fees in found
    )


async def payouts_of(*, session: ReadSession, plan_id: str) -> tuple[PayoutView, ...]:
    """A plan's payouts, the first one first."""
    found = await session.execute(
        select(Settlement, Payout)
        .outerjoin(
            Payout,
            (Payout.plan_id == Settlement.plan_id) & (Payout.payout_id == Settlement.payout_id),
        )
        .where(Settlement.plan_id == plan_id)
        .order_by(Settlement.number)
    )
    return tuple(_view(settlement, payout) for settlement, payout in found)


def _view(settlement: Settlement, payout: Payout | None) -> PayoutView:
    return PayoutView(
        plan_id=settlement.plan_id,
        payout_id=settlement.payout_id,
        merchant_id=settlement.merchant_id,
        gross=settlement.gross_santim,
        fee=settlement.fee_santim,
        net=settlement.net_santim,
        due_at=settlement.due_at,
        state=payout.state if payout is not None else None,
        bank_reference=payout.bank_reference if payout is not None else None,
        reason_code=payout.reason_code if payout is not None else None,
    )


def _money(santim: int) -> Money:
    # PostgreSQL sums BIGINT as NUMERIC.
    return Money(int(santim))


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
    lines = [
        told(line=line)
        for line in await session.scalars(
            select(SettlementLine)
            .where(SettlementLine.payout_id == payout_id)
            .order_by(SettlementLine.line_id)
        )
    ]
    return statement_of(
        opened=MerchantPayoutOpened(
            payout_id=payout_id,
            merchant_id=payout.merchant_id,
            day=payout.day,
            rail=payout.rail,
            amount=payout.amount_santim,
            shares=payout.shares_santim,
            owed_back=payout.owed_back_santim,
            reserve_held=payout.reserve_held_santim,
            reserve_released=payout.reserve_released_santim,
            line_ids=tuple(line.line_id for line in lines),
        ),
        lines=lines,
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
