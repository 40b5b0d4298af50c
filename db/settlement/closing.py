"""Closing a merchant's day: the lines that are available become a payout, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, select, update

from db.kernel.engine import WriteSession
from db.kernel.events import NewEvent, append
from db.settlement.lines import NewLine, add_line, lock_merchant, payout_told
from db.settlement.merchants import terms_of
from db.settlement.shares import open_shares
from db.settlement.tables import MerchantPayout, MerchantTerms, SettlementLine
from meqenet.calendar import at_addis
from meqenet.identity import merchant_payout_id, payday_id
from meqenet.money import Money, total
from meqenet.settlement.events import MerchantOwes
from meqenet.settlement.lines import (
    Close,
    CloseOutcome,
    Line,
    LineKind,
    LineMoney,
    ReserveTerms,
    close_of,
)
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.terms import PAYOUT_HOUR

LINES_MAX: Final = 500
"""One payout takes no more lines; the same close goes on with a further payout."""


@dataclass(frozen=True, kw_only=True)
class DayToClose:
    """Whose day, and by whose time.

    Attributes:
        clock_id: a test clock; empty in real time.
        day: the business day in Addis Ababa.
        at: the instant by which lines must be available.
        run: the run that closes it: another run's payout was perhaps sent.
        lines_max: how many lines a payout takes.
    """

    merchant_id: str
    clock_id: str
    day: date
    at: datetime
    run: str
    lines_max: int = LINES_MAX


@dataclass(frozen=True, kw_only=True)
class DayClosed:
    """What there was to do. ``payout`` None unless TAKEN."""

    outcome: CloseOutcome
    available: Money
    payout: MerchantPayout | None = None


async def close_day(*, session: WriteSession, wanted: DayToClose) -> DayClosed:
    """Put the lines that are available into a payout; a payout that is not finished goes on first.

    Raises:
        Refusal: ``merchant_terms_missing``.
    """
    await lock_merchant(session=session, merchant_id=wanted.merchant_id)
    newest = await _newest(session, wanted)
    if newest is not None and newest.finished_at is None:
        return DayClosed(outcome=CloseOutcome.TAKEN, available=newest.amount_santim, payout=newest)
    rows = await _available(session, wanted)
    if not rows:
        return DayClosed(outcome=CloseOutcome.NOTHING, available=Money.zero())
    if newest is not None and newest.state is PayoutState.REJECTED and newest.retried_by is None:
        held = total(row.net_santim for row in rows)
        return DayClosed(outcome=CloseOutcome.HELD, available=held)
    terms = await terms_of(session=session, merchant_id=wanted.merchant_id, at=wanted.at)
    close = _close(rows, terms)
    if close.outcome is not CloseOutcome.TAKEN:
        if close.outcome is CloseOutcome.OWING:
            await _tell_debt(session, wanted, owed=-close.available)
        return DayClosed(outcome=close.outcome, available=close.available)
    payout = await _take(session, wanted, terms=terms, rows=rows, close=close)
    return DayClosed(outcome=close.outcome, available=close.available, payout=payout)


async def _newest(session: WriteSession, wanted: DayToClose) -> MerchantPayout | None:
    found: MerchantPayout | None = await session.scalar(
        select(MerchantPayout)
        .where(
            MerchantPayout.merchant_id == wanted.merchant_id,
            MerchantPayout.clock_id == wanted.clock_id,
        )
        .order_by(
            MerchantPayout.finished_at.is_not(None),
            MerchantPayout.opened_at.desc(),
            MerchantPayout.day.desc(),
            MerchantPayout.number.desc(),
        )
        .limit(1)
    )
    return found


async def _available(session: WriteSession, wanted: DayToClose) -> list[SettlementLine]:
    """What takes first: whatever is left of it would otherwise not be netted by this payout."""
    found = await session.scalars(
        select(SettlementLine)
        .where(
            SettlementLine.merchant_id == wanted.merchant_id,
            SettlementLine.clock_id == wanted.clock_id,
            SettlementLine.available_at <= wanted.at,
            _is_untaken(),
        )
        .order_by(
            SettlementLine.net_santim > Money.zero(),
            SettlementLine.available_at,
            SettlementLine.line_id,
        )
        .limit(wanted.lines_max)
    )
    return list(found)


def _is_untaken() -> ColumnElement[bool]:
    return SettlementLine.payout_id.is_(None)


def _close(rows: Sequence[SettlementLine], terms: MerchantTerms) -> Close:
    lines = [
        Line(
            line_id=row.line_id,
            kind=row.kind,
            money=row.money,
            net=row.net_santim,
            plan_id=row.plan_id,
        )
        for row in rows
    ]
    reserve = ReserveTerms(basis_points=terms.reserve_basis_points, days=terms.reserve_days)
    return close_of(lines=lines, minimum=terms.minimum_santim, reserve=reserve)


async def _tell_debt(session: WriteSession, wanted: DayToClose, *, owed: Money) -> None:
    """Once for each sum: the same close again finds it told."""
    day_id = _payday(wanted)
    debt = MerchantOwes(merchant_id=wanted.merchant_id, day=wanted.day, amount=owed)
    event_id = f"{day_id}-owes-{owed.santim}"
    at = at_addis(on=wanted.day, hour=PAYOUT_HOUR)
    await append(
        session=session,
        event=NewEvent.of(event_id=event_id, stream=day_id, data=debt, at=at),
    )


def _payday(wanted: DayToClose) -> str:
    return payday_id(
        merchant_id=wanted.merchant_id, clock_id=wanted.clock_id or None, day=wanted.day
    )


async def _take(
    session: WriteSession,
    wanted: DayToClose,
    *,
    terms: MerchantTerms,
    rows: list[SettlementLine],
    close: Close,
) -> MerchantPayout:
    day_id = _payday(wanted)
    number = 1 + (
        await session.scalar(
            select(func.coalesce(func.max(MerchantPayout.number), 0)).where(
                MerchantPayout.payday_id == day_id
            )
        )
        or 0
    )
    payout_id = merchant_payout_id(payday_id=day_id, number=number)
    of = {money: total(row.net_santim for row in rows if row.money is money) for money in LineMoney}
    payout = MerchantPayout(
        payout_id=payout_id,
        payday_id=day_id,
        merchant_id=wanted.merchant_id,
        clock_id=wanted.clock_id,
        day=wanted.day,
        number=number,
        terms_at=terms.effective_at,
        rail=terms.rail,
        amount_santim=close.amount,
        shares_santim=of[LineMoney.PAYABLE],
        owed_back_santim=-of[LineMoney.RECEIVABLE],
        reserve_held_santim=close.reserve,
        reserve_released_santim=of[LineMoney.RESERVE],
        state=PayoutState.CREATED,
        opened_by=wanted.run,
        opened_at=wanted.at,
        changed_at=wanted.at,
        reserve_until=at_addis(
            on=wanted.day + timedelta(days=terms.reserve_days), hour=PAYOUT_HOUR
        ),
    )
    session.add(payout)
    await session.flush()
    if close.reserve:
        rows.append(await _hold_back(session, payout))
    await session.execute(
        update(SettlementLine)
        .where(
            SettlementLine.merchant_id == wanted.merchant_id,
            SettlementLine.line_id.in_([row.line_id for row in rows]),
            _is_untaken(),
        )
        .values(payout_id=payout_id)
    )
    await _tell_opened(session, payout, rows)
    await open_shares(session=session, payout=payout, lines=rows, at=wanted.at)
    return payout


async def _hold_back(session: WriteSession, payout: MerchantPayout) -> SettlementLine:
    return await add_line(
        session=session,
        line=NewLine(
            line_id=f"{payout.payout_id}-held",
            merchant_id=payout.merchant_id,
            clock_id=payout.clock_id,
            kind=LineKind.RESERVE_HELD,
            money=LineMoney.RESERVE,
            gross=-payout.reserve_held_santim,
            fee=Money.zero(),
            tax=Money.zero(),
            available_at=payout.opened_at,
            stream=payout.payday_id,
        ),
        at=payout.opened_at,
    )


async def _tell_opened(
    session: WriteSession, payout: MerchantPayout, rows: Sequence[SettlementLine]
) -> None:
    await append(
        session=session,
        event=NewEvent.of(
            event_id=f"{payout.payout_id}-opened",
            stream=payout.payday_id,
            data=payout_told(payout=payout, lines=rows),
            at=payout.opened_at,
        ),
    )
