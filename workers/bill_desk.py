"""Money under no plan's number: listed, and assigned to the plan for which it came."""

from dataclasses import dataclass
from datetime import datetime

from db.kernel.engine import Database
from db.payments.bills import ToldBill, assign_bill, unclaimed_bills


@dataclass(frozen=True, kw_only=True)
class BillDesk:
    """Staff's view of the payments store; asked where it is written, a replica may lag."""

    payments: Database

    async def unclaimed(self) -> tuple[ToldBill, ...]:
        """Those that nobody has assigned, the oldest first."""
        async with self.payments.write() as session:
            return await unclaimed_bills(session=session)

    async def assign(
        self, *, receipt: str, plan_id: str, by: str, why: str, at: datetime
    ) -> ToldBill:
        """Store for which plan it came, who said so and why.

        Raises:
            Refusal: see :func:`db.payments.bills.assign_bill`.
        """
        async with self.payments.write() as session:
            return await assign_bill(
                session=session, receipt=receipt, plan_id=plan_id, by=by, why=why, at=at
            )
