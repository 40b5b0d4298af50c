"""What is lent out on a day, by how late it is."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Text,
    case,
    func,
    literal,
    select,
    type_coerce,
)

from db.analytics import tables
from db.analytics.views.reading import as_money
from db.kernel.engine import ReadSession
from meqenet.analytics.past_due import Lateness
from meqenet.money import Money

_LOAN, _PART = tables.PortfolioPlan, tables.PortfolioInstallment


@dataclass(frozen=True, kw_only=True)
class LatenessClass:
    """The plans whose oldest owed installment is equally late.

    Attributes:
        plans: how many.
        outstanding: all principal that they owe, due or not.
        past_due: principal and interest of their overdue installments.
    """

    lateness: Lateness
    plans: int
    outstanding: Money
    past_due: Money


async def portfolio(
    *,
    session: ReadSession,
    as_of: date,
    merchant_id: str | None = None,
    option: str | None = None,
) -> tuple[LatenessClass, ...]:
    """What is lent out at the end of an Addis Ababa day, by how late it is; every class is there.

    A plan counts from the day on which it became active; an installment until the day before the
    one on which it was paid. A plan that was charged off is still owed, until it is written off.
    What waits for the end of a dispute is owed, and not late. A past day shows what stood then, by
    what is known now.
    """
    owed = (_LOAN.activated_on <= as_of) & (_PART.paid_on.is_(None) | (_PART.paid_on > as_of))
    owed &= _LOAN.written_off_on.is_(None) | (_LOAN.written_off_on > as_of)
    if merchant_id is not None:
        owed &= _LOAN.merchant_id == merchant_id
    if option is not None:
        owed &= _LOAN.option == option
    principal = type_coerce(_PART.principal_santim, BigInteger)
    interest = type_coerce(_PART.interest_santim, BigInteger)
    plans = (
        select(
            (literal(as_of, Date) - func.min(_PART.due_on).filter(~_PART.waits)).label("days"),
            func.sum(principal).label("outstanding"),
            func.sum(principal + interest)
            .filter((_PART.due_on < as_of) & ~_PART.waits)
            .label("past_due"),
        )
        .join(_LOAN, _LOAN.plan_id == _PART.plan_id)
        .where(owed)
        .group_by(_PART.plan_id)
        .subquery()
    )
    lateness = _lateness(func.coalesce(plans.c.days, 0))
    found = await session.execute(
        select(
            lateness, func.count(), func.sum(plans.c.outstanding), func.sum(plans.c.past_due)
        ).group_by(lateness)
    )
    rows = {name: (count, outstanding, past_due) for name, count, outstanding, past_due in found}
    nothing = (0, 0, 0)
    return tuple(
        LatenessClass(
            lateness=each,
            plans=rows.get(each, nothing)[0],
            outstanding=as_money(rows.get(each, nothing)[1]),
            past_due=as_money(rows.get(each, nothing)[2]),
        )
        for each in Lateness
    )


def _lateness(days: ColumnElement[Any]) -> ColumnElement[str]:
    bounded = [(each.days_max, each) for each in Lateness if each.days_max is not None]
    return case(
        *((days <= bound, literal(each.value, Text)) for bound, each in bounded),
        else_=literal(Lateness.DAYS_OVER_90.value, Text),
    )
