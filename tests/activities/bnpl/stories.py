"""What the tests of bnpl share: a plan of each option, its life, and looks into the store."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text

from activities.contracts.bnpl import (
    BnplSteps,
    DateSchedule,
    MakeOffer,
    NextAction,
    OfferMade,
    OpenPlan,
    RecordEvent,
)
from db.kernel.engine import Database
from meqenet.bnpl.events import (
    CollectionStarted,
    InstallmentPaid,
    OfferAccepted,
    PlanActivated,
    PlanEvent,
    PlannedInstallment,
    PlanOffered,
)
from meqenet.identity import attempt_id, installment_id, payout_id
from meqenet.money import Money

AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def application(unique: str, option: str, *, birr: str = "10000.00") -> OpenPlan:
    """A checkout's application."""
    return OpenPlan(
        plan_id=f"pln_{unique}",
        merchant_id=f"mrc_{unique}",
        reference=f"order-{unique}",
        request_hash=f"hash-{unique}",
        option=option,
        amount=Money.from_birr(birr),
        installment_count=None,
        wallet_provider="telebirr",
        test_clock_id=None,
        at=AT,
    )


@dataclass
class Life:
    """A plan that is lived event by event, each a minute after the one before."""

    steps: BnplSteps
    plan: OpenPlan
    sequence: int = 1
    offer: OfferMade | None = None
    recorded: list[RecordEvent] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        """When the newest event was."""
        return AT + timedelta(minutes=self.sequence)

    def next(self, event: PlanEvent, state: str, *, step: str = "wait") -> RecordEvent:
        """The command of the event that would be next."""
        return RecordEvent(
            plan_id=self.plan.plan_id,
            sequence=self.sequence + 1,
            event=event,
            state=state,
            next_action=None,
            next_step=step,
            next_step_at=None,
            at=AT + timedelta(minutes=self.sequence + 1),
        )

    async def record(self, event: PlanEvent, state: str, *, step: str = "wait") -> RecordEvent:
        """Record the next event."""
        command = self.next(event, state, step=step)
        await self.steps.record_event(command)
        self.sequence += 1
        self.recorded.append(command)
        return command

    async def offered(self, *, tier: str = "B") -> PlanOffered:
        """Lay the terms before the customer."""
        self.offer = await self.steps.make_offer(
            MakeOffer(plan_id=self.plan.plan_id, tier=tier, at=self.now)
        )
        event = PlanOffered(
            installments=self.offer.installments,
            total_payable=self.offer.total_payable,
            cost_of_credit=self.offer.cost_of_credit,
            nominal_rate_basis_points=self.offer.nominal_rate_basis_points,
            nominal_apr_percent=self.offer.nominal_apr_percent,
            effective_apr_percent=self.offer.effective_apr_percent,
            tier=tier,
            lender_of_record="meqenet",
            expires_at=self.now + timedelta(minutes=30),
        )
        command = self.next(event, "offered", step="the customer accepts the offer")
        expires_at = event.expires_at
        command = replace(
            command,
            next_action=NextAction(kind="accept_offer", expires_at=expires_at),
            next_step_at=expires_at,
        )
        await self.steps.record_event(command)
        self.sequence += 1
        self.recorded.append(command)
        return event

    async def activated(self, *, on: date, tier: str = "B") -> PlanActivated:
        """From the offer to the agreement in force."""
        await self.record(OfferAccepted(agreement_version="2026-01"), "accepted")
        dated = await self.steps.date_schedule(
            DateSchedule(plan_id=self.plan.plan_id, tier=tier, activated_on=on)
        )
        event = PlanActivated(
            activated_on=on,
            installments=dated.installments,
            payout_id=payout_id(plan_id=self.plan.plan_id, number=1),
            merchant_fee=Money(25_000),
            settlement_due_at=self.now + timedelta(days=2),
        )
        await self.record(event, "active", step="collect installment 1")
        return event

    async def paid(self, row: PlannedInstallment, *, attempt: int = 1) -> None:
        """Collect an installment."""
        await self.record(CollectionStarted(number=row.number), "active")
        await self.record(self.payment(row, attempt=attempt), "active")

    def payment(self, row: PlannedInstallment, *, attempt: int = 1) -> InstallmentPaid:
        """The event of a collected installment."""
        parent = installment_id(plan_id=self.plan.plan_id, number=row.number)
        return InstallmentPaid(
            number=row.number,
            attempt_id=attempt_id(installment_id=parent, number=attempt),
            amount=row.amount,
            paid_at=self.now,
        )


async def begun(steps: BnplSteps, plan: OpenPlan) -> Life:
    """A plan that has just been opened."""
    await steps.open_plan(plan)
    return Life(steps=steps, plan=plan)


async def everything(bnpl: Database, plan_id: str) -> dict[str, list[str]]:
    """All rows of a plan, to be compared before and after."""
    found = {}
    async with bnpl.read() as session:
        for table, column in (
            ("plans", "plan_id"),
            ("installments", "plan_id"),
            ("events", "stream"),
        ):
            rows = await session.scalars(
                text(f"SELECT t::text FROM {table} t WHERE {column} = :plan ORDER BY 1"),  # noqa: S608 - constants
                {"plan": plan_id},
            )
            found[table] = list(rows)
    return found


def totals(rows: Sequence[PlannedInstallment]) -> list[str]:
    """What is due, row by row."""
    return [str(row.amount) for row in rows]
