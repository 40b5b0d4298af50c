"""Random business histories, told to the real stores in the order in which workflows tell them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from db.bnpl.opening import Opening, open_plan, price, rows_of
from db.bnpl.recording import Recording, record
from db.credit.assessing import CreditApplication, assess
from db.credit.exposures import convert_hold, record_repayment, release_hold
from db.credit.policies import policy_on
from db.kernel.encryption import Keyring
from db.ledger.store import post
from db.payments.attempts import open_attempt, record_answer
from db.payments.refunds import open_refund, record_refund
from db.payments.wallets import register_wallet
from db.settlement.merchants import register_terms
from db.settlement.payouts import open_payout, record_payout
from db.settlement.scheduling import PaidOrder, schedule
from meqenet.bnpl import events as e
from meqenet.bnpl.states import PlanState
from meqenet.calendar import addis_date
from meqenet.identity import attempt_id, installment_id, payout_id, refund_id
from meqenet.ledger import happenings as h
from meqenet.money import Money, total
from meqenet.payments.rail import PaymentAnswer, RailStatus, RefundAnswer, WalletProvider
from meqenet.settlement.transfer import PayoutAccount, TransferAnswer, TransferStatus
from tests.workers.worlds import World

BEGIN: Final = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
_ACCOUNT: Final = PayoutAccount(
    bic="CBETETAA", account_number="1000123456789", account_name="Addis Electronics"
)
_OPTIONS: Final = ("pay_in_4", "pay_in_30", "pay_in_full", "pay_over_time")
_CODES: Final = {
    WalletProvider.TELEBIRR: ("4003", "60330006", "2002"),
    WalletProvider.MPESA: ("1", "1032", "1037"),
}
_LENDER: Final = "meqenet"


async def take_on(world: World, keyring: Keyring, *, merchant_id: str) -> None:
    """Put a merchant's terms on file."""
    async with world["settlement"].write() as session:
        await register_terms(
            session=session,
            keyring=keyring,
            merchant_id=merchant_id,
            fee_basis_points=dict.fromkeys(_OPTIONS, 300),
            delay_days=1,
            account=_ACCOUNT,
            at=BEGIN - timedelta(days=30),
        )


@dataclass(kw_only=True)
class History:
    """One plan's life, led by chance. ``days``: for how long it is lived."""

    world: World
    keyring: Keyring
    chance: random.Random
    plan_id: str
    merchant_id: str
    customer_id: str
    days: int = 60
    now: datetime = BEGIN
    sequence: int = 0
    state: PlanState = PlanState.APPLIED
    rows: Sequence[e.PlannedInstallment] = ()
    tier: str = "D"
    payouts: int = 0
    unpaid: list[e.PlannedInstallment] = field(default_factory=list)
    tried: dict[int, int] = field(default_factory=dict)
    paid_out: bool = False
    found: set[int] = field(default_factory=set)
    """Installments whose money came after it had counted as failed: a person's matter."""

    @property
    def provider(self) -> WalletProvider:
        return WalletProvider.TELEBIRR if self.plan_id[-1] in "02468ace" else WalletProvider.MPESA

    async def live(self) -> None:
        """From the application to the end of the days, or to an earlier end."""
        if not await self._apply():
            return
        if self.option == "pay_in_30" or await self._pay_at_checkout():
            await self._activate()
            await self._go_on()

    @property
    def option(self) -> str:
        return _OPTIONS[int(self.plan_id[-2], 16) % len(_OPTIONS)]

    def _may(self, percent: int) -> bool:
        return self.chance.randrange(100) < percent

    async def _record(self, event: e.PlanEvent, state: PlanState | None = None) -> None:
        self.now += timedelta(minutes=self.chance.randrange(1, 30))
        self.sequence += 1
        self.state = state or self.state
        async with self.world["bnpl"].write() as session:
            await record(
                session=session,
                recording=Recording(
                    plan_id=self.plan_id,
                    sequence=self.sequence,
                    event=event,
                    state=self.state,
                    next_action=None,
                    next_step="wait",
                    next_step_at=None,
                    at=self.now,
                ),
            )

    async def _apply(self) -> bool:
        self.amount = Money(self.chance.randrange(6_000, 20_000) * 100 + self.chance.randrange(100))
        async with self.world["bnpl"].write() as session:
            _, quoted = await open_plan(
                session=session,
                opening=Opening(
                    plan_id=self.plan_id,
                    merchant_id=self.merchant_id,
                    reference=f"order-{self.plan_id}",
                    request_hash="hash",
                    option=self.option,
                    amount=self.amount,
                    installment_count=6 if self.option == "pay_over_time" else None,
                    wallet_provider=self.provider,
                    test_clock_id=None,
                    at=self.now,
                ),
            )
        self.sequence = 1
        async with self.world["payments"].write() as session:
            await register_wallet(
                session=session,
                keyring=self.keyring,
                plan_id=self.plan_id,
                provider=self.provider,
                msisdn="251900000000",
                contract_no=None,
                at=self.now,
            )
        identity = e.IdentityRequested(attempt=1, expires_at=self.now + timedelta(minutes=30))
        await self._record(identity, PlanState.IDENTITY_REQUIRED)
        if self._may(10):
            await self._record(e.PlanExpired(stage="identity"), PlanState.EXPIRED)
            return False
        await self._record(e.IdentityConfirmed(customer_id=self.customer_id))
        if not await self._assess(total(row.principal for row in rows_of(quoted=quoted))):
            reasons = (("limit_exceeded", "too much"),)
            await self._record(e.PlanDeclined(reasons=reasons), PlanState.DECLINED)
            return False
        return await self._offer()

    async def _assess(self, owed: Money) -> bool:
        async with self.world["credit"].write() as session:
            decided = await assess(
                session=session,
                keyring=self.keyring,
                policy=await policy_on(session=session, day=addis_date(at=self.now)),
                application=CreditApplication(
                    plan_id=self.plan_id,
                    customer_id=self.customer_id,
                    age_years=16 if self._may(10) else 30,
                    option=self.option,
                    amount=owed,
                    monthly_payment=Money(10_000),
                    monthly_income=None,
                ),
                at=self.now,
            )
        self.tier = decided.tier.value
        return decided.approved

    async def _offer(self) -> bool:
        async with self.world["bnpl"].read() as session:
            _, quoted = await price(
                session=session, plan_id=self.plan_id, tier=self.tier, at=self.now
            )
        self.rows = rows_of(quoted=quoted)
        offered = e.PlanOffered(
            installments=tuple(self.rows),
            total_payable=quoted.total_payable,
            cost_of_credit=quoted.cost_of_credit,
            nominal_rate_basis_points=quoted.nominal_rate_basis_points,
            nominal_apr_percent=quoted.nominal_apr_percent,
            effective_apr_percent=quoted.effective_apr_percent,
            tier=self.tier,
            lender_of_record=_LENDER,
            expires_at=self.now + timedelta(minutes=30),
        )
        await self._record(offered, PlanState.OFFERED)
        if self._may(10):
            await self._end(e.PlanExpired(stage="offer"), PlanState.EXPIRED)
            return False
        await self._record(e.OfferAccepted(agreement_version="2026-11"), PlanState.ACCEPTED)
        return True

    async def _end(self, event: e.PlanEvent, state: PlanState) -> None:
        await self._record(event, state)
        async with self.world["credit"].write() as session:
            await release_hold(session=session, plan_id=self.plan_id, at=self.now)

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

    async def _collect(self, number: int, amount: Money) -> str | None:
        """An attempt with a random end; its id when it brought the money."""
        parent = installment_id(plan_id=self.plan_id, number=number)
        self.tried[number] = self.tried.get(number, 0) + 1
        attempt = attempt_id(installment_id=parent, number=self.tried[number])
        async with self.world["payments"].write() as session:
            await open_attempt(
                session=session,
                keyring=self.keyring,
                attempt_id=attempt,
                plan_id=self.plan_id,
                installment_id=parent,
                channel="push",
                amount=amount,
                at=self.now,
            )
        for status in (RailStatus.PENDING, None):
            if self._may(30):
                await self._hear(attempt, status)
        succeeded = self._may(75)
        await self._hear(attempt, RailStatus.SUCCEEDED if succeeded else RailStatus.FAILED)
        if not succeeded and self._may(5):
            await self._hear(attempt, RailStatus.SUCCEEDED)
            self.found.add(number)
        return attempt if succeeded else None

    async def _hear(self, attempt: str, status: RailStatus | None) -> None:
        self.now += timedelta(minutes=1)
        answer = None
        if status is not None:
            failed = status is RailStatus.FAILED
            answer = PaymentAnswer(
                order_id=attempt,
                status=status,
                receipt=f"R{attempt}" if status is RailStatus.SUCCEEDED else None,
                failure_code=self.chance.choice(_CODES[self.provider]) if failed else None,
            )
        async with self.world["payments"].write() as session:
            await record_answer(
                session=session, attempt_id=attempt, answer=answer, source="query", at=self.now
            )

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
                lender=_LENDER,
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
            if not self.unpaid and self.paid_out:
                completed = e.PlanCompleted(collected=total(row.amount for row in self.rows))
                await self._record(completed, PlanState.COMPLETED)

    async def _collect_due(self, row: e.PlannedInstallment) -> None:
        await self._record(e.CollectionStarted(number=row.number))
        attempt = await self._collect(row.number, row.amount)
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
        await self._post(
            attempt,
            h.InstallmentCollected(
                plan_id=self.plan_id,
                attempt_id=attempt,
                provider=self.provider,
                lender=_LENDER,
                principal=row.principal,
                interest=row.interest,
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
        await self._record(self._installment_paid(row, attempt), PlanState.ACTIVE)

    def _installment_paid(self, row: e.PlannedInstallment, attempt: str) -> e.InstallmentPaid:
        return e.InstallmentPaid(
            number=row.number, attempt_id=attempt, amount=row.amount, paid_at=self.now
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

    async def _post(self, posting_id: str, happening: h.Happening) -> None:
        async with self.world["ledger"].write() as session:
            await post(
                session=session,
                posting_id=posting_id,
                happening=happening,
                effective_at=self.now,
            )
