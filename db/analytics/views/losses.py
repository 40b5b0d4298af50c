"""What was given up as a loss by a day, what of it came after all, and what is written off."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import BigInteger, func, select, type_coerce

from db.analytics import tables
from db.analytics.views.reading import as_money
from db.kernel.engine import ReadSession
from meqenet.money import Money

_LOAN, _PART = tables.PortfolioPlan, tables.PortfolioInstallment


@dataclass(frozen=True, kw_only=True)
class Losses:
    """Plans that were charged off, principal, interest and late fees together.

    Attributes:
        plans: how many were charged off.
        charged_off: what they owed then.
        recovered: what of it was paid afterwards.
        written_off: what of it is asked for no more.
    """

    plans: int
    charged_off: Money
    recovered: Money
    written_off: Money

    @property
    def still_owed(self) -> Money:
        """What customers still owe of it."""
        return self.charged_off - self.recovered - self.written_off


async def losses(
    *,
    session: ReadSession,
    as_of: date,
    merchant_id: str | None = None,
    option: str | None = None,
) -> Losses:
    """All losses until the end of an Addis Ababa day, from the first one on."""
    lost = _LOAN.charged_off_on <= as_of
    if merchant_id is not None:
        lost &= _LOAN.merchant_id == merchant_id
    if option is not None:
        lost &= _LOAN.option == option
    charged_off = type_coerce(_LOAN.charged_off_santim, BigInteger)
    written_off = type_coerce(_LOAN.written_off_santim, BigInteger)
    recovered = type_coerce(_PART.recovered_santim, BigInteger)
    plans = await session.execute(
        select(
            func.count(),
            func.sum(charged_off),
            func.sum(written_off).filter(_LOAN.written_off_on <= as_of),
        ).where(lost)
    )
    count, owed, gone = plans.one()
    came = await session.scalar(
        select(func.sum(recovered))
        .join(_LOAN, _LOAN.plan_id == _PART.plan_id)
        .where(lost, _PART.paid_on <= as_of)
    )
    return Losses(
        plans=count,
        charged_off=as_money(owed),
        recovered=as_money(came),
        written_off=as_money(gone),
    )
