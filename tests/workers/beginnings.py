"""How random business histories begin: the application, the offer, and attempts to collect."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from db.bnpl.opening import Opening, open_plan, price, rows_of
from db.bnpl.recording import Recording, record
from db.credit.assessing import CreditApplication, assess
from db.credit.exposures import release_hold
from db.credit.policies import policy_on
from db.kernel.encryption import Keyring
from db.ledger.store import post
from db.payments.attempts import NewAttempt, open_attempt, record_answer
from db.payments.wallets import register_wallet
from meqenet.bnpl import events as e
from meqenet.bnpl.states import PlanState
from meqenet.calendar import addis_date
from meqenet.identity import attempt_id, installment_id
from meqenet.ledger import happenings as h
from meqenet.money import Money, total
from meqenet.payments.rail import PaymentAnswer, RailStatus, WalletProvider
from tests.workers.worlds import World

BEGIN: Final = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
OPTIONS: Final = ("pay_in_4", "pay_in_30", "pay_in_full", "pay_over_time")
_CODES: Final = {
    WalletProvider.TELEBIRR: ("4003", "60330006", "2002"),
    WalletProvider.MPESA: ("1", "1032", "1037"),
}
LENDER: Final = "meqenet"


@dataclass(kw_only=True)
class Beginning:
    """How a plan's life begins, led by chance. ``days``: for how long it is lived."""

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
    late_fees: dict[int, Money] = field(default_factory=dict)
    """What is left of the late fees that were charged, by installment."""
    in_part: set[int] = field(default_factory=set)
    """Installments of which the customer was asked for a part."""
    paid_out: bool = False
    found: set[int] = field(default_factory=set)
    """Installments whose money came after it had counted as failed: a person's matter."""

    @property
    def provider(self) -> WalletProvider:
        return WalletProvider.TELEBIRR if self.plan_id[-1] in "02468ace" else WalletProvider.MPESA

    @property
    def option(self) -> str:
        return OPTIONS[int(self.plan_id[-2], 16) % len(OPTIONS)]

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
            lender_of_record=LENDER,
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

    async def _collect(self, number: int, amount: Money) -> str | None:
        """An attempt with a random end; its id when it brought the money."""
        parent = installment_id(plan_id=self.plan_id, number=number)
        self.tried[number] = self.tried.get(number, 0) + 1
        attempt = attempt_id(installment_id=parent, number=self.tried[number])
        async with self.world["payments"].write() as session:
            await open_attempt(
                session=session,
                keyring=self.keyring,
                new=NewAttempt(
                    attempt_id=attempt,
                    plan_id=self.plan_id,
                    installment_id=parent,
                    channel="push",
                    amount=amount,
                    at=self.now,
                ),
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

    async def _post(self, posting_id: str, happening: h.Happening) -> None:
        async with self.world["ledger"].write() as session:
            await post(
                session=session,
                posting_id=posting_id,
                happening=happening,
                effective_at=self.now,
            )
