"""What merchants get, plan by plan and added up."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from db.analytics import tables
from db.analytics.models import MERCHANT_STATEMENT
from db.analytics.views.reading import as_money, lines_of, sum_of
from db.kernel.engine import ReadSession
from meqenet.analytics.merchant_statement import StatementLine
from meqenet.money import Money

_LINE = tables.StatementLine


@dataclass(frozen=True, kw_only=True)
class StatementTotals:
    """A merchant's lines added up. ``gross = fees + net`` and ``net = paid_out + payable``."""

    plans: int
    gross: Money
    fees: Money
    net: Money
    paid_out: Money

    @property
    def payable(self) -> Money:
        """What the merchant is still to get."""
        return self.net - self.paid_out


async def statement_line(
    *, session: ReadSession, merchant_id: str, plan_id: str
) -> StatementLine | None:
    """The merchant's line of a plan; None when it has none, or it is another merchant's."""
    found = await MERCHANT_STATEMENT.load(session=session, keys=[plan_id])
    line = found.get(plan_id)
    return None if line is None or line.merchant_id != merchant_id else line


async def merchant_statement(
    *,
    session: ReadSession,
    merchant_id: str,
    since: datetime | None = None,
    until: datetime | None = None,
    after: str | None = None,
    limit: int = 100,
) -> tuple[StatementLine, ...]:
    """A merchant's lines by the time at which they were scheduled, the oldest first.

    That time never changes, so whoever asks on with ``after`` gets no line twice and misses none.

    Args:
        session: of the analytics store.
        merchant_id: whose.
        since: the first instant that counts.
        until: the first instant that does not count any more.
        after: the plan behind which to go on.
        limit: how many at most.
    """
    query = select(_LINE.plan_id).where(_of_merchant(merchant_id, since=since, until=until))
    if after is not None:
        place = select(_LINE.scheduled_at).where(_LINE.plan_id == after).scalar_subquery()
        query = query.where(
            (_LINE.scheduled_at > place) | ((_LINE.scheduled_at == place) & (_LINE.plan_id > after))
        )
    query = query.order_by(_LINE.scheduled_at, _LINE.plan_id).limit(limit)
    return await lines_of(session=session, sheet=MERCHANT_STATEMENT, keys=query)


async def statement_totals(
    *,
    session: ReadSession,
    merchant_id: str,
    since: datetime | None = None,
    until: datetime | None = None,
) -> StatementTotals:
    """The sums of :func:`merchant_statement`, of all its lines."""
    found = await session.execute(
        select(
            func.count(),
            *(
                sum_of(column)
                for column in (
                    _LINE.gross_santim,
                    _LINE.fee_santim,
                    _LINE.net_santim,
                    _LINE.paid_out_santim,
                )
            ),
        ).where(_of_merchant(merchant_id, since=since, until=until))
    )
    plans, gross, fees, net, paid_out = found.one()
    return StatementTotals(
        plans=plans,
        gross=as_money(gross),
        fees=as_money(fees),
        net=as_money(net),
        paid_out=as_money(paid_out),
    )


def _of_merchant(
    merchant_id: str, *, since: datetime | None, until: datetime | None
) -> ColumnElement[bool]:
    mine = (_LINE.merchant_id == merchant_id) & _LINE.scheduled_at.is_not(None)
    if since is not None:
        mine &= _LINE.scheduled_at >= since
    if until is not None:
        mine &= _LINE.scheduled_at < until
    return mine
