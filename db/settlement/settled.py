"""Payouts as a bank's statement should have them, and since when we know of their end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from db.kernel.engine import ReadSession
from db.kernel.tables import events
from db.settlement.tables import MerchantPayout, Payout
from meqenet.money import Money
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.transfer import PayoutRail

_HEARD: Final = "merchant_payout_heard"
_SETTLED: Final = "payout_settled"


@dataclass(frozen=True, kw_only=True)
class BankOrder:
    """A payout. ``settled_since``: since when it has been recorded as settled, in real time."""

    payout_id: str
    amount: Money
    state: PayoutState
    bank_reference: str | None
    settled_since: datetime | None


async def payouts_of(*, session: ReadSession, plan_ids: Sequence[str]) -> tuple[BankOrder, ...]:
    """All payouts of these plans' own, whatever became of them."""
    return await _payouts(session, Payout.plan_id == any_(literal(list(plan_ids), ARRAY(Text))))


async def payouts_of_days(
    *, session: ReadSession, payday_ids: Sequence[str], rail: PayoutRail
) -> tuple[BankOrder, ...]:
    """All payouts of these days of merchants by this rail, whatever became of them."""
    wanted = any_(literal(list(payday_ids), ARRAY(Text)))
    return await _merchant_payouts(session, MerchantPayout.payday_id == wanted, rail=rail)


async def settled_since(*, session: ReadSession, since: datetime) -> tuple[BankOrder, ...]:
    """Payouts that have been recorded as settled since, in real time."""
    recorded = select(events.c.stream).where(
        events.c.type == _SETTLED, events.c.recorded_at >= since
    )
    of_plans = await _payouts(
        session, (Payout.state == PayoutState.SETTLED) & Payout.plan_id.in_(recorded)
    )
    finished = select(events.c.stream).where(events.c.type == _HEARD, events.c.recorded_at >= since)
    of_days = await _merchant_payouts(
        session,
        (MerchantPayout.state == PayoutState.SETTLED) & MerchantPayout.payday_id.in_(finished),
        rail=PayoutRail.BANK,
    )
    return (*of_plans, *of_days)


async def _merchant_payouts(
    session: ReadSession, wanted: ColumnElement[bool], *, rail: PayoutRail
) -> tuple[BankOrder, ...]:
    query = (
        select(MerchantPayout)
        .where(wanted, MerchantPayout.rail == rail)
        .order_by(MerchantPayout.payout_id)
    )
    rows = list(await session.scalars(query))
    told = await _told(session, event_type=_HEARD, streams=[row.payday_id for row in rows])
    return _orders(
        rows,
        settled={
            data["payout_id"]: at
            for data, at in told
            # What contradicts it later does not settle it anew.
            if data["state"] == PayoutState.SETTLED and not data["contradicts"]
        },
    )


async def _payouts(session: ReadSession, wanted: ColumnElement[bool]) -> tuple[BankOrder, ...]:
    own = Payout.carried_by.is_(None)
    rows = list(await session.scalars(select(Payout).where(wanted, own).order_by(Payout.payout_id)))
    told = await _told(session, event_type=_SETTLED, streams=[row.plan_id for row in rows])
    return _orders(rows, settled={data["payout_id"]: at for data, at in told})


async def _told(
    session: ReadSession, *, event_type: str, streams: Sequence[str]
) -> Sequence[tuple[dict[str, Any], datetime]]:
    found = await session.execute(
        select(events.c.data, events.c.recorded_at).where(
            events.c.type == event_type,
            events.c.stream == any_(literal(list(streams), ARRAY(Text))),
        )
    )
    return [(data, at) for data, at in found]


def _orders(
    rows: Sequence[Payout | MerchantPayout], *, settled: Mapping[str, datetime]
) -> tuple[BankOrder, ...]:
    return tuple(
        BankOrder(
            payout_id=row.payout_id,
            amount=row.amount_santim,
            state=row.state,
            bank_reference=row.bank_reference,
            settled_since=settled.get(row.payout_id),
        )
        for row in rows
    )
