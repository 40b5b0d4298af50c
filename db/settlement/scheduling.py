"""What a merchant gets for a plan and when, fixed once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from db.kernel.engine import ReadSession, WriteSession
from db.settlement.lines import NewLine, add_line
from db.settlement.log import lock_plan, tell
from db.settlement.merchants import proceeds_by, terms_of
from db.settlement.tables import BankDay, MerchantTerms, Payout, Settlement
from db.settlement.taxes import tax_on
from meqenet import working_days
from meqenet.errors import Defect
from meqenet.money import Money
from meqenet.settlement.events import SettlementScheduled
from meqenet.settlement.lines import LineKind, LineMoney
from meqenet.settlement.payouts import PayoutState, plan_and_number_of
from meqenet.settlement.terms import MERCHANT_FEE, Proceeds, Tax, payout_due


@dataclass(frozen=True, kw_only=True)
class PaidLine:
    """The merchant's own order number, and the test clock, empty in real time."""

    reference: str
    clock_id: str = ""


@dataclass(frozen=True, kw_only=True)
class PaidOrder:
    """An order whose plan is about to be active.

    Attributes:
        payout_id: derived from the plan's id.
        option: the payment option, by which the fee is found.
        amount: the order's price.
        activated_on: Addis Ababa date from which the delay and the protection count.
        protection_days: the buyer's window, zero where there is none.
        line: how the merchant's day names it; None of one that a payout of its own brings.
    """

    plan_id: str
    merchant_id: str
    payout_id: str
    option: str
    amount: Money
    activated_on: date
    protection_days: int
    line: PaidLine | None = None


async def schedule(
    *, session: WriteSession, order: PaidOrder, holidays: Collection[date], at: datetime
) -> Settlement:
    """Fix what the merchant gets for a plan and when; the same payout again is given as it stands.

    A further payout of a plan follows a rejected one, and is of the same money.

    Args:
        session: the transaction.
        order: what was sold.
        holidays: days on which banks are closed by the calendar; ``bank_days`` overrules them.
        at: the instant whose terms count.

    Raises:
        Refusal: ``merchant_terms_missing``.
        Defect: ``settlement_differs``, ``payout_id_foreign``, ``plan_settled_already`` when an
            earlier payout has not been rejected.
    """
    plan_id, payout_id = order.plan_id, order.payout_id
    await lock_plan(session=session, plan_id=plan_id)
    parent, number = plan_and_number_of(payout_id=payout_id)
    if parent != plan_id:
        raise Defect("payout_id_foreign", f"{payout_id} is not derived from {plan_id}")
    stored = await session.get(Settlement, (plan_id, payout_id))
    if stored is not None:
        same = (stored.merchant_id, stored.option, stored.gross_santim)
        if same != (order.merchant_id, order.option, order.amount):
            raise Defect("settlement_differs", f"{payout_id} is stored with other content")
        return stored
    terms = await terms_of(session=session, merchant_id=order.merchant_id, at=at)
    tax = await tax_on(session=session, fee_type=MERCHANT_FEE, on=order.activated_on)
    proceeds = await _proceeds(session=session, order=order, terms=terms, tax=tax)
    settlement = Settlement(
        plan_id=plan_id,
        payout_id=payout_id,
        number=number,
        merchant_id=order.merchant_id,
        option=order.option,
        gross_santim=proceeds.gross,
        fee_santim=proceeds.fee + proceeds.tax,
        net_santim=proceeds.net,
        activated_on=order.activated_on,
        protection_days=order.protection_days,
        due_at=payout_due(
            activated_on=order.activated_on,
            delay_days=terms.delay_days,
            protection_days=order.protection_days,
            closed_on=await closed_days(session=session, holidays=holidays),
        ),
        scheduled_at=at,
    )
    await add_settlement(session=session, settlement=settlement)
    if order.line is not None:
        await _add_order_line(
            session=session,
            order=order,
            proceeds=proceeds,
            tax=tax,
            due_at=settlement.due_at,
            at=at,
        )
    return settlement


async def add_settlement(*, session: WriteSession, settlement: Settlement) -> None:
    """Store a new settlement with its event. The caller sees to it that it is stored once."""
    session.add(settlement)
    await session.flush()
    scheduled = SettlementScheduled(
        payout_id=settlement.payout_id,
        merchant_id=settlement.merchant_id,
        option=settlement.option,
        gross=settlement.gross_santim,
        fee=settlement.fee_santim,
        net=settlement.net_santim,
        due_at=settlement.due_at,
    )
    await tell(
        session=session,
        payout_id=settlement.payout_id,
        data=scheduled,
        at=settlement.scheduled_at,
    )


async def _add_order_line(
    *,
    session: WriteSession,
    order: PaidOrder,
    proceeds: Proceeds,
    tax: Tax | None,
    due_at: datetime,
    at: datetime,
) -> None:
    named = order.line or PaidLine(reference="")
    await add_line(
        session=session,
        line=NewLine(
            line_id=f"{order.plan_id}-order",
            merchant_id=order.merchant_id,
            plan_id=order.plan_id,
            reference=named.reference,
            clock_id=named.clock_id,
            kind=LineKind.ORDER,
            money=LineMoney.PAYABLE,
            gross=proceeds.gross,
            fee=proceeds.fee,
            tax=proceeds.tax,
            tax_code=None if tax is None else tax.code,
            is_protected=order.protection_days > 0,
            available_at=due_at,
        ),
        at=at,
    )


async def newest_settlement(
    *, session: ReadSession, plan_id: str
) -> tuple[Settlement, bool] | None:
    """The plan's newest settlement, and whether its payout is stored; None when there is none."""
    found = await session.execute(
        select(Settlement, Payout.payout_id.is_not(None))
        .outerjoin(
            Payout,
            (Payout.plan_id == Settlement.plan_id) & (Payout.payout_id == Settlement.payout_id),
        )
        .where(Settlement.plan_id == plan_id)
        .order_by(Settlement.number.desc())
        .limit(1)
    )
    row = found.one_or_none()
    return None if row is None else (row[0], row[1])


async def set_bank_day(*, session: WriteSession, day: date, is_open: bool, why: str) -> None:
    """Overrule the calendar for a day: holidays that follow the moon are known late."""
    await session.merge(BankDay(day=day, is_open=is_open, why=why))
    await session.flush()


async def _proceeds(
    *, session: WriteSession, order: PaidOrder, terms: MerchantTerms, tax: Tax | None
) -> Proceeds:
    """By the terms, or what an earlier and rejected payout of the plan was to bring."""
    earlier = await session.execute(
        select(Settlement, Payout.state)
        .outerjoin(
            Payout,
            (Payout.plan_id == Settlement.plan_id) & (Payout.payout_id == Settlement.payout_id),
        )
        .where(Settlement.plan_id == order.plan_id)
        .order_by(Settlement.number)
    )
    rows = earlier.all()
    if any(state is not PayoutState.REJECTED for _, state in rows):
        raise Defect("plan_settled_already", f"the money of {order.plan_id} is under way")
    if rows:
        first: Settlement = rows[0][0]
        return Proceeds(gross=first.gross_santim, fee=first.fee_santim, net=first.net_santim)
    return proceeds_by(terms=terms, option=order.option, gross=order.amount, tax=tax)


async def closed_days(*, session: ReadSession, holidays: Collection[date]) -> frozenset[date]:
    """Public holidays on which banks are closed, as ``bank_days`` overrules the calendar."""
    stored = await session.scalars(select(BankDay))
    return working_days.closed_days(
        holidays=holidays, overruled={each.day: each.is_open for each in stored}
    )
