"""How random business histories end that are not paid: charged off, paid in part, written off."""

from db.credit.exposures import record_repayment, write_off
from meqenet.bnpl import events as e
from meqenet.bnpl.loss_events import LostInstallment, PlanChargedOff, PlanWrittenOff
from meqenet.bnpl.servicing.delinquency import days_owing
from meqenet.bnpl.states import PlanState
from meqenet.calendar import addis_date
from meqenet.identity import charge_off_id, write_off_id
from meqenet.ledger import happenings as h
from meqenet.money import Money, total
from tests.workers.beginnings import LENDER, Beginning

_GIVEN_UP = "12345679abdef"
_WRITTEN_OFF = "2367bef"


class LosingHistory(Beginning):
    """Gives most plans up once they are past due, and half of them for good."""

    def _is_given_up(self) -> bool:
        is_late = self.state is PlanState.PAST_DUE and not self.found
        return is_late and self.paid_out and self.plan_id[-1] in _GIVEN_UP

    async def _lose(self) -> None:
        await self._charge_off()
        first = self.unpaid[0]
        await self._record(e.CollectionStarted(number=first.number))
        fee = self.late_fees.get(first.number, Money.zero())
        attempt = await self._collect(first.number, first.principal + fee)
        if attempt is None:
            failed = e.InstallmentFailed(number=first.number, cause="no_funds")
            await self._record(failed, PlanState.PAST_DUE)
        else:
            await self._recover(first, attempt, fee)
        if self.plan_id[-1] in _WRITTEN_OFF and self.unpaid:
            await self._write_off()

    async def _charge_off(self) -> None:
        on = addis_date(at=self.now)
        parts = tuple(
            LostInstallment(
                number=row.number,
                principal=row.principal,
                interest=Money.zero(),
                late_fee=self.late_fees.get(row.number, Money.zero()),
                interest_not_owed=row.interest,
            )
            for row in self.unpaid
        )
        oldest = min(row.due_on for row in self.unpaid)
        told = PlanChargedOff(
            on=on,
            principal=total(row.principal for row in parts),
            late_fee=self._fees(),
            days_past_due=days_owing(oldest_due_on=oldest, on=on),
            interest=Money.zero(),
            merchant_fee=Money.zero(),
            installments=parts,
            by="stf_a",
            why="cannot be found",
        )
        await self._record(told, PlanState.PAST_DUE)
        lost = h.PlanChargedOff(
            plan_id=self.plan_id,
            lender=LENDER,
            principal=told.principal,
            late_fee=told.late_fee,
        )
        await self._post(charge_off_id(plan_id=self.plan_id), lost)

    async def _recover(self, row: e.PlannedInstallment, attempt: str, fee: Money) -> None:
        self.unpaid.remove(row)
        recovered = h.RecoveryReceived(
            plan_id=self.plan_id,
            attempt_id=attempt,
            provider=self.provider,
            lender=LENDER,
            principal=row.principal,
            late_fee=fee,
        )
        await self._post(attempt, recovered)
        async with self.world["credit"].write() as session:
            await record_repayment(
                session=session,
                plan_id=self.plan_id,
                repayment_id=attempt,
                principal=row.principal,
                on_time=False,
                at=self.now,
            )
        paid = e.InstallmentPaid(
            number=row.number,
            attempt_id=attempt,
            amount=row.principal + fee,
            paid_at=self.now,
            late_fee=fee,
        )
        await self._record(paid, PlanState.PAST_DUE)

    async def _write_off(self) -> None:
        told = PlanWrittenOff(
            on=addis_date(at=self.now),
            principal=total(row.principal for row in self.unpaid),
            interest=Money.zero(),
            late_fee=self._fees(),
            by="stf_a",
            why="cannot be found",
        )
        await self._record(told, PlanState.WRITTEN_OFF)
        gone = h.PlanWrittenOff(
            plan_id=self.plan_id, principal=told.principal, late_fee=told.late_fee
        )
        await self._post(write_off_id(plan_id=self.plan_id), gone)
        async with self.world["credit"].write() as session:
            await write_off(session=session, plan_id=self.plan_id, at=self.now)

    def _fees(self) -> Money:
        unpaid = {row.number for row in self.unpaid}
        return total(fee for number, fee in self.late_fees.items() if number in unpaid)
