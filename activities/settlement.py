"""The settlement domain's steps: each one transaction, each idempotent by its ids."""

from activities.captured import found_captures, order_authorised
from activities.contracts import reconciliation
from activities.contracts import settlement as contract
from activities.contracts.step import Nothing
from activities.edge import takes
from activities.holidays import holidays_after
from db.kernel.encryption import Keyring
from db.kernel.engine import Database
from db.settlement import merchants, payouts, scheduling, settled
from db.settlement.lines import lines_of_plan
from db.settlement.tables import Authorisation
from meqenet.errors import Defect
from meqenet.identity import payday_on_the_wire, wire_id
from meqenet.payments.orders import plan_on_the_wire
from meqenet.payments.reconciliation import Order, Standing
from meqenet.payments.statement_document import LineKind
from meqenet.settlement.payouts import PayoutState
from meqenet.settlement.transfer import CreditTransfer, PayoutRail


class SettlementActivities:
    """See :class:`activities.contracts.settlement.SettlementSteps`."""

    def __init__(self, *, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    @takes(contract.REGISTER_TERMS)
    async def register_terms(self, command: contract.RegisterTerms) -> Nothing:
        """Store a merchant's terms."""
        async with self._database.write() as session:
            await merchants.register_terms(
                session=session,
                keyring=self._keyring,
                terms=merchants.AgreedTerms(
                    merchant_id=command.merchant_id,
                    fee_basis_points=command.fee_basis_points,
                    delay_days=command.delay_days,
                    account=command.account,
                    fee_fixed=command.fee_fixed,
                    reserve=command.reserve,
                    minimum=command.minimum,
                ),
                at=command.at,
            )
        return Nothing()

    @takes(contract.SCHEDULE)
    async def schedule(self, command: contract.ScheduleSettlement) -> contract.SettlementScheduled:
        """Fix what the merchant gets and when."""
        async with self._database.write() as session:
            stored = await scheduling.schedule(
                session=session,
                order=scheduling.PaidOrder(
                    plan_id=command.plan_id,
                    merchant_id=command.merchant_id,
                    payout_id=command.payout_id,
                    option=command.option,
                    amount=command.amount,
                    activated_on=command.activated_on,
                    protection_days=command.protection_days,
                    line=None
                    if command.line is None
                    else scheduling.PaidLine(
                        reference=command.line.reference,
                        clock_id=command.line.test_clock_id or "",
                    ),
                ),
                holidays=holidays_after(day=command.activated_on),
                at=command.at,
            )
        return contract.SettlementScheduled(
            payout_id=stored.payout_id,
            gross=stored.gross_santim,
            fee=stored.fee_santim,
            net=stored.net_santim,
            due_at=stored.due_at,
        )

    @takes(contract.LOAD_SETTLEMENT)
    async def load_settlement(self, command: contract.LoadSettlement) -> contract.LoadedSettlement:
        """The plan's newest settlement. Asked of the written store: a replica may lag."""
        async with self._database.write() as session:
            newest = await scheduling.newest_settlement(session=session, plan_id=command.plan_id)
            lines = await lines_of_plan(session=session, plan_id=command.plan_id)
            order = await session.get(Authorisation, command.plan_id)
            if order is not None:
                return contract.LoadedSettlement(
                    scheduled=None,
                    by_day=True,
                    authorised=order_authorised(order=order),
                    found=await found_captures(session=session, plan_id=command.plan_id),
                )
        if newest is None:
            return contract.LoadedSettlement(scheduled=None)
        stored, begun = newest
        return contract.LoadedSettlement(
            scheduled=contract.SettlementScheduled(
                payout_id=stored.payout_id,
                gross=stored.gross_santim,
                fee=stored.fee_santim,
                net=stored.net_santim,
                # Whoever has a refused payout sent again wants it sent at once.
                due_at=stored.due_at if stored.number == 1 else stored.scheduled_at,
            ),
            number=stored.number,
            begun=begun,
            by_day=bool(lines),
        )

    @takes(contract.OPEN_PAYOUT)
    async def open_payout(self, command: contract.OpenPayout) -> CreditTransfer:
        """Store the intent to pay."""
        async with self._database.write() as session:
            return await payouts.open_payout(
                session=session,
                keyring=self._keyring,
                payout_id=command.payout_id,
                at=command.at,
            )

    @takes(contract.RECORD_PAYOUT)
    async def record_payout(self, command: contract.RecordPayout) -> Nothing:
        """Store what the bank said; the evidence is committed before a defect is raised."""
        async with self._database.write() as session:
            contradicts = await payouts.record_payout(
                session=session,
                payout_id=command.payout_id,
                answer=command.answer,
                at=command.at,
            )
        if contradicts:
            raise Defect(
                "payout_contradicted",
                f"{command.payout_id}: the bank says otherwise than it has said before",
            )
        return Nothing()

    @takes(reconciliation.FIND_PAYOUTS)
    async def find_payouts(self, command: reconciliation.FindOrders) -> reconciliation.OrdersFound:
        """Payouts behind the keys of a statement. Asked of the written store."""
        plans = {plan for key in command.keys if (plan := plan_on_the_wire(reference=key))}
        days = {day for key in command.keys if (day := payday_on_the_wire(reference=key))}
        async with self._database.write() as session:
            found = await settled.payouts_of(session=session, plan_ids=sorted(plans))
            of_days = await settled.payouts_of_days(
                session=session, payday_ids=sorted(days), rail=PayoutRail(command.provider)
            )
        mine = set(command.keys)
        orders = (_order(payout) for payout in (*found, *of_days))
        return reconciliation.OrdersFound(orders=tuple(o for o in orders if o.key in mine))

    @takes(reconciliation.FIND_SETTLED_PAYOUTS)
    async def find_settled_payouts(
        self, command: reconciliation.FindSettledPayouts
    ) -> reconciliation.OrdersFound:
        """Payouts that a statement should have by now. Asked of the written store."""
        async with self._database.write() as session:
            found = await settled.settled_since(session=session, since=command.since)
        return reconciliation.OrdersFound(orders=tuple(_order(payout) for payout in found))


_STANDING = {PayoutState.SETTLED: Standing.MOVED, PayoutState.REJECTED: Standing.FAILED}


def _order(payout: settled.BankOrder) -> Order:
    return Order(
        order_id=payout.payout_id,
        key=wire_id(meqenet_id=payout.payout_id),
        kind=LineKind.PAYOUT,
        amount=payout.amount,
        standing=_STANDING.get(payout.state, Standing.OPEN),
        receipt=payout.bank_reference,
        moved_since=payout.settled_since,
    )
