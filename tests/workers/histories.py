"""Random business histories, told to the real stores in the order in which workflows tell them."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Final

from db.bnpl.opening import price, rows_of
from db.credit.exposures import convert_hold, record_repayment
from db.kernel.encryption import Keyring
from db.payments.refunds import open_refund, record_refund
from db.settlement.merchants import AgreedTerms, register_terms
from db.settlement.payouts import open_payout, record_payout
from db.settlement.scheduling import PaidOrder, schedule
from meqenet.bnpl import events as e
from meqenet.bnpl.delinquency_events import LateFeeCharged
from meqenet.bnpl.payment_events import InstallmentPaidInPart
from meqenet.bnpl.staff_events import LateFeeWaived
from meqenet.bnpl.states import PlanState
from meqenet.calendar import addis_date
from meqenet.identity import (
    OWN_PAYMENT_FROM,
    installment_id,
    late_fee_id,
    payout_id,
    refund_id,
    waiver_id,
)
from meqenet.ledger import happenings as h
from meqenet.money import Money, total
from meqenet.payments.rail import RailStatus, RefundAnswer
from meqenet.settlement.lines import ReserveTerms
from meqenet.settlement.transfer import PayoutAccount, TransferAnswer, TransferStatus
from tests.workers.beginnings import BEGIN, LENDER, OPTIONS
from tests.workers.lost_histories import LosingHistory
from tests.workers.worlds import World

_GRACE: Final = timedelta(days=3)
_FEE: Final = Money.from_birr("25.00")
_WAIVED: Final = Money.from_birr("12.50")
_ACCOUNT: Final = PayoutAccount(
    bic="CBETETAA", account_number="1000123456789", account_name="Addis Electronics"
)


async def take_on(world: World, keyring: Keyring, *, merchant_id: str) -> None:
    """Put a merchant's terms on file."""
    async with world["settlement"].write() as session:
        await register_terms(
            session=session,
            keyring=keyring,
            terms=AgreedTerms(
                merchant_id=merchant_id,
                fee_basis_points=dict.fromkeys(OPTIONS, 300),
                delay_days=1,
                account=_ACCOUNT,
                fee_fixed={},
                reserve=ReserveTerms(),
                minimum=Money.zero(),
            ),
            at=BEGIN - timedelta(days=30),
        )


class History(LosingHistory):
    """One plan's life, led by chance, from its application on."""

    async def live(self) -> None:
        """From the application to the end of the days, or to an earlier end."""
        if not await self._apply():
            return
        if self.option == "pay_in_30" or await self._pay_at_checkout():
            await self._activate()
            await self._go_on()

    async def _pay_at_checkout(self) -> bool:
        first = self.rows[0]
        self.checkout = await self._collect(first.number, first.amount)
        if self.checkout is None:
            await self._end(e.PlanExpired(stage="payment"), PlanState.EXPIRED)
            return False
        await self._post(
            f"{self.checkout}-received",
            h.CheckoutPaymentReceived(
                plan_id=self.plan_id,
                attempt_id=self.checkout,
                provider=self.provider,
                amount=first.amount,
            ),
        )
        if self._may(15):
            await self._end(e.PlanCancelled(reason="changed their mind"), PlanState.CANCELLED)
            await self._give_back(self.checkout, first.amount)
            return False
        return True

    async def _give_back(self, attempt: str, amount: Money) -> None:
        refund = refund_id(attempt_id=attempt, number=1)
        async with self.world["payments"].write() as session:
            await open_refund(
                session=session,
                keyring=self.keyring,
                refund_id=refund,
                attempt_id=attempt,
                amount=amount,
                reason="plan not activated",
                at=self.now,
            )
        async with self.world["payments"].write() as session:
            answer = RefundAnswer(refund_id=refund, status=RailStatus.SUCCEEDED, receipt="B1")
            await record_refund(session=session, refund_id=refund, answer=answer, at=self.now)
        await self._post(
            f"{refund}-returned",
            h.CheckoutPaymentReturned(
                plan_id=self.plan_id, refund_id=refund, provider=self.provider, amount=amount
            ),
        )
        await self._record(e.PaymentReturned(refund_id=refund, amount=amount))

    async def _activate(self) -> None:
        on = addis_date(at=self.now)
        scheduled = await self._schedule(on)
        async with self.world["bnpl"].read() as session:
            _, quoted = await price(
                session=session, plan_id=self.plan_id, tier=self.tier, at=self.now
            )
        self.rows = rows_of(quoted=quoted)
        self.unpaid = list(self.rows)
        activated = e.PlanActivated(
            activated_on=on,
            installments=tuple(self.rows),
            payout_id=payout_id(plan_id=self.plan_id, number=1),
            merchant_fee=scheduled,
            settlement_due_at=self.now + timedelta(days=1),
        )
        await self._record(activated, PlanState.ACTIVE)
        paid = Money.zero()
        if self.option != "pay_in_30":
            first = self.unpaid.pop(0)
            paid = first.principal
            await self._record(self._installment_paid(first, self.checkout or ""))
        await self._post(
            f"{self.plan_id}-activation",
            h.PlanBecameActive(
                plan_id=self.plan_id,
                merchant_id=self.merchant_id,
                lender=LENDER,
                amount=self.amount,
                merchant_fee=scheduled,
                paid_at_checkout=paid,
                protected=False,
            ),
        )
        owed = total(row.principal for row in self.unpaid)
        async with self.world["credit"].write() as session:
            await convert_hold(session=session, plan_id=self.plan_id, owed=owed, at=self.now)

    async def _schedule(self, on: date) -> Money:
        """Fix what the merchant gets; the fee."""
        self.payouts += 1
        async with self.world["settlement"].write() as session:
            settlement = await schedule(
                session=session,
                order=PaidOrder(
                    plan_id=self.plan_id,
                    merchant_id=self.merchant_id,
                    payout_id=payout_id(plan_id=self.plan_id, number=self.payouts),
                    option=self.option,
                    amount=self.amount,
                    activated_on=on,
                    protection_days=0,
                ),
                holidays=(),
                at=self.now,
            )
        self.net = settlement.net_santim
        return settlement.fee_santim

    async def _go_on(self) -> None:
        end = BEGIN + timedelta(days=self.days)
        while self.now < end and self.state is not PlanState.COMPLETED:
            self.now += timedelta(days=self.chance.randrange(1, 9))
            today = addis_date(at=self.now)
            for row in [row for row in self.unpaid if row.due_on <= today]:
                if row.number not in self.found:
                    await self._collect_due(row)
            if not self.paid_out and self._may(60):
                await self._pay_merchant()
            if self._is_given_up():
                await self._lose()
                return
            if not self.unpaid and self.paid_out:
                completed = e.PlanCompleted(collected=total(row.amount for row in self.rows))
                await self._record(completed, PlanState.COMPLETED)

    async def _charge_if_late(self, row: e.PlannedInstallment) -> Money:
        """What is owed of late fees; of every second installment, a half is waived."""
        on = addis_date(at=self.now)
        known = self.late_fees.get(row.number)
        if known is not None or on <= row.due_on + _GRACE:
            return known or Money.zero()
        await self._record(LateFeeCharged(number=row.number, period=1, on=on, amount=_FEE))
        parent = installment_id(plan_id=self.plan_id, number=row.number)
        charged = h.LateFeeCharged(
            plan_id=self.plan_id, lender=LENDER, number=row.number, amount=_FEE
        )
        await self._post(late_fee_id(installment_id=parent, period=1), charged)
        left = _FEE
        if row.number % 2 == 0:
            left -= _WAIVED
            waived = LateFeeWaived(number=row.number, amount=_WAIVED, by="stf_a", why="a half")
            await self._record(waived)
            back = h.LateFeeWaived(
                plan_id=self.plan_id, lender=LENDER, number=row.number, amount=_WAIVED
            )
            await self._post(waiver_id(installment_id=parent, sequence=1), back)
        self.late_fees[row.number] = left
        return left

    async def _pay_part(self, row: e.PlannedInstallment) -> e.PlannedInstallment:
        """Of some installments the customer pays a part; the rest. All else is led as without."""
        if row.interest or row.number in self.in_part:
            return row
        self.in_part.add(row.number)
        led, self.chance = self.chance, Random(f"{self.plan_id} {row.number}")  # noqa: S311 - no secret
        try:
            return await self._pay_part_of(row) if self._may(30) else row
        finally:
            self.chance = led

    async def _pay_part_of(self, row: e.PlannedInstallment) -> e.PlannedInstallment:
        part = Money(row.principal.santim // 3)
        attempt = await self._collect(OWN_PAYMENT_FROM + row.number, part)
        if attempt is None:
            return row
        await self._repay(attempt, replace(row, principal=part), late_fee=e.NOTHING)
        told = InstallmentPaidInPart(
            number=row.number, attempt_id=attempt, amount=part, paid_at=self.now
        )
        await self._record(told)
        rest = replace(row, principal=row.principal - part)
        self.unpaid[self.unpaid.index(row)] = rest
        return rest

    async def _collect_due(self, due: e.PlannedInstallment) -> None:
        row = await self._pay_part(due)
        await self._record(e.CollectionStarted(number=row.number))
        late_fee = await self._charge_if_late(row)
        attempt = await self._collect(row.number, row.amount + late_fee)
        if attempt is None:
            failed = self.tried[row.number] > 3
            self.tried[row.number] += 100 if failed else 0
            await self._record(
                e.InstallmentFailed(number=row.number, cause="no_funds")
                if failed
                else e.CollectionAttemptFailed(
                    number=row.number,
                    attempt_id="",
                    cause="no_funds",
                    next_attempt_at=self.now + timedelta(days=1),
                ),
                PlanState.PAST_DUE,
            )
            return
        self.unpaid.remove(row)
        await self._repay(attempt, row, late_fee=late_fee)
        paid = self._installment_paid(row, attempt, late_fee=late_fee)
        await self._record(paid, PlanState.ACTIVE)

    async def _repay(self, attempt: str, row: e.PlannedInstallment, *, late_fee: Money) -> None:
        """In the books, and counted against the limit."""
        await self._post(
            attempt,
            h.InstallmentCollected(
                plan_id=self.plan_id,
                attempt_id=attempt,
                provider=self.provider,
                lender=LENDER,
                principal=row.principal,
                interest=row.interest,
                late_fee=late_fee,
            ),
        )
        async with self.world["credit"].write() as session:
            await record_repayment(
                session=session,
                plan_id=self.plan_id,
                repayment_id=attempt,
                principal=row.principal,
                on_time=addis_date(at=self.now) <= row.due_on,
                at=self.now,
            )

    def _installment_paid(
        self, row: e.PlannedInstallment, attempt: str, *, late_fee: Money = e.NOTHING
    ) -> e.InstallmentPaid:
        return e.InstallmentPaid(
            number=row.number,
            attempt_id=attempt,
            amount=row.amount + late_fee,
            paid_at=self.now,
            late_fee=late_fee,
        )

    async def _pay_merchant(self) -> None:
        payout = payout_id(plan_id=self.plan_id, number=self.payouts)
        async with self.world["settlement"].write() as session:
            await open_payout(session=session, keyring=self.keyring, payout_id=payout, at=self.now)
        rejected = self._may(20)
        final = TransferStatus.REJECTED if rejected else TransferStatus.SETTLED
        for status in (TransferStatus.PENDING, final):
            self.now += timedelta(minutes=1)
            answer = TransferAnswer(
                end_to_end_id=payout,
                status=status,
                bank_reference=f"B{payout}",
                reason_code="AC04" if status is TransferStatus.REJECTED else None,
            )
            async with self.world["settlement"].write() as session:
                await record_payout(session=session, payout_id=payout, answer=answer, at=self.now)
        if rejected:
            rejection = e.MerchantPayoutRejected(payout_id=payout, reason_code="AC04")
            await self._record(rejection)
            await self._schedule(addis_date(at=self.now))
            return
        self.paid_out = True
        await self._post(
            f"{payout}-settled",
            h.MerchantPaidOut(
                plan_id=self.plan_id,
                merchant_id=self.merchant_id,
                payout_id=payout,
                amount=self.net,
            ),
        )
        await self._record(e.MerchantPaid(payout_id=payout, amount=self.net))
