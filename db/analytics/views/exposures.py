"""How much of a customer's limit is used."""

from dataclasses import dataclass

from sqlalchemy import select

from db.analytics import tables
from db.analytics.models import CUSTOMERS, EXPOSURES
from db.analytics.views.reading import lines_of
from db.kernel.engine import ReadSession
from meqenet.analytics.customer_exposure import CustomerLine, ExposureLine
from meqenet.money import Money, total


@dataclass(frozen=True, kw_only=True)
class CustomerExposure:
    """What of a customer's limit is used, and by which plans."""

    customer: CustomerLine
    plans: tuple[ExposureLine, ...]

    @property
    def held(self) -> Money:
        """Promised to plans that are not active yet."""
        return total(line.held for line in self.plans)

    @property
    def owed(self) -> Money:
        """Principal owed on active plans."""
        return total(line.owed for line in self.plans)

    @property
    def available(self) -> Money | None:
        """What the limit leaves; None where the limit is not known."""
        return None if self.customer.limit is None else self.customer.limit - self.held - self.owed


async def customer_exposure(*, session: ReadSession, customer_id: str) -> CustomerExposure | None:
    """What of the customer's limit is used; None before the first decision."""
    customer = (await CUSTOMERS.load(session=session, keys=[customer_id])).get(customer_id)
    if customer is None:
        return None
    plans = (
        select(tables.ExposureLine.plan_id)
        .where(tables.ExposureLine.customer_id == customer_id)
        .order_by(tables.ExposureLine.plan_id)
    )
    return CustomerExposure(
        customer=customer, plans=await lines_of(session=session, sheet=EXPOSURES, keys=plans)
    )
