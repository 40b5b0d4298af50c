"""What merchants are owed, what they were paid, and what was kept of it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, func, select, type_coerce
from sqlalchemy.dialects.postgresql import distinct_on

from db.kernel.engine import ReadSession
from db.settlement.tables import Payout, Settlement
from meqenet.money import Money
from meqenet.settlement.payouts import PayoutState


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

    A plan counts once, by its newest settlement: the ones before it were rejected by the bank, or
    were of fewer captures. What is paid of it is what all its payouts have brought.
    """
    settled = (
        select(
            Payout.plan_id,
            func.sum(type_coerce(Payout.amount_santim, BigInteger)).label("paid_santim"),
        )
        .where(Payout.state == PayoutState.SETTLED)
        .group_by(Payout.plan_id)
        .subquery()
    )
    newest = (
        select(
            Settlement.plan_id,
            Settlement.merchant_id,
            Settlement.gross_santim,
            Settlement.fee_santim,
            Settlement.net_santim,
            settled.c.paid_santim,
        )
        .outerjoin(settled, settled.c.plan_id == Settlement.plan_id)
        .ext(distinct_on(Settlement.plan_id))
        .order_by(Settlement.plan_id, Settlement.number.desc())
    )
    if merchant_id is not None:
        newest = newest.where(Settlement.merchant_id == merchant_id)
    plan = newest.subquery()
    net = func.sum(type_coerce(plan.c.net_santim, BigInteger))
    paid = func.coalesce(func.sum(plan.c.paid_santim), 0)
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
