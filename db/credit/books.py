"""What many plans and customers take of their limits, for those who compare it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from db.credit.tables import Customer, Exposure
from db.kernel.engine import ReadSession
from meqenet.money import Money


@dataclass(frozen=True, kw_only=True)
class ExposureRow:
    """What one plan holds or owes of its customer's limit, in principal."""

    plan_id: str
    customer_id: str
    state: str
    held: Money
    owed: Money
    financed: Money | None
    was_late: bool


@dataclass(frozen=True, kw_only=True)
class CustomerRow:
    """A customer as last decided."""

    tier: str | None
    limit: Money | None
    decided_at: datetime | None
    exposures: tuple[ExposureRow, ...] = ()


async def read_exposures(
    *, session: ReadSession, plan_ids: Sequence[str]
) -> dict[str, ExposureRow]:
    """The exposures of these plans; a plan that was not approved has none."""
    wanted = any_(literal(list(plan_ids), ARRAY(Text)))
    found = await session.scalars(select(Exposure).where(Exposure.plan_id == wanted))
    return {row.plan_id: _row(row) for row in found}


async def read_customers(
    *, session: ReadSession, customer_ids: Sequence[str]
) -> dict[str, CustomerRow]:
    """These customers with the exposures of all their plans, in the order of the plans' ids."""
    wanted = any_(literal(list(customer_ids), ARRAY(Text)))
    exposures: dict[str, list[ExposureRow]] = {}
    for row in await session.scalars(
        select(Exposure).where(Exposure.customer_id == wanted).order_by(Exposure.plan_id)
    ):
        exposures.setdefault(row.customer_id, []).append(_row(row))
    found = await session.scalars(select(Customer).where(Customer.customer_id == wanted))
    return {
        row.customer_id: CustomerRow(
            tier=row.tier,
            limit=row.limit_santim,
            decided_at=row.decided_at,
            exposures=tuple(exposures.get(row.customer_id, ())),
        )
        for row in found
    }


def _row(row: Exposure) -> ExposureRow:
    return ExposureRow(
        plan_id=row.plan_id,
        customer_id=row.customer_id,
        state=row.state,
        held=row.held_santim,
        owed=row.owed_santim,
        financed=row.financed_santim,
        was_late=row.was_late,
    )
